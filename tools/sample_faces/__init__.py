"""Renders the `sample` data set: fifteen parametric heads in the eleven conditions of the Yale Face Database."""
