"""The process the window runs in: crashes, Qt's classes, smoothness."""
