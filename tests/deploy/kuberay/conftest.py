"""What each overlay of deploy/kuberay brings into a cluster."""

import pytest
from fakes.custom_resources import Manifest
from fakes.kubernetes import OVERLAYS, deployed, environment_of, pod_of

from service.settings import Settings


@pytest.fixture(params=OVERLAYS)
def manifests(request: pytest.FixtureRequest) -> list[Manifest]:
    """All that an overlay brings into a cluster."""
    return deployed(request.param)


@pytest.fixture
def control_plane(manifests: list[Manifest]) -> Manifest:
    """The container of the control plane."""
    return pod_of(manifests, "control-plane").containers[0]


@pytest.fixture
def settings(manifests: list[Manifest], control_plane: Manifest, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What the control plane reads from its environment."""
    for name, value in environment_of(control_plane, manifests).items():
        monkeypatch.setenv(name, value)
    return Settings()
