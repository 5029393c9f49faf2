"""Settings that mean nothing are told in sentences that name the variable and no value, however the process starts."""

import json
import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from service.main import create_app
from service.serve import serve
from service.settings import Settings, SettingsRefused, read_settings

SECRET = "hunter2"

BAD = {
    "no number": ({"LEASE_SECONDS": SECRET}, ["SUPSWEEP_LEASE_SECONDS: Input should be a valid number"]),
    "out of range": ({"MAX_ATTEMPTS": "0"}, ["SUPSWEEP_MAX_ATTEMPTS: Input should be greater than or equal to 1"]),
    "no JSON": ({"CLUSTERS": SECRET}, ['"clusters"', "Expecting value: line 1 column 1"]),
    "a part of a map": (
        {"CLUSTERS": json.dumps({"far": {"token": SECRET}})},
        ["SUPSWEEP_CLUSTERS, far.address: Field"],
    ),
    "no address": (
        {"CLUSTERS": json.dumps({"far": {"address": "far", "token": SECRET}})},
        ["SUPSWEEP_CLUSTERS cannot have the cluster 'far': address", "accepted: http://host:port"],
    ),
    "no database": (
        {"DATABASE_URL": f"mysql://me:{SECRET}@db/x"},
        ["SUPSWEEP_DATABASE_URL: ", "postgresql+asyncpg://"],
    ),
    "no port": (
        {"DATABASE_URL": f"postgresql+asyncpg://me:{SECRET}@db:abc/x"},
        ["SUPSWEEP_DATABASE_URL: ", "its port is a number from 1 to 65535"],
    ),
    "a port beyond all": (
        {"DATABASE_URL": f"postgresql+asyncpg://me:{SECRET}@[::1]:99999/x"},
        ["SUPSWEEP_DATABASE_URL: ", "its port is a number from 1 to 65535"],
    ),
    "no tracking server": ({"MLFLOW_URI": f"ftp://{SECRET}"}, ["SUPSWEEP_MLFLOW_URI: ", "http, https", "or a folder"]),
    "no Fernet key": (
        {"SECRET_KEYS": f"{Fernet.generate_key().decode()},{SECRET}"},
        ["SUPSWEEP_SECRET_KEYS: ", "32 bytes"],
    ),
    "a typo in a quota": (
        {"QUOTAS": json.dumps({"ada": {"device_hour": 5}})},
        ["SUPSWEEP_QUOTAS, ada.device_hour: Extra inputs are not permitted"],
    ),
    "a typo in a cluster": (
        {"CLUSTERS": json.dumps({"far": {"address": "http://far:1", "tokn": SECRET}})},
        ["SUPSWEEP_CLUSTERS, far.tokn: Extra inputs are not permitted"],
    ),
    "a storage that nobody knows": (
        {"STORAGE": f"gs://{SECRET}/x"},
        ["SUPSWEEP_STORAGE: ", "no URL of a bucket; accepted: s3://bucket/prefix"],
    ),
    "a storage with credentials": (
        {"STORAGE": f"s3://key:{SECRET}@bucket/x"},
        ["SUPSWEEP_STORAGE: ", "without credentials: those come from the environment (AWS_…)"],
    ),
    "a dataset root that nobody knows": (
        {"DATASET_ROOTS": json.dumps(["/data", f"https://{SECRET}"])},
        ["SUPSWEEP_DATASET_ROOTS, 1: ", "accepted: s3://bucket/prefix"],
    ),
    "fewer heartbeats than a lease needs": (
        {"LEASE_SECONDS": "3"},
        ["SUPSWEEP_HEARTBEAT_SECONDS: ", "at most 1, a third of SUPSWEEP_LEASE_SECONDS"],
    ),
    "no ASCII": ({"SECRET_KEYS": "µ"}, ["SUPSWEEP_SECRET_KEYS: ", "32 bytes"]),
    "several": (
        {"LEASE_SECONDS": "-1", "ROLE": "boss"},
        ["SUPSWEEP_ROLE: Input should be 'all', 'api' or 'worker'; SUPSWEEP_LEASE_SECONDS: "],
    ),
}


@pytest.mark.parametrize(("variables", "words"), BAD.values(), ids=BAD)
def test_bad_settings_are_the_same_sentence_whatever_starts_the_service(
    variables: dict[str, str], words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"SUPSWEEP_{name}", value)
    with pytest.raises(SystemExit) as ended:
        create_app()
    sentence = str(ended.value.code)
    assert sentence.startswith("supsweep cannot start: ")
    assert all(word in sentence for word in words), sentence
    assert SECRET not in sentence
    assert serve("127.0.0.1", 0) == 1
    assert capsys.readouterr().err == sentence + "\n"


def test_what_is_given_stands_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_ROLE", "api")
    monkeypatch.setenv("SUPSWEEP_SECRET_KEYS", f"{Fernet.generate_key().decode()}, {Fernet.generate_key().decode()}")
    assert read_settings().role == "api"
    assert read_settings(role="worker").role == "worker"
    with pytest.raises(SettingsRefused, match="SUPSWEEP_ROLE: "):
        read_settings(role="boss")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_an_empty_variable_is_none(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SUPSWEEP_{name.upper()}", "")
    assert getattr(read_settings(), name) == Settings.model_fields[name].default


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+asyncpg://me:p:a/s?s@db:5432/x",
        "postgresql+asyncpg://me:pass@[::1]:5432/x",
        "postgresql+asyncpg://db/x",
        "postgresql+asyncpg://postgres@/x?host=/tmp/a:b",
        "sqlite+aiosqlite:////tmp/a:b.db",
    ],
)
def test_a_database_wherever_it_may_be_is_taken(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_DATABASE_URL", url)
    assert read_settings().database_url == url


@pytest.mark.parametrize(
    ("storage", "effective"),
    [("", "/home/storage"), ("/shared", "/shared"), ("s3://b-1/sweeps?region=eu-1", "s3://b-1/sweeps?region=eu-1")],
)
def test_the_storage_is_an_absolute_folder_or_a_bucket(
    storage: str, effective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPSWEEP_STORAGE", storage)
    assert read_settings(home=Path("/home")).effective_storage == effective
    monkeypatch.setenv("SUPSWEEP_STORAGE", "here")
    assert read_settings().effective_storage == str(Path("here").absolute())


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("no folder")
    assert serve("127.0.0.1", 0, home=tmp_path / "file" / "home") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("supsweep cannot start: SUPSWEEP_HOME: its folder cannot be made (")


@pytest.mark.parametrize("content", [b"nonsense\n", b"", b"\xff"])
def test_a_file_that_holds_no_key_is_told_before_anything_needs_it(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "secret_key").write_bytes(content)
    monkeypatch.setenv("SUPSWEEP_HOME", str(tmp_path))
    sentence = f"supsweep cannot start: {tmp_path / 'secret_key'} holds no Fernet key"
    with pytest.raises(SystemExit, match=re.escape(sentence)):
        create_app()
    assert serve("127.0.0.1", 0) == 1
    assert sentence in capsys.readouterr().err


def test_links_lead_where_browsers_get_to() -> None:
    """Inside of a cluster's network the service and MLflow have names that no browser knows."""
    inside = {"public_url": "http://api:8000", "mlflow_uri": "http://mlflow:5000"}
    assert (Settings(**inside).links_url, Settings(**inside).mlflow_links_url) == tuple(inside.values())
    seen = Settings(
        **inside, browser_url="https://sweeps.example.org/", mlflow_browser_url="https://mlflow.example.org/"
    )
    assert (seen.links_url, seen.mlflow_links_url) == ("https://sweeps.example.org", "https://mlflow.example.org")
    assert seen.public_url == "http://api:8000"
    assert Settings(mlflow_browser_url="https://mlflow.example.org").mlflow_links_url is None
