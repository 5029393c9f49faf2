"""HOW one trial is trained and measured: the GPU side. Knows nothing of the control plane."""
