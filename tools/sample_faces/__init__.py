"""Renders the `sample` data set: fifteen parametric heads in the eleven conditions of the Yale Face Database.

How much people, expressions and cameras differ was set while looking at the accuracies, on these faces, of logistic regression on
pixels, of `classical` and of `transfer`. So scores on them prove nothing about real faces. README.md says what was done.
"""
