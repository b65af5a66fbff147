"""Exports: one module a format, listed here without loading any."""
