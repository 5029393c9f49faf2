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


RAW = {
    "a number that is none": '"max_concurrent": NaN',
    "a number without end": '"max_concurrent": Infinity',
    "a number that no float holds": '"max_concurrent": 1e999',
    "a number of five thousand digits": f'"max_concurrent": {"9" * 5000}',
    "a number beyond the database": '"max_concurrent": 9223372036854775808',
    "a text of a megabyte": f'"max_concurrent": "{"x" * 2**20}"',
    "a list for a number": '"max_concurrent": [[[[1]]]]',
}


@pytest.mark.parametrize("member", RAW.values(), ids=RAW.keys())
async def test_what_no_number_may_be_is_refused_in_a_short_sentence(api: httpx.AsyncClient, member: str) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    answer = await api.patch(place, content=f"{{{member}}}", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert len(answer.text) < 1000
    assert (await api.get(place)).headers["ETag"] == '"1"'


async def test_of_a_name_that_comes_twice_the_last_counts(api: httpx.AsyncClient) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    body = '{"max_concurrent": 2, "max_concurrent": 3}'
    answer = await api.patch(place, content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["spec"]["resources"]["max_concurrent"] == 3


async def test_body_that_is_nested_without_end_is_refused(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/sweeps", content="[" * 100_000, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "nested more than" in answer.json()["detail"]


@pytest.mark.parametrize("number", ["-1", "1.5", "x", "", "9" * 30, "NaN"])
async def test_bad_last_event_id_is_refused(api: httpx.AsyncClient, number: str) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    headers = {"Last-Event-ID": number, "Accept": "application/json"}
    answer = await api.get(f"{place}/events", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "last-event-id" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/", "/v2/sweeps", "/v1/sweeps/x/y/z", "/v1/%00", "/v1/sweeps/%ff"])
async def test_unknown_path_is_a_problem(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert 400 <= answer.status_code < 500
    assert answer.json()["detail"]


async def test_key_with_strange_bytes_is_no_key(api: httpx.AsyncClient) -> None:
    for value in (
        b"Bearer sws_\xff\xfe_\xe9",
        b"Bearer " + b"x" * 20_000,
        b"Basic YTpi",
        b"Bearer",
        b"\xf0\x9f\x94\x91",
    ):
        answer = await api.get("/v1/sweeps", headers={b"Authorization": value})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
