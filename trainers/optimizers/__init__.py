"""Optimizers by name, LARS, and the learning rate's course over a run."""
