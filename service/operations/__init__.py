"""Use cases, one file per noun: what a person or a runner can do."""
