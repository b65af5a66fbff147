"""The Models dialog: which scorers there are, and how to import, check and tidy them."""
