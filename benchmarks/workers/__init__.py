"""What it costs to train one trial on several workers: our gang of actors, and Ray Train's TorchTrainer."""
