"""What a trained model is worth: the same measurements for every objective, on frozen weights."""
