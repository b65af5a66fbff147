"""Pixels: decoding, EXIF, thumbnails, face detection, landmarks, alignment."""
