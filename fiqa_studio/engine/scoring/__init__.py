"""From faces to scores: the work, and the scorers of this installation."""
