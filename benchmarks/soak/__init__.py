"""`make soak`: hunts for results that are lost or silently wrong; one module a kind of trouble."""
