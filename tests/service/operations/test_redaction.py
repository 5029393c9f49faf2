"""No secret of ours leaves with a log."""

import json
import secrets

import pytest

from service.ledger.runners import token_sha256
from service.operations.redaction import REDACTED, TOKEN_LENGTH, redact

TOKEN = "Zq-_5QSEgtMcHp0o6XS5lotykS5ORNtKYIpOwO7kpIc"  # a real one by its looks; the same in every test process
HASH = token_sha256(TOKEN)


def test_a_runners_token_has_the_length_that_is_looked_for() -> None:
    assert len(secrets.token_urlsafe(32)) == TOKEN_LENGTH


@pytest.mark.parametrize(
    "line",
    [
        f"token {TOKEN}",
        f"{TOKEN}",
        f"('{TOKEN}',)",
        f"Authorization: Bearer {TOKEN}",
        f"https://service/?token={TOKEN}&x=1",
        f"SUPSWEEP_RUNNER_TOKEN={TOKEN}",
        f"environ({{'SUPSWEEP_RUNNER_TOKEN': '{TOKEN}', 'HOME': '/root'}})",
        json.dumps({"SUPSWEEP_RUNNER_TOKEN": TOKEN}),
    ],
)
def test_the_token_is_taken_out_wherever_it_stands(line: str) -> None:
    text = redact(f"before\n{line}\nafter\n", HASH)
    assert TOKEN not in text
    assert REDACTED in text
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("RAY_AUTH_TOKEN=abc123 next", f"RAY_AUTH_TOKEN={REDACTED} next"),
        ("{'RAY_AUTH_TOKEN': 'abc123'}", f"{{'RAY_AUTH_TOKEN': '{REDACTED}'}}"),
        ("authorization: bearer abc.def-ghi==", f"authorization: bearer {REDACTED}"),
        ("key sws_0123abcd_S3cret-", f"key {REDACTED}-"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(line: str, shown: str) -> None:
    assert redact(line, HASH) == shown


def test_everything_else_stays() -> None:
    log = f"epoch 1: loss 0.5\n{'a' * TOKEN_LENGTH}\nsha256 {HASH}\nthe bearer of news\n"
    assert redact(log, HASH) == log
