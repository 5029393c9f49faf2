"""Where files lie that several machines share: a folder, or a prefix of a bucket that an s3:// URL names.

Both sides read the URL here and hand its parts to pyarrow. It never holds credentials, for it travels in briefs and
logs: they are in the environment of whoever reaches the bucket.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

CONNECT_SECONDS = 3.0
SILENCE_SECONDS = 5.0
"""After which a call is tried again; after pyarrow's third try a store that says nothing has cost half a minute."""

ACCEPTED = (
    "s3://bucket/prefix, if need be with ?endpoint_override=host:port&scheme=http&region=name, and without "
    "credentials: those come from the environment (AWS_…)"
)

_URL = re.compile(
    r"s3://(?P<path>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/(?!\.{1,2}(?:[/?]|$))[A-Za-z0-9!_.*'()=-]+)*)/?"
    r"(?:\?(?P<options>.+))?"
)
_OPTIONS = {
    "endpoint_override": re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?"),
    "scheme": re.compile("https?"),
    "region": re.compile("[a-z0-9-]+"),
}


@dataclass(frozen=True)
class Bucket:
    """A prefix of a bucket, and how it is reached: as pyarrow.fs.FileSystem.from_uri reads it."""

    path: str
    """The bucket's name and the prefix, parted by `/`."""
    endpoint_override: str | None = None
    scheme: str | None = None
    region: str | None = None

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises ValueError, which does not repeat the URL: it may hold what does not belong there."""
        found = _URL.fullmatch(url)
        options = parse_qsl(found["options"] or "", keep_blank_values=True) if found else []
        known = all(name in _OPTIONS and _OPTIONS[name].fullmatch(value) for name, value in options)
        if found is None or not known or len(dict(options)) < len(options):
            raise ValueError(f"it is no URL of a bucket; accepted: {ACCEPTED}")
        return cls(found["path"], **dict(options))

    def __str__(self) -> str:
        options = {name: value for name in _OPTIONS if (value := getattr(self, name))}
        return f"s3://{self.path}" + (f"?{urlencode(options, safe=':[]')}" if options else "")

    @property
    def connection(self) -> dict[str, Any]:
        """What pyarrow.fs.S3FileSystem takes."""
        return {
            "endpoint_override": self.endpoint_override,
            "scheme": self.scheme,
            "region": self.region,
            "connect_timeout": CONNECT_SECONDS,
            "request_timeout": SILENCE_SECONDS,
            # Else every write begins with an upload in parts, which a crash leaves behind.
            "allow_delayed_open": True,
        }


def is_url(location: str) -> bool:
    """Whether it is meant to be a URL, a folder otherwise."""
    return "://" in location


def check_location(location: str) -> str:
    """The location itself. Raises ValueError for a URL that names no bucket."""
    if is_url(location):
        Bucket.parse(location)
    return location


def below(location: str, name: str) -> str:
    """The location of what has this name in a folder or below a prefix."""
    if is_url(location):
        bucket = Bucket.parse(location)
        return str(replace(bucket, path=f"{bucket.path}/{name}"))
    return f"{location.rstrip('/')}/{name}"


def allowed_bucket(url: str, allowed: Sequence[str]) -> Bucket | None:
    """The prefix of the URL, reached like the allowed one that it lies in; None where it lies in none.

    Raises ValueError for a URL that names no bucket.
    """
    path = Bucket.parse(url).path
    for bucket in (Bucket.parse(one) for one in allowed if is_url(one)):
        if path == bucket.path or path.startswith(f"{bucket.path}/"):
            return replace(bucket, path=path)
    return None
