"""MOS studies in the window: rating, the owner's board, and making a study."""
