"""One rater's sitting: what stands before the rater, and what became of an answer."""
