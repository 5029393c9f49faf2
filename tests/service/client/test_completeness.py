"""Whatever the API can do, its client can do too."""

import re

from service.client.client import SupsweepClient
from service.main import build_app
from service.settings import Settings

NAMED_OTHERWISE = {
    "followEvents": "events",
    "getCurves": "curves",
    "getLogs": "logs",
    "getPreset": "preset",
    "getReport": "report",
    "listPresets": "presets",
    "retryFailedTrials": "retry_failed",
}
NOT_OF_THE_CLIENT = {
    "ask": "the runner protocol, which trainers speak with a token of their own",
    "report": "the runner protocol, which trainers speak with a token of their own",
    "healthz": "asked by whatever runs the service",
    "readyz": "asked by whatever runs the service",
    "metrics": "asked by Prometheus",
}


def operation_ids() -> set[str]:
    """Every operation of the document."""
    paths = build_app(Settings()).openapi()["paths"].values()
    return {operation["operationId"] for path in paths for operation in path.values()}


def test_every_operation_has_a_method_or_a_reason() -> None:
    for operation_id in operation_ids() - NOT_OF_THE_CLIENT.keys():
        words = re.sub(r"(?=[A-Z])", "_", operation_id).lower()
        assert callable(getattr(SupsweepClient, NAMED_OTHERWISE.get(operation_id, words), None)), operation_id


def test_no_reason_is_given_for_what_is_not_there() -> None:
    assert NAMED_OTHERWISE.keys() | NOT_OF_THE_CLIENT.keys() <= operation_ids()
