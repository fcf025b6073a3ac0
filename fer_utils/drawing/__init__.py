"""Data in; figure, caption and alt text out; saving with the origin."""
