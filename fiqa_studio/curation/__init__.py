"""Pure functions on arrays and values that help to sift photos; no store, no Qt."""
