"""Networks and scorers of FIQA Studio: DSL-FIQA and classical measures."""
