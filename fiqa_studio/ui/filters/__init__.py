"""The filter bar: histogram with a brush, number of faces, and chips of what is on."""
