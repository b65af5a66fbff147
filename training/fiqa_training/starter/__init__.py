"""The recipe of the bundled starter weights."""
