"""Helpers of the small-data facial expression recognition notebooks.

Importing this package is cheap: TensorFlow and Keras are imported by the functions that use them.
"""

__version__ = "0.1.0"
