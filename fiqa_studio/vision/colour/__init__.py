"""From what a file's numbers mean (profile, code points, gamma) to sRGB."""
