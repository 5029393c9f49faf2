"""One command per performance claim; see README.md."""
