"""After a change of SUPSWEEP_SECRET_KEYS every stored secret is sealed with the first key, and the old key may go."""

from cryptography.fernet import Fernet
from fakes.ledger import World
from fakes.registered import cluster_row, register

from service.db import webhooks
from service.db.webhooks import WebhookRow
from service.operations.secrets import Resealed, reseal_secrets
from service.vault import Vault

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
TOKEN, SECRET, PREVIOUS = "token of the cluster", "whsec_b", "whsec_a"
NAMES = ["token of cluster east", "secret of webhook hook of ada", "previous secret of webhook hook of ada"]


def vault_of(world: World, *keys: str) -> Vault:
    return Vault(",".join(keys), world.settings.secret_key_file)


async def reseal(world: World, *keys: str) -> Resealed:
    async with world.database.write() as session:
        return await reseal_secrets(session, vault_of(world, *keys))


async def fill(world: World) -> None:
    """A cluster with a token and one without, and a webhook whose secret was rotated."""
    vault = vault_of(world, OLD)
    await register(world, "east", sealed_token=vault.seal(TOKEN))
    await register(world, "west")
    async with world.database.write() as session:
        session.add(
            WebhookRow(
                id="hook",
                owner="ada",
                url="https://example.org",
                sealed_secret=vault.seal(SECRET),
                sealed_previous_secret=vault.seal(PREVIOUS),
                kinds=["sweep.state"],
                created_at=world.clock(),
            )
        )


async def opened(world: World, *keys: str) -> tuple[str, str, str]:
    """Every stored secret, opened with these keys alone."""
    vault, cluster = vault_of(world, *keys), await cluster_row(world, "east")
    async with world.database.read() as session:
        hook = await webhooks.find(session, "hook")
    assert hook is not None
    assert cluster.sealed_token is not None
    assert hook.sealed_previous_secret is not None
    assert cluster.version == hook.version == 1
    sealed = (cluster.sealed_token, hook.sealed_secret, hook.sealed_previous_secret)
    token, secret, previous = map(vault.open, sealed)
    return token, secret, previous


async def test_every_secret_is_sealed_with_the_first_key_and_the_old_one_may_go(world: World) -> None:
    await fill(world)
    resealed = await reseal(world, NEW, OLD)
    assert (resealed.changed, resealed.kept, resealed.unreadable) == (NAMES, 0, [])
    assert await opened(world, NEW) == (TOKEN, SECRET, PREVIOUS)


async def test_sealing_anew_may_be_repeated(world: World) -> None:
    await fill(world)
    await reseal(world, NEW, OLD)
    again = await reseal(world, NEW)
    assert (again.changed, again.kept, again.unreadable) == ([], len(NAMES), [])


async def test_what_no_key_opens_is_named_and_left_as_it_is(world: World) -> None:
    await fill(world)
    await register(world, "lost", sealed_token=vault_of(world, Fernet.generate_key().decode()).seal("x"))
    resealed = await reseal(world, NEW, OLD)
    assert resealed.unreadable == ["token of cluster lost"]
    assert sorted(resealed.changed) == sorted(NAMES)
    assert (await reseal(world, NEW)).unreadable == ["token of cluster lost"]
