"""What lies in a picture file besides its pixels, read from the bytes themselves."""
