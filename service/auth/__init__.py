"""API keys: made, handed over once, checked. Only hashes are stored."""
