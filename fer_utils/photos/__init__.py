"""Expressions in ordinary photos."""
