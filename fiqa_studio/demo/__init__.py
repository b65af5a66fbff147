"""The demo: an album made on the spot, indexed, scored and shown."""
