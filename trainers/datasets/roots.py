"""Where datasets may be opened on this machine, whatever links lead there."""

from collections.abc import Sequence
from pathlib import Path


def check_root(root: str | None, allowed: Sequence[str]) -> None:
    """Raises ValueError unless the folder, with every link followed, lies in an allowed one; none has no files.

    Links inside the folder are followed as its owner made them: who may write there is trusted with what lies there.
    """
    if root is None:
        return
    real = Path(root).resolve()
    if not any(real.is_relative_to(Path(folder).resolve()) for folder in allowed):
        folders = ", ".join(allowed) or "none"
        raise ValueError(f"dataset.root cannot be {root!r}, which is {real} here; accepted: folders in {folders}")
