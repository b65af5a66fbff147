"""Rating without a network: one file out to the rater, one file back.

What goes out holds the rater's own trials and pictures, and nothing of the owner's machine, of
other raters, or of what is expected of which picture. What comes back is checked as if a stranger
had sent it, and counted once however often it comes.
"""
