"""API keys as the API shows them; a secret is shown once, to whoever made the key."""

from enum import StrEnum


class Scope(StrEnum):
    """What a key lets its holder do: admin may whatever write may, and write whatever read may."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
