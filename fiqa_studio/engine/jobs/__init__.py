"""Jobs as they run, and how many items are fed through the worker."""
