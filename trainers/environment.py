"""What a trial runs on, in words that are kept with its outcome."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import pynvml
import torch

from search_spaces.revision import git_revision

PACKAGES = ("numpy", "pillow", "ray", "scikit-learn", "supsweep", "torch", "torchvision")
"""Those that a result may depend on."""


def facts_of(device: torch.device) -> dict[str, str]:
    """The device and the software. What is not there, or does not tell, is left out."""
    facts = {
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine(),
        "host": platform.node(),
        "packages": _packages(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }
    revision = git_revision()
    if revision is not None:
        facts["revision"] = revision
    if device.type == "cuda" and torch.version.cuda is not None:
        facts["cuda"] = torch.version.cuda
        facts |= _driver()
    return facts


@cache
def _packages() -> str:
    return ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)) is not None)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _driver() -> dict[str, str]:
    try:
        pynvml.nvmlInit()
        return {"driver": str(pynvml.nvmlSystemGetDriverVersion())}
    except pynvml.NVMLError:
        return {}
