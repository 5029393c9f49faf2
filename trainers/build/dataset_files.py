"""The files of a dataset on this machine, if its service allows them to be opened."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from search_spaces.datasets import DatasetSpec
from search_spaces.locations import Bucket, allowed_bucket, is_url
from trainers.build.storage import connect
from trainers.datasets.mirror import mirror
from trainers.datasets.roots import check_root

TRIES = 8
"""Per call, a minute of an absent store: without its files no trial can begin."""


def bring_files(dataset: DatasetSpec, allowed: Sequence[str]) -> DatasetSpec:
    """The dataset with a root on this machine's disk: what lies in a bucket is fetched, or was before.

    Raises ValueError unless its root lies in one of the allowed folders and prefixes, and has files, and OSError while
    these cannot be fetched.
    """
    root = dataset.root
    if root is None or not is_url(root):
        check_root(root, [folder for folder in allowed if not is_url(folder)])
        return dataset
    bucket = allowed_bucket(root, allowed)
    if bucket is None:
        prefixes = ", ".join(filter(is_url, allowed)) or "none"
        raise ValueError(f"dataset.root cannot be {root!r}; accepted: prefixes in {prefixes}")
    copy = mirror(connect(bucket, tries=TRIES), bucket.path, _cache_of(bucket))
    return dataset.model_copy(update={"root": str(copy)})


def _cache_of(bucket: Bucket) -> Path:
    """Where a machine keeps what can be fetched again: https://specifications.freedesktop.org/basedir-spec."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "supsweep" / "datasets" / hashlib.sha256(str(bucket).encode()).hexdigest()[:16]
