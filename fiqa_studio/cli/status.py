"""Exit statuses."""

DONE = 0
PROBLEMS = 1
"""The doctor found some, or not everything that was asked for could be done."""
USAGE = 2
KNOWN = 3
"""An error with a message."""
FAULT = 70
"""A fault of the program."""
INTERRUPTED = 130
NO_READER = 141
"""The reader of the output went away."""
