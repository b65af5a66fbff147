"""Networks and scorers of FIQA Studio: DSL-FIQA and classical measures."""

from fiqa_models.threads import wait_passively

# Here, since every process that loads torch through this package comes by before it does.
wait_passively()
