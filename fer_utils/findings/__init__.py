"""Numbers to sentences: a module a notebook."""
