"""Everything Qt: the window, its views and its theme."""
