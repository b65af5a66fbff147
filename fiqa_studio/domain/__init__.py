"""Plain values that every layer shares. Standard library and numpy only."""
