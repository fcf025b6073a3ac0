"""Folds x seeds x models: planned, trained in processes or on a cluster, stored, tabulated."""
