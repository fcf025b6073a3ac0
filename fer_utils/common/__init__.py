"""What every room uses and what knows no face: errors, files, paths, progress, caches, hashes of code, Keras set-up."""
