"""SUPSWEEP_CLUSTERS in the table: written at every start, a new edition only where something differs."""

import pytest
from fakes.ledger import World
from fakes.registered import cluster_row, register
from pydantic import SecretStr

from service.operations.cluster_settings import keep_settings
from service.settings import ClusterSettings, SettingsRefused
from service.vault import Vault

LOCAL = ClusterSettings(address="http://127.0.0.1:8265", token=SecretStr("secret"), labels={"gpu": "none"})


async def keep(world: World, vault: Vault | None = None, **settings: ClusterSettings) -> None:
    async with world.database.write() as session:
        await keep_settings(session, vault or world.vault, settings, world.clock())


async def test_a_new_cluster_is_written_down_with_its_token_sealed(world: World) -> None:
    await keep(world, local=LOCAL)
    row = await cluster_row(world, "local")
    assert (row.address, row.labels, row.is_from_settings) == (LOCAL.address, {"gpu": "none"}, True)
    assert world.vault.open(row.sealed_token or "") == "secret"


async def test_another_start_changes_nothing(world: World) -> None:
    await keep(world, local=LOCAL)
    await keep(world, local=LOCAL)
    assert (await cluster_row(world, "local")).version == 1


@pytest.mark.parametrize(
    "change", [{"address": "http://127.0.0.1:1"}, {"token": SecretStr("new")}, {"token": None}, {"labels": {}}]
)
async def test_a_changed_cluster_is_a_new_edition_and_checked_at_once(world: World, change: dict[str, object]) -> None:
    await keep(world, local=LOCAL)
    world.clock.turn(60)
    await keep(world, local=LOCAL.model_copy(update=change))
    row = await cluster_row(world, "local")
    assert (row.version, row.check_due_at) == (2, world.clock())


async def test_a_token_that_can_be_opened_no_more_is_sealed_anew(world: World) -> None:
    await keep(world, Vault(None, world.settings.home / "lost_key"), local=LOCAL)
    await keep(world, local=LOCAL)
    assert world.vault.open((await cluster_row(world, "local")).sealed_token or "") == "secret"


async def test_a_cluster_of_the_api_becomes_one_of_the_settings_and_is_let_go_again(world: World) -> None:
    await register(world, "local")
    await keep(world, local=LOCAL)
    row = await cluster_row(world, "local")
    assert (row.is_from_settings, row.address) == (True, LOCAL.address)
    await keep(world)
    row = await cluster_row(world, "local")
    assert (row.is_from_settings, row.address) == (False, LOCAL.address)


async def test_settings_that_no_cluster_can_have_are_told_without_the_token(world: World) -> None:
    with pytest.raises(SettingsRefused, match=r"SUPSWEEP_CLUSTERS cannot have the cluster 'east': address") as error:
        await keep(world, east=ClusterSettings(address="nowhere", token=SecretStr("secret")))
    assert "secret" not in str(error.value)
