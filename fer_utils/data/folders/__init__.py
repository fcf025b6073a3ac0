"""Folders of faces as they are delivered: one module a family of layouts, and what they all look at."""
