"""What the service costs: the same trials under a bare Ray Tune + Optuna loop and through the service."""
