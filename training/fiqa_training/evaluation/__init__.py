"""How well a scorer agrees with people, and where it does not."""
