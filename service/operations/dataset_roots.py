"""No spec makes a cluster open files outside the folders that this service's owner has set aside for datasets."""

from pathlib import PurePosixPath

from search_spaces.sweep_spec import SweepSpec
from service.errors import InvalidRequest
from service.settings import Settings


def check_dataset_root(settings: Settings, spec: SweepSpec) -> None:
    """Raises InvalidRequest for a dataset whose files lie elsewhere. Links are the runner's to follow and to check."""
    root = spec.dataset.root
    if root is None:
        return
    # By its words alone: the folder is on the clusters, and the vocabulary has refused `..` already.
    if not any(PurePosixPath(root).is_relative_to(folder) for folder in settings.dataset_roots):
        folders = ", ".join(settings.dataset_roots) or "none: only digits, which has no files"
        raise InvalidRequest(
            f"dataset.root cannot be {root!r}; accepted: folders in {folders} (SUPSWEEP_DATASET_ROOTS)",
            "/dataset/root",
        )
