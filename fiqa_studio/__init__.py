"""FIQA Studio: find the faces in photos, say how good each one looks, show why."""

__version__ = "0.1.0"
