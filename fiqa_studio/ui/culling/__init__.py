"""Marks: what the user says of photos and faces, by keys, fields and the history."""
