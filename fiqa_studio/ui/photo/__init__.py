"""One photo on the screen: canvas, view, images, drawings. Shared by all that shows photos."""
