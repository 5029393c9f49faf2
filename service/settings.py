"""Every setting of the control plane, from SUPSWEEP_… variables: the only place that reads the environment."""

import base64
import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from search_spaces.locations import check_location, is_url

LogFormat = Literal["text", "json"]
Role = Literal["all", "api", "worker"]

DATABASES = ("sqlite+aiosqlite:///", "postgresql+asyncpg://")
_PORT = re.compile(r"[^:]*://(?:[^:/]*(?::[^@]*)?@)?(?:\[[^/?]*\]|[^/:?]*)(?::(?P<port>[^/?]*))?")
"""As SQLAlchemy reads a URL: a password may hold anything but an @."""
MLFLOW_SCHEMES = ("http", "https", "file", "sqlite", "postgresql", "mysql", "mssql")
SECRET_KEY_BYTES = 32
HEARTBEATS_PER_LEASE = 3
"""At least: a runner is not fenced for one report that is late, or for a call that hangs and is made again."""


class SettingsRefused(Exception):
    """What is wrong with the environment, a sentence for each setting, without the values: one may be a secret."""


def _check_database_url(url: str) -> str:
    if url and not url.startswith(DATABASES):
        raise ValueError(f"it begins with {' or '.join(DATABASES)}")
    found = _PORT.match(url)
    port = found["port"] if found else None
    if port and not (port.isascii() and port.isdigit() and 0 < int(port) < 2**16):
        raise ValueError("its port is a number from 1 to 65535")
    return url


def _check_mlflow_uri(uri: str) -> str:
    scheme, separator, _ = uri.partition("://")
    if separator and scheme.partition("+")[0] not in MLFLOW_SCHEMES:
        raise ValueError(f"it is a URL of {', '.join(MLFLOW_SCHEMES)}, or a folder")
    return uri


def _check_secret_keys(keys: SecretStr) -> SecretStr:
    for key in keys.get_secret_value().split(","):
        try:
            size = len(base64.urlsafe_b64decode(key.strip()))
        except ValueError:
            size = 0
        if size != SECRET_KEY_BYTES:
            raise ValueError(f"each is the base64 of {SECRET_KEY_BYTES} bytes, as Fernet.generate_key() makes it")
    return keys


class ClusterSettings(BaseModel):
    """One Ray cluster the service may submit to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str = Field(description="Base URL of the cluster's dashboard, which serves the Jobs API.")
    token: SecretStr | None = Field(default=None, description="Ray's bearer token; none where authentication is off.")
    labels: dict[str, str] = Field(default={}, description="Labels by which sweeps may choose it: key=value.")
    verify_tls: bool = Field(default=True, description="Whether an https address must show a trusted certificate.")
    ca_certificate: str | None = Field(default=None, description="PEM of the authority that signed that certificate.")


class Quota(BaseModel):
    """What one owner may use; none is no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    running_trials: int | None = Field(default=None, ge=0, description="Most trials that run at once.")
    device_hours: float | None = Field(default=None, ge=0, description="Most device-hours within 30 days.")


DEFAULT_OWNER = "default"
"""Whose quota every owner has that has none of its own."""


class Settings(BaseSettings):
    """Settings of one service process."""

    # An empty variable is none: as a text it would be a token that everybody has, or an address that leads nowhere.
    model_config = SettingsConfigDict(
        env_prefix="SUPSWEEP_", env_ignore_empty=True, frozen=True, extra="ignore", hide_input_in_errors=True
    )

    home: Path = Field(default=Path(".supsweep"), description="Where the embedded state lives.")
    database_url: Annotated[str, AfterValidator(_check_database_url)] = Field(
        default="", description="Database; none takes SQLite under home."
    )
    public_url: str = Field(default="http://127.0.0.1:8000", description="URL of the service as clusters see it.")
    browser_url: str = Field(
        default="", description="URL of the service as people's browsers see it, for links; none takes the public URL."
    )
    storage: Annotated[str, AfterValidator(check_location)] = Field(
        default="",
        description="Folder of checkpoints that the clusters share, or s3://bucket/prefix; none takes home/storage.",
    )
    clusters: dict[str, ClusterSettings] = Field(default={}, description="Clusters by name, as JSON.")
    quotas: dict[str, Quota] = Field(
        default={}, description="Quotas by owner, as JSON; that of `default` is for everybody without one."
    )
    mlflow_uri: Annotated[str, AfterValidator(_check_mlflow_uri)] | None = Field(
        default=None, description="MLflow tracking server; none shows nothing there."
    )
    mlflow_browser_url: str = Field(
        default="", description="URL of MLflow as people's browsers see it, for links; none takes that of the server."
    )

    secret_keys: Annotated[SecretStr, AfterValidator(_check_secret_keys)] | None = Field(
        default=None,
        description="Fernet keys that seal stored secrets, by commas, the newest first; none makes home/secret_key.",
    )

    role: Role = Field(
        default="all", description="What this process does: the API, the background loops (worker), or all of it."
    )
    log_format: LogFormat = Field(default="text", description="Lines for people, or one JSON object per line.")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least grave line that is written; debug has the probes of health and metrics too."
    )
    metrics_token: SecretStr | None = Field(
        default=None, description="Bearer token that opens /metrics; none opens it to this machine alone."
    )
    startup_seconds: float = Field(
        default=60.0, ge=0, description="How long a starting process waits for its database."
    )
    stuck_seconds: float = Field(
        default=300.0, gt=0, description="A background loop that has not turned for this long makes us unready."
    )

    lease_seconds: float = Field(default=30.0, gt=0, description="Silence after which a runner is fenced.")
    heartbeat_seconds: float = Field(
        default=5.0, gt=0, description="Longest silence between a runner's reports, at most a third of its lease."
    )
    runner_patience_seconds: float = Field(default=300.0, gt=0, description="How long a runner trains on without us.")
    submission_seconds: float = Field(default=120.0, gt=0, description="Time a submitted runner has to ask first.")
    reconcile_seconds: float = Field(default=0.5, gt=0, description="Pause between two looks at due sweeps.")
    max_attempts: int = Field(default=5, ge=1, description="Losses after which a trial ends as failed.")
    max_idle_runners: int = Field(
        default=5, ge=1, description="Runners in a row, per cluster, that may die without any result."
    )

    dataset_roots: list[Annotated[str, AfterValidator(check_location)]] = Field(
        default=["/data"],
        description="Folders on the clusters, and s3:// URLs, that datasets may lie in, as JSON. `supsweep up` allows "
        "every folder.",
    )
    allowed_hosts: list[str] = Field(
        default=["*"], description="Names that the service answers to, as JSON; * is any. `supsweep up` sets its own."
    )
    max_body_bytes: int = Field(
        default=16 * 2**20, ge=2**20, description="Longest body of a request; a runner's report has up to half a MiB."
    )
    body_seconds: float = Field(default=30.0, gt=0, description="How long a client may take to send its body.")
    requests_per_second: float = Field(
        default=100.0,
        ge=0,
        description="Requests of one key to one process; ten seconds' worth may come at once. 0: any.",
    )
    failures_per_minute: float = Field(
        default=120.0, gt=0, description="Requests with a wrong key or none that one address may send to one process."
    )

    deliveries_kept_days: float = Field(
        default=30.0, gt=0, description="How long a message to a webhook is kept that was taken or given up."
    )
    webhooks_allow_http: bool = Field(default=False, description="Whether webhooks may lead to http:// too.")
    webhooks_allow_private: bool = Field(
        default=False, description="Whether webhooks may lead to this machine and to private networks."
    )

    @field_validator("heartbeat_seconds")
    @classmethod
    def _check_heartbeat(cls, seconds: float, info: ValidationInfo) -> float:
        most_seconds = info.data.get("lease_seconds", math.inf) / HEARTBEATS_PER_LEASE
        if seconds > most_seconds:
            raise ValueError(f"it is at most {most_seconds:g}, a third of SUPSWEEP_LEASE_SECONDS")
        return seconds

    def quota_of(self, owner: str) -> Quota:
        """What the owner may use."""
        return self.quotas.get(owner, self.quotas.get(DEFAULT_OWNER, Quota()))

    @property
    def effective_database_url(self) -> str:
        """The database's URL, SQLite under home by default."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home.absolute() / 'ledger.db'}"

    @property
    def links_url(self) -> str:
        """What our own links begin with."""
        return (self.browser_url or self.public_url).rstrip("/")

    @property
    def mlflow_links_url(self) -> str | None:
        """What links to MLflow begin with; none where nothing is shown there."""
        if self.mlflow_uri is None:
            return None
        return (self.mlflow_browser_url or self.mlflow_uri).rstrip("/")

    @property
    def effective_storage(self) -> str:
        """Where checkpoints go, under home by default; a folder is absolute, since jobs run in folders of their own."""
        if is_url(self.storage):
            return self.storage
        return str(Path(self.storage).absolute() if self.storage else self.home.absolute() / "storage")

    @property
    def api_key_file(self) -> Path:
        """The first key, readable by its owner alone."""
        return self.home / "api_key"

    @property
    def secret_key_file(self) -> Path:
        """The key that seals stored secrets where the environment names none."""
        return self.home / "secret_key"


def read_settings(**given: Any) -> Settings:
    """The settings of the environment, with those that are given over them. Raises SettingsRefused."""
    try:
        return Settings(**given)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise SettingsRefused("; ".join(f"{_place(*one['loc'])}: {one['msg']}" for one in found)) from None
    except SettingsError as error:
        raise SettingsRefused(f"{error}: {error.__cause__}") from None


def _place(setting: str | int, *path: str | int) -> str:
    """The variable and what in it: `SUPSWEEP_CLUSTERS, local.address`."""
    return ", ".join([f"SUPSWEEP_{setting}".upper(), *([".".join(map(str, path))] if path else [])])
