"""What a feature is made of: actions, panels, areas, keys. Knows no feature."""
