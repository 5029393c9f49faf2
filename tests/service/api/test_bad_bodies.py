"""Bodies and cursors that nobody would send by mistake: a 4xx with a sentence, never a 500."""

import json

import httpx
import pytest
from fakes.ledger import small_spec

from service.operations.cursors import encode_cursor

DOCUMENT = small_spec().model_dump(mode="json", exclude_defaults=True)


async def test_broken_json_is_told_with_its_place(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/sweeps", content='{"name":', headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert "the body is not JSON" in answer.json()["detail"]


async def test_missing_content_type_is_told(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/sweeps", content=json.dumps(DOCUMENT), headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422
    assert "application/json" in answer.json()["detail"]


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000"])
@pytest.mark.parametrize("place", ["name", "labels", "base", "field"])
async def test_text_that_cannot_be_stored_is_refused(api: httpx.AsyncClient, text: str, place: str) -> None:
    parts = {
        "name": f'"name": "{text}"',
        "labels": f'"labels": {{"a": "{text}"}}',
        "base": f'"arms": [{{"name": "a", "objective": "supcon", "base": {{"optimizer": "{text}"}}}}]',
        "field": f'"{text}": 1',
    }
    body = json.dumps(DOCUMENT)[:-1] + f", {parts[place]}}}"
    answer = await api.post("/v1/sweeps", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"]


@pytest.mark.parametrize(
    "key", [("x", "y"), ("2026-01-01T00:00:00", "y"), ("9999-12-31T23:59:59-23:59", "y"), ("1", "2", "3")]
)
async def test_forged_cursor_of_sweeps_is_refused(api: httpx.AsyncClient, key: tuple[str, ...]) -> None:
    answer = await api.get("/v1/sweeps", params={"cursor": encode_cursor(*key)})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize("number", ["x", "9223372036854775808", "9" * 40, "-5", " 1_0 "])
async def test_forged_cursor_of_trials_is_refused(api: httpx.AsyncClient, number: str) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    answer = await api.get(f"{place}/trials", params={"cursor": encode_cursor(number)})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_event_beyond_all_numbers_is_refused(api: httpx.AsyncClient) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    headers = {"Last-Event-ID": "9999999999999999999", "Accept": "application/json"}
    assert (await api.get(f"{place}/events", headers=headers)).status_code == 422


async def test_bytes_that_are_no_utf8_are_refused_with_their_place(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/sweeps", content=b'{"name": "\xff"}', headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "not UTF-8 at byte 10" in answer.json()["detail"]


async def test_empty_idempotency_key_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/keys", json={"name": "one"}, headers={"Idempotency-Key": ""})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/v1/keys", {"GET", "POST"}), ("/v1/keys/x", {"GET", "PATCH", "DELETE"}), ("/v1/sweeps/preview", {"POST"})],
)
async def test_wrong_method_is_told_every_right_one(api: httpx.AsyncClient, path: str, allowed: set[str]) -> None:
    answer = await api.put(path, json={})
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) == allowed
    assert f"accepted: {answer.headers['Allow']}" in answer.json()["detail"]
