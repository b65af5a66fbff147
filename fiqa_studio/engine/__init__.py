"""Background work: jobs, the worker process, its protocol, and the use cases."""
