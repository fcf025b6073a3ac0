"""One network on one fold: arrays in, arrays out. What stands in this folder is what the hash of the training code covers."""
