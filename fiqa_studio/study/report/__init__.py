"""A study's report: plots as SVG and PNG, and one HTML page that holds everything."""
