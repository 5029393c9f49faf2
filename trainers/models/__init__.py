"""Encoders (images to features) and projections (features to embeddings), built from plain arguments."""
