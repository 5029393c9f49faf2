"""Clusters over https: a real server with a certificate of an authority of its own."""

import ssl
from collections.abc import Iterator

import pytest
import trustme
from fakes.ledger import World
from fakes.ray_server import RayServer
from fakes.registered import cluster_row, register

from service.clusters.protocol import ClusterRefused
from service.clusters.ray_jobs import RayJobs
from service.clusters.registry import ClusterRegistry
from service.clusters.tls import tls_context
from service.operations.cluster_checks import check_cluster


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def ray(authority: trustme.CA) -> Iterator[RayServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with RayServer(tls=context) as server:
        yield server


async def ray_version(ray: RayServer, tls: ssl.SSLContext | None) -> str:
    client = RayJobs(ray.url, ray.token, tls)
    try:
        return (await client.check()).ray_version
    finally:
        await client.aclose()


async def test_a_certificate_of_the_given_authority_is_trusted(ray: RayServer, authority: trustme.CA) -> None:
    pem = authority.cert_pem.bytes().decode()
    assert await ray_version(ray, tls_context(verify=True, ca_certificate=pem)) == "2.60.0"


@pytest.mark.parametrize("has_another_authority", [True, False])
async def test_a_certificate_of_another_authority_is_refused_with_what_to_do(
    ray: RayServer, *, has_another_authority: bool
) -> None:
    pem = trustme.CA().cert_pem.bytes().decode() if has_another_authority else None
    with pytest.raises(ClusterRefused, match=r"certificate of the Ray cluster at .* is not trusted.*ca_certificate"):
        await ray_version(ray, tls_context(verify=True, ca_certificate=pem))


async def test_a_certificate_for_another_name_is_refused(authority: trustme.CA) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("elsewhere.example.org").configure_cert(context)
    pem = authority.cert_pem.bytes().decode()
    with RayServer(tls=context) as ray, pytest.raises(ClusterRefused, match="is not trusted"):
        await ray_version(ray, tls_context(verify=True, ca_certificate=pem))


async def test_without_verification_whoever_answers_is_trusted(ray: RayServer) -> None:
    assert await ray_version(ray, tls_context(verify=False, ca_certificate=None)) == "2.60.0"


def test_what_is_no_certificate_is_refused() -> None:
    with pytest.raises(ValueError, match="CA certificate in PEM"):
        tls_context(verify=True, ca_certificate="no certificate")


async def test_a_registered_cluster_is_reached_with_its_token_and_its_authority(
    world: World, ray: RayServer, authority: trustme.CA
) -> None:
    pem, token = authority.cert_pem.bytes().decode(), world.vault.seal(ray.token or "")
    await register(world, "east", address=ray.url, sealed_token=token, ca_certificate=pem)
    registry = ClusterRegistry(world.database, world.vault)
    await check_cluster(world.database, registry, await cluster_row(world, "east"), world.clock())
    await registry.aclose()
    assert (await cluster_row(world, "east")).is_healthy
