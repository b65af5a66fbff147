"""Readers of the training material, each with its splits."""
