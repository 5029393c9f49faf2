"""Whether what a command needs beyond the client is installed. Nothing is imported: that takes seconds."""

from importlib.util import find_spec

from service.embedded.failures import CannotRun

NEEDED = ("ray", "torch", "mlflow")


def check_installed(packages: tuple[str, ...] = NEEDED, extra: str = "embedded") -> None:
    """Raises CannotRun that names the missing packages."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise CannotRun(f"{', '.join(missing)} {verb} not installed: pip install 'supsweep[{extra}]'")
