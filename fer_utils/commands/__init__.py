"""Commands of `fer`, and options that several of them have."""
