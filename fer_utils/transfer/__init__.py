"""The pretrained network, its features, heads, fine-tuning, face units."""
