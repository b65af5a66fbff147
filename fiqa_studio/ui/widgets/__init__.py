"""Small widgets and layouts that many rooms share."""
