"""The REST API: glue of a few lines around operations, one file per noun."""
