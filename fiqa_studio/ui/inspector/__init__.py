"""The panel beside the photo: the score explained, the face, the photo, the file."""
