"""WHO asked, WHERE it runs, WHAT came out: the control plane. No torch, no Ray package."""
