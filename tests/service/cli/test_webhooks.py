"""`supsweep webhooks`: a secret is written to standard output alone, and a test tells what came of it."""

from collections.abc import Callable

import pytest
from fakes.running_service import RunningService
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

Supsweep = Callable[..., Result]

URL = "https://93.184.215.14/hook"
SENT = """{"id": "a", "kind": "webhook.test", "sweep_id": null, "sequence": null, "state": "%s", "attempts": 1,
"created_at": "2026-01-01T00:00:00Z", "due_at": null, "delivered_at": null, "last_status": %s, "problem": "%s"}"""


def test_a_webhook_is_made_listed_and_deleted(supsweep: Supsweep, service: RunningService) -> None:
    made = supsweep("webhooks", "create", URL, "--kind", "trial.ended", "--kind", "sweep.state")
    assert made.stdout.startswith("whsec_")
    webhook_id = made.stderr.split()[1]
    listed = supsweep("webhooks", "ls").stdout
    assert all(word in listed for word in (webhook_id, URL, "sweep.state, trial.ended", "enabled"))
    assert "whsec_" not in listed
    assert supsweep("webhooks", "rm", webhook_id).stdout == f"webhook {webhook_id} is deleted\n"
    assert webhook_id not in supsweep("webhooks", "ls").stdout


def test_a_secret_is_rotated(supsweep: Supsweep, service: RunningService) -> None:
    made = supsweep("webhooks", "create", URL)
    rotated = supsweep("webhooks", "rotate-secret", made.stderr.split()[1], "--grace", "2h")
    assert rotated.stdout.startswith("whsec_")
    assert rotated.stdout != made.stdout
    assert "the old one signs beside it until" in rotated.stderr
    refused = supsweep("webhooks", "rotate-secret", made.stderr.split()[1], "--grace", "soon")
    assert refused.exit_code == 1
    assert "a time cannot be 'soon'" in refused.stderr


def test_a_bad_url_is_told(supsweep: Supsweep, service: RunningService) -> None:
    refused = supsweep("webhooks", "create", "http://hook.example/")
    assert refused.exit_code == 1
    assert "accepted: https://" in refused.stderr


@pytest.mark.parametrize(
    ("state", "status", "code", "word"),
    [("delivered", "204", 0, "the receiver answered 204"), ("given_up", "500", 1, "was not taken: it broke")],
)
def test_a_test_tells_what_came_of_it(
    supsweep: Supsweep, scripted: ScriptedService, state: str, status: str, code: int, word: str
) -> None:
    scripted.answers("POST", "/v1/webhooks/a/test", Answer(SENT % (state, status, "it broke")))
    result = supsweep("webhooks", "test", "a")
    assert result.exit_code == code
    assert word in result.stdout + result.stderr
