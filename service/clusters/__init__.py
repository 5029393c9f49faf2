"""Where jobs are submitted: a Protocol, Ray's Jobs API behind it, and the clusters by name."""
