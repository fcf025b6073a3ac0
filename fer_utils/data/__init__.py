"""From file to aligned input: formats, decoding, detection, alignment, cleaning, people."""
