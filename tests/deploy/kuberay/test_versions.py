"""The manifests are of the versions that everything else here is of."""

import re
import tomllib

from fakes.custom_resources import Manifest
from fakes.kubernetes import KUBERAY, deployed, named, pods_of

ROOT = KUBERAY.parents[1]


def test_ray_is_of_the_version_that_the_image_is_made_with(manifests: list[Manifest]) -> None:
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    assert named(manifests, "RayCluster", "ray")["spec"]["rayVersion"] == pins["ray"]


def test_our_images_are_of_this_version_and_no_image_is_of_whatever_version_is_newest(
    manifests: list[Manifest],
) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for image in {container["image"] for pod in pods_of(manifests) for container in pod.containers}:
        name, _, tag = image.rpartition(":")
        assert name
        assert tag == version if "supsweep/" in name else re.fullmatch(r"\d+(\.\d+)*", tag)


def test_images_are_those_of_docker_compose() -> None:
    in_compose = set(re.findall(r"image: \$\{\w+:-([^}]+)\}", (ROOT / "docker-compose.yml").read_text()))
    in_base = {container["image"] for pod in pods_of(deployed("try")) for container in pod.containers}
    assert in_base <= in_compose
