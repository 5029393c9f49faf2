"""The outbox: a message is there with its event, is sent until it is taken or given up, and never twice at once."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from fakes.ledger import OWNER, World
from fakes.scripted_service import Answer, ScriptedService, scripted_service

from service.db import deliveries, events, webhooks
from service.db.database import Session
from service.db.deliveries import DeliveryRow
from service.db.webhooks import WebhookRow
from service.errors import DatabaseUnavailable
from service.loops import Loops
from service.vault import Vault
from service.webhooks import sender
from service.webhooks.addresses import Addresses
from service.webhooks.postman import Postman
from service.webhooks.sender import PAUSES_SECONDS, Claimed, claim, send, send_deliveries
from service.webhooks.signatures import make_secret


@pytest.fixture
def receiver() -> Iterator[ScriptedService]:
    """A receiver on this machine that takes everything."""
    with scripted_service() as receiver:
        receiver.answers("POST", "/hook", Answer(status=204))
        yield receiver


@pytest.fixture
def postman(world: World) -> Postman:
    """A postman who may post to this machine."""
    vault = Vault(Fernet.generate_key().decode(), world.settings.secret_key_file)
    return Postman(vault, Addresses(allow_http=True, allow_private=True))


async def hook(world: World, postman: Postman, url: str, *, owner: str = OWNER, kinds: tuple[str, ...] = ()) -> str:
    """Id of a new webhook, of sweep.state unless told otherwise."""
    async with world.database.write() as session:
        row = WebhookRow(
            id=make_secret()[6:14].encode().hex(),
            owner=owner,
            url=url,
            sealed_secret=postman.vault.seal(make_secret()),
            kinds=list(kinds or ("sweep.state",)),
            created_at=world.clock(),
        )
        session.add(row)
    return row.id


async def outbox(world: World, webhook_id: str) -> list[DeliveryRow]:
    """Every message to the webhook, the oldest first."""
    async with world.database.read() as session:
        return [*await deliveries.page(session, webhook_id, limit=100)][::-1]


async def claimed_now(world: World) -> Claimed:
    found = await claim(world.database, world.clock)
    assert found is not None
    return found


async def try_once(world: World, postman: Postman) -> DeliveryRow:
    """Sends what is due first."""
    sent = await send(world.database, postman, world.clock, *await claimed_now(world))
    assert sent is not None
    return sent


async def test_an_event_and_its_message_are_written_together(world: World, postman: Postman) -> None:
    webhook_id = await hook(world, postman, "http://127.0.0.1:1/")
    sweep_id = await world.create()
    (message,) = await outbox(world, webhook_id)
    assert (message.sweep_id, message.sequence, message.kind) == (sweep_id, 1, "sweep.state")
    assert message.payload == {
        "type": "sweep.state",
        "timestamp": world.clock().isoformat(),
        "data": {"sweep_id": sweep_id, "sequence": 1, "old": None, "new": "queued", "reason": None},
    }
    with pytest.raises(RuntimeError, match="undone"):
        async with world.database.write() as session:
            await events.append(session, sweep_id, "sweep.state", world.clock(), new="paused")
            raise RuntimeError("undone")
    assert len(await outbox(world, webhook_id)) == 1


async def test_only_the_owners_enabled_webhooks_are_told_and_only_of_their_kinds(
    world: World, postman: Postman
) -> None:
    told = await hook(world, postman, "http://127.0.0.1:1/", kinds=("trial.lost", "sweep.state"))
    others = [
        await hook(world, postman, "http://127.0.0.1:1/", owner="else"),
        await hook(world, postman, "http://127.0.0.1:1/", kinds=("trial.ended",)),
        await hook(world, postman, "http://127.0.0.1:1/"),
    ]
    async with world.database.write() as session:
        disabled = await webhooks.find(session, others[-1])
        assert disabled is not None
        disabled.is_enabled = False
    sweep_id = await world.create()
    async with world.database.write() as session:
        for kind in ("trial.step", "trial.lost", "runner.opened"):
            await events.append(session, sweep_id, kind, world.clock())
    assert {message.kind for message in await outbox(world, told)} == {"sweep.state", "trial.lost"}
    assert [await outbox(world, other) for other in others] == [[], [], []]


async def test_a_message_is_sent_once(world: World, postman: Postman, receiver: ScriptedService) -> None:
    webhook_id = await hook(world, postman, f"{receiver.url}/hook")
    await world.create()
    sent = await try_once(world, postman)
    assert (sent.delivered_at, sent.due_at, sent.attempts, sent.last_status) == (world.clock(), None, 1, 204)
    assert await claim(world.database, world.clock) is None
    (request,) = receiver.requests
    assert request.headers["webhook-id"] == f"msg_{(await outbox(world, webhook_id))[0].id}"


async def test_a_failed_message_is_tried_over_days_with_one_id_and_then_given_up(
    world: World, postman: Postman, receiver: ScriptedService
) -> None:
    await hook(world, postman, f"{receiver.url}/hook")
    receiver.answers("POST", "/hook", Answer(status=500))
    await world.create()
    for number, pause in enumerate(PAUSES_SECONDS, start=1):
        message = await try_once(world, postman)
        assert (message.attempts, message.problem) == (number, "the receiver answered 500")
        assert message.due_at is not None
        assert pause <= (message.due_at - world.clock()).total_seconds() <= 1.2 * pause
        assert await claim(world.database, world.clock) is None
        world.clock.turn(1.2 * pause)
    message = await try_once(world, postman)
    assert message.due_at is None
    assert message.problem == "given up after 10 tries: the receiver answered 500"
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 1
    world.clock.turn(10**7)
    assert await claim(world.database, world.clock) is None


async def test_a_receiver_that_wants_rest_gets_it(world: World, postman: Postman, receiver: ScriptedService) -> None:
    await hook(world, postman, f"{receiver.url}/hook")
    receiver.answers("POST", "/hook", Answer(status=503, headers={"Retry-After": "3600"}))
    await world.create()
    assert (await try_once(world, postman)).due_at == world.clock() + timedelta(hours=1)


async def test_a_receiver_that_is_gone_is_told_nothing_more(
    world: World, postman: Postman, receiver: ScriptedService
) -> None:
    webhook_id = await hook(world, postman, f"{receiver.url}/hook")
    receiver.answers("POST", "/hook", Answer(status=410))
    await world.create()
    await world.create()
    message = await try_once(world, postman)
    assert message.due_at is None
    async with world.database.read() as session:
        webhook = await webhooks.find(session, webhook_id)
    assert webhook is not None
    assert not webhook.is_enabled
    assert "410" in str(webhook.problem)
    assert await claim(world.database, world.clock) is None
    await world.create()
    assert len(await outbox(world, webhook_id)) == 2


async def test_several_processes_never_send_one_message_at_once(world: World, postman: Postman) -> None:
    hooks = [await hook(world, postman, "http://127.0.0.1:1/") for _ in range(3)]
    await world.create()
    claims = await asyncio.gather(*(claim(world.database, world.clock) for _ in range(6)), return_exceptions=True)
    claimed = [found[0].webhook_id for found in claims if isinstance(found, tuple)]
    assert sorted(claimed) == sorted(set(claimed))
    assert set(claimed) <= set(hooks)
    assert claimed


async def test_a_webhook_is_sent_one_message_at_a_time_the_oldest_first(world: World, postman: Postman) -> None:
    await hook(world, postman, "http://127.0.0.1:1/")
    first = await world.create()
    world.clock.turn(1)
    await world.create()
    assert (await claimed_now(world))[0].sweep_id == first
    assert await claim(world.database, world.clock) is None


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_what_another_process_is_about_to_claim_keeps_its_webhook_busy(world: World, postman: Postman) -> None:
    for url in ("http://127.0.0.1:1/", "http://127.0.0.1:2/"):
        await hook(world, postman, url)
    first = await world.create()
    world.clock.turn(1)
    await world.create()
    now = world.clock()
    until = now + timedelta(seconds=30)
    async with world.database.write() as one, world.database.write() as two, world.database.write() as three:
        claims = [await deliveries.claim_due(session, "w", now=now, until=until) for session in (one, two, three)]
        claimed = [claim for claim in claims if claim is not None]
    assert [claim.sweep_id for claim in claimed] == [first, first], "the oldest message of each webhook, and no other"
    assert len({claim.webhook_id for claim in claimed}) == 2


@pytest.mark.parametrize("database", ["postgres"], indirect=True)
async def test_of_many_claims_at_once_one_gets_the_webhook(world: World, postman: Postman) -> None:
    await hook(world, postman, "http://127.0.0.1:1/")
    await world.create()
    world.clock.turn(1)
    await world.create()
    for _ in range(20):
        claims = await asyncio.gather(*(claim(world.database, world.clock) for _ in range(10)))
        assert len([found for found in claims if found is not None]) <= 1
        world.clock.turn(31)


async def test_the_message_of_a_killed_sender_is_sent_again(
    world: World, postman: Postman, receiver: ScriptedService
) -> None:
    await hook(world, postman, f"{receiver.url}/hook")
    await world.create()
    killed = await claimed_now(world)
    world.clock.turn(31)
    again = await claimed_now(world)
    assert again[0].id == killed[0].id
    assert await send(world.database, postman, world.clock, *killed) is None, "it lost its claim"
    sent = await send(world.database, postman, world.clock, *again)
    assert sent is not None
    assert sent.attempts == 1


async def test_what_was_deleted_meanwhile_is_forgotten(
    world: World, postman: Postman, receiver: ScriptedService
) -> None:
    webhook_id = await hook(world, postman, f"{receiver.url}/hook")
    await world.create()
    claimed = await claimed_now(world)
    async with world.database.write() as session:
        await session.delete(await webhooks.find(session, webhook_id))
    assert await send(world.database, postman, world.clock, *claimed) is None
    assert await outbox(world, webhook_id) == []


@pytest.mark.parametrize("failure", [DatabaseUnavailable("it is away"), RuntimeError("an error that nobody knows")])
async def test_the_loop_outlives_whatever_a_look_at_the_outbox_raises(
    world: World,
    postman: Postman,
    receiver: ScriptedService,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
) -> None:
    failures, is_any_due = [failure], deliveries.is_any_due

    async def fail_once(session: Session, now: datetime) -> bool:
        if failures:
            raise failures.pop()
        return await is_any_due(session, now)

    monkeypatch.setattr(deliveries, "is_any_due", fail_once)
    monkeypatch.setattr(sender, "POLL_SECONDS", 0.02)
    await hook(world, postman, f"{receiver.url}/hook")
    await world.create()
    loops = Loops()
    loops.start("sender", lambda loop: send_deliveries(world.database, postman, world.clock, loop))
    async with asyncio.timeout(30):
        while not receiver.requests:
            assert not loops.ended()
            await asyncio.sleep(0.02)
    await loops.stop(within_seconds=5)
    assert failures == []


async def test_the_loop_sends_everything_and_outlives_failures(
    world: World, postman: Postman, receiver: ScriptedService
) -> None:
    hooks = [await hook(world, postman, f"{receiver.url}/hook") for _ in range(2)]
    broken = await hook(world, postman, "http://127.0.0.1:1/")
    for _ in range(3):
        await world.create()
    loops = Loops()
    loops.start("sender", lambda loop: send_deliveries(world.database, postman, world.clock, loop))
    while 0 in [message.attempts for one in [*hooks, broken] for message in await outbox(world, one)]:
        assert not loops.ended()
        await asyncio.sleep(0.02)
    await loops.stop(within_seconds=5)
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == len(receiver.requests) == 6
