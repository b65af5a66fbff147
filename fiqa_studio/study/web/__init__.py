"""The web page for raters: a thin face of `Sitting`. Needs the extra ``web``."""
