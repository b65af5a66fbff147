"""The window's side of the worker: messages, client, process, log."""
