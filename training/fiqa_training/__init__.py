"""Training of DSL-FIQA: degradations, datasets, losses, recipes, evaluation."""
