"""The library: one SQLite file with everything known about a set of photos."""
