"""Training of DSL-FIQA: degradations, datasets, losses, recipes, evaluation."""

from fiqa_models.threads import wait_passively

# Importing it has done so already; said here since every recipe relies on it.
wait_passively()
