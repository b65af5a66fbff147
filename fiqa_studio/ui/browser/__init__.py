"""The virtual grid of faces or photos: ids from one query, everything else as it is seen."""
