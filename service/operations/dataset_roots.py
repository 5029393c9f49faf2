"""No spec makes a cluster open files but where this service's owner has set folders and buckets aside for datasets."""

from pathlib import PurePosixPath

from search_spaces.locations import allowed_bucket, is_url
from search_spaces.sweep_spec import SweepSpec
from service.errors import InvalidRequest
from service.settings import Settings


def check_dataset_root(settings: Settings, spec: SweepSpec) -> None:
    """Raises InvalidRequest for a dataset whose files lie elsewhere. Links are the runner's to follow and to check."""
    root = spec.dataset.root
    if root is None:
        return
    if not _is_allowed(root, settings.dataset_roots):
        folders = ", ".join(settings.dataset_roots) or "none: only digits, which has no files"
        raise InvalidRequest(
            f"dataset.root cannot be {root!r}; accepted: folders in {folders} (SUPSWEEP_DATASET_ROOTS)",
            "/dataset/root",
        )


def _is_allowed(root: str, allowed: list[str]) -> bool:
    """By its words alone: the files are elsewhere, and the vocabulary has refused `..` already."""
    if is_url(root):
        return allowed_bucket(root, allowed) is not None
    return any(PurePosixPath(root).is_relative_to(folder) for folder in allowed)
