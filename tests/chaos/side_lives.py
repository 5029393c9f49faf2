"""Lives of what is around sweeps: keys, webhooks, clusters, workers of one's own, copies."""

import base64
import hmac
import json
import threading
from collections import Counter
from collections.abc import Mapping

from chaos.lives import (
    LIFE_SECONDS,
    Life,
    follow,
    paired_spec,
    search_spec,
    succeed,
    wait_for_trial,
)
from chaos.scripted_runner import ScriptedRunner, never_speak, search_well, train_until_drained, train_well
from chaos.world import CLOCK_SPEED, HEARTBEAT_SECONDS, World, wait_until
from fakes.scripted_service import Answer, Request, ScriptedService, scripted_service

from search_spaces.presets.vary import vary
from service.client.client import SupsweepClient
from service.client.failures import ApiError
from service.lifecycle import SweepState
from service.schemas.webhooks import DeliveryState, WebhookKind

DAY_SECONDS = 86_400.0
KEPT_DAYS = 40
"""Longer than messages are kept."""
TOLD_KINDS = (WebhookKind.SWEEP_STATE, WebhookKind.TRIAL_ENDED)


def keep_keys(world: World) -> list[str]:
    """A key is made, renamed, rotated and revoked: each once, and nobody is left with a key that nobody knows."""
    client = world.client()
    (first,) = client.list_keys()
    old = client.create_key("laptop")
    client.change_key(old.id, name="desktop")
    new = client.rotate_key(old.id)
    assert SupsweepClient(client.base_url, new.key).get_key(new.id).name == "desktop"
    assert _is_refused(client, old.key)
    client.revoke_key(new.id)
    assert _is_refused(client, new.key)
    assert {key.id for key in client.list_keys()} == {first.id, old.id, new.id}
    return []


def _is_refused(client: SupsweepClient, key: str) -> bool:
    try:
        list(SupsweepClient(client.base_url, key).list_sweeps())
    except ApiError as error:
        return error.problem.status == 401
    return False


def tell_webhooks(world: World) -> list[str]:
    """A search that a webhook is told of: every message arrives, signed, under the one id that it has."""
    client = world.client()
    with scripted_service() as receiver:
        receiver.answers("POST", "/hook", Answer(status=204))
        made = client.create_webhook(f"{receiver.url}/hook")
        client.change_webhook(made.id, kinds=list(TOLD_KINDS))
        secret = client.rotate_webhook_secret(made.id, grace_seconds=1.0).secret
        assert client.test_webhook(made.id).state is DeliveryState.DELIVERED
        sweep_id = client.create_sweep(search_spec()).id
        follow(client, sweep_id, SweepState.SUCCEEDED)
        _check_messages(client, sweep_id, made.id, secret, receiver)
        world.turn_clock(KEPT_DAYS * DAY_SECONDS)
        wait_until(lambda: not list(client.list_deliveries(made.id)), LIFE_SECONDS, "old messages to be deleted")
        client.delete_webhook(made.id)
    assert client.list_webhooks() == []
    return [sweep_id]


def _check_messages(
    client: SupsweepClient, sweep_id: str, webhook_id: str, secret: str, receiver: ScriptedService
) -> None:
    told = [event.sequence for event in client.events(sweep_id) if event.kind in TOLD_KINDS]
    wait_until(
        lambda: all(one.state is DeliveryState.DELIVERED for one in client.list_deliveries(webhook_id)),
        LIFE_SECONDS,
        "every message to be delivered",
    )
    sent = {f"msg_{one.id}": one for one in client.list_deliveries(webhook_id) if one.sweep_id == sweep_id}
    assert sorted(one.sequence or 0 for one in sent.values()) == told, f"not one message per event: {sent}"
    received = receiver.requests_of("POST", "/hook")
    copies = Counter(request.headers["webhook-id"] for request in received)
    assert sent.keys() <= copies.keys(), f"never received: {sent.keys() - copies.keys()}"
    for request in received:
        assert _is_signed_by(secret, request), f"not signed: {request}"
        message = sent.get(request.headers["webhook-id"])
        assert message is None or json.loads(request.body)["data"]["sequence"] == message.sequence


def _is_signed_by(secret: str, request: Request) -> bool:
    """Worked out as the standard tells receivers to."""
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.{request.body}".encode()
    digest = hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    return f"v1,{base64.b64encode(digest).decode()}" in request.headers["webhook-signature"].split()


def move_between_clusters(world: World) -> list[str]:
    """A sweep runs on the cluster with its label, then none has it, then the sweep goes on elsewhere."""
    client, ray = world.client(), world.ray
    client.create_cluster("spare", ray.url, token=ray.token, labels={"place": "west"})
    assert client.check_cluster("spare").health.is_healthy
    sweep_id = client.create_sweep(vary(paired_spec(), clusters=["place=west"])).id
    wait_for_trial(client, sweep_id)
    client.change_cluster("spare", labels={"place": "east"})
    reason = "no registered cluster has the label place=west"
    wait_until(lambda: client.get_sweep(sweep_id).state_reason == reason, LIFE_SECONDS, "the sweep to miss its cluster")
    client.change_sweep(sweep_id, {"clusters": ["local"]})
    follow(client, sweep_id, SweepState.SUCCEEDED)
    client.create_cluster("another", ray.url, token=ray.token)
    client.delete_cluster("another")
    assert [cluster.name for cluster in client.list_clusters()] == ["local", "spare"]
    return [sweep_id]


def work_by_hand(world: World) -> list[str]:
    """A person's own worker runs the trials, and the cluster's runner never says a word."""
    client = world.client()
    sweep_id = client.create_sweep(paired_spec()).id
    joined = client.join_sweep(sweep_id, "laptop")
    worker = ScriptedRunner(joined.brief, joined.token, threading.Event(), HEARTBEAT_SECONDS / CLOCK_SPEED)
    worker.start()
    worker.work(train_well)
    follow(client, sweep_id, SweepState.SUCCEEDED)
    return [sweep_id]


def copy(world: World) -> list[str]:
    """A sweep is submitted again under another name, once."""
    client = world.client()
    (first,) = succeed(client)
    second = client.clone_sweep(first, {"name": "copy"}).id
    follow(client, second, SweepState.SUCCEEDED)
    assert [sweep.id for sweep in client.list_sweeps()] == [second, first]
    return [first, second]


SIDE_LIVES: Mapping[str, Life] = {
    "keys": Life(keep_keys, dies_often=True),
    "webhooks": Life(tell_webhooks, [search_well], dies_often=True),
    "a sweep that moves": Life(move_between_clusters, [train_until_drained], dies_often=True),
    "a worker of one's own": Life(work_by_hand, [never_speak], dies_often=True),
    "a sweep that is copied": Life(copy, again=[("the commit of operations.sweeps:create_sweep", 2)]),
}
"""By name."""
