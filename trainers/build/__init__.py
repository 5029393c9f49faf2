"""TrialConfig → objects, the only such mapping: everything made here takes plain arguments."""
