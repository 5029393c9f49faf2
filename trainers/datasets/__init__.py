"""Labelled images in memory, split once and for all into train, validation and test. One dataset per file."""
