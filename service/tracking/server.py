"""The tracking server together with what it is told of ourselves."""

from dataclasses import dataclass

from service.tracking.protocol import TrackingStore
from service.tracking.view import Environment


@dataclass(frozen=True)
class TrackingServer:
    """Wired once, for whoever shows sweeps there or reads what is shown."""

    store: TrackingStore
    public_url: str
    """Our own as browsers see it, for links."""
    environment: Environment
