"""The model card, by one command."""
