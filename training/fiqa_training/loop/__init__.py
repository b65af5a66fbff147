"""The one training loop: fitting, state on disk, several processes, losses, recipe."""
