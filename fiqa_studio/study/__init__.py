"""MOS studies: the design, one rater's sitting, and the study's own database. No Qt, no library."""
