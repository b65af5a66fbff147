"""Icons, themes, texts and the starter weights that ship with FIQA Studio."""
