"""The experiments of the paper at small scale; nothing here is needed to train or score."""
