"""The SDK: everything that the REST API offers, for Python programs and for the `supsweep` command."""
