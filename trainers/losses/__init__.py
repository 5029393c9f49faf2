"""Training objectives that PyTorch does not have, one per file. Cross-entropy is `torch.nn.CrossEntropyLoss`."""
