"""Looking at one photo: the loupe, its drawings and maps, and the inspector beside it."""
