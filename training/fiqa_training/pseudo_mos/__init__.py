"""Labels of degraded faces without people: fusion of measures, by region."""
