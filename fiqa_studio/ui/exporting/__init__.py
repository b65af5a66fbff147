"""Taking results out of the library."""
