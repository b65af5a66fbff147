"""Learning of the degradation encoder."""
