"""MLflow, as a view that is projected from the ledger and can be rebuilt from it at any time."""
