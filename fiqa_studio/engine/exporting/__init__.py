"""Exports: what can be had, what it would take, and the job that makes it."""
