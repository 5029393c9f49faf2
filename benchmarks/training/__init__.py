"""What a SupCon training step costs besides its encoder: data, augmentation, projection, loss and optimizer."""
