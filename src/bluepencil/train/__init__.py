"""Training of refiners."""
