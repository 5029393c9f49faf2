"""What the control plane bears: asks and reports, big sweeps, many event streams; one real process on loopback."""
