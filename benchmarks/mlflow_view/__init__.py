"""How long it takes to show a sweep in MLflow, and to audit it."""
