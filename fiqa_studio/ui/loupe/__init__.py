"""Looking at one photo closely: the loupe, its plates and its bar."""
