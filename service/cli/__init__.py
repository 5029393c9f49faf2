"""The `supsweep` command: one file per command, and the parts that they share."""
