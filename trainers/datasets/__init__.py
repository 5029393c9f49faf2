"""Labelled images, in memory or in files, split once and for all into train, validation and test."""
