"""What a class can try by hand, from published tables alone."""
