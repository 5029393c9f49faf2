"""Clusters as the API takes and shows them. A token goes in and never comes out."""

import ssl
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr

from search_spaces.sweep_spec import Name
from search_spaces.vocabulary import Vocabulary, refusal, short

LONGEST_TOKEN = 4096


def _check_address(address: str) -> str:
    """The address without a slash at its end."""
    try:
        url = urlsplit(address)
        is_good = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        is_good = False
    if not is_good or url.username is not None or url.query or url.fragment or not _is_plain(address):
        accepted = "http://host:port or https://host:port, without user and query"
        raise refusal(f"address cannot be {address!r}", at=[], value=address, accepted=accepted)
    return address.rstrip("/")


def _check_certificate(text: str) -> str:
    """OpenSSL reads no further than a NUL, which PostgreSQL does not store."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
        is_good = "\0" not in text
    except (TypeError, ValueError, ssl.SSLError):
        is_good = False
    if not is_good:
        accepted = "certificates in PEM: -----BEGIN CERTIFICATE----- and what follows"
        raise refusal(f"ca_certificate cannot be {short(text)}", at=[], value=text, accepted=accepted)
    return text


def _check_token(token: Any) -> Any:
    """All that may be wrong with a token, so that no other check tells its value."""
    text = token.get_secret_value() if isinstance(token, SecretStr) else token
    if not isinstance(text, str) or not _is_plain(text) or len(text) > LONGEST_TOKEN:
        accepted = f"the RAY_AUTH_TOKEN of the cluster's head, 1 … {LONGEST_TOKEN} ASCII characters without spaces"
        raise refusal("token cannot be what was given", at=[], value="**********", accepted=accepted)
    return token


def _is_plain(text: str) -> bool:
    """Whether the text can stand in a header: printable ASCII without spaces."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


Address = Annotated[
    str,
    Field(max_length=500, description="Base URL of the cluster's dashboard, which serves the Jobs API."),
    AfterValidator(_check_address),
]
Token = Annotated[
    SecretStr,
    Field(description="Ray's bearer token, RAY_AUTH_TOKEN of its head. It is never shown again."),
    BeforeValidator(_check_token),
]
Labels = Annotated[
    dict[Name, Name], Field(max_length=50, description="Sweeps may choose the cluster by any of these, as key=value.")
]
VerifyTls = Annotated[bool, Field(description="Whether an https address must show a trusted certificate.")]
CaCertificate = Annotated[
    str,
    Field(max_length=100_000, description="PEM of the authority that signed that certificate; none: the usual ones."),
    AfterValidator(_check_certificate),
]


class NewCluster(Vocabulary):
    """A Ray cluster to be registered."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "name": "east",
                    "address": "https://ray-east.example.org:8265",
                    "token": "the-RAY_AUTH_TOKEN-of-its-head",
                    "labels": {"region": "eu", "gpu": "h100"},
                }
            ]
        },
    )

    name: Name
    address: Address
    token: Token | None = None
    labels: Labels = Field(default={})
    verify_tls: VerifyTls = True
    ca_certificate: CaCertificate | None = None


def _without_default(schema: dict[str, Any]) -> None:
    """What is left out stays as it is; no default takes its place."""
    for field in schema["properties"].values():
        field.pop("default", None)


class ClusterChange(Vocabulary):
    """What is to become different of a cluster; what is left out stays. null takes a token or a certificate away."""

    model_config = ConfigDict(json_schema_extra=_without_default)

    address: Address = Field(default="", examples=["https://ray-east.example.org:8265"])
    token: Token | None = None
    labels: Labels = Field(default={}, examples=[{"region": "eu", "gpu": "h200"}])
    verify_tls: VerifyTls = True
    ca_certificate: CaCertificate | None = None
    is_draining: bool = Field(
        default=False,
        description="Whether it gets no more runners and those it has give their trials back, which then go on on "
        "other clusters of their sweeps. The one field that may be changed of a cluster of SUPSWEEP_CLUSTERS too.",
    )


class ClusterHealth(BaseModel):
    """What was seen of a cluster last. It is asked about every 15 s."""

    is_healthy: bool | None = Field(description="Whether it answered and let us in; none before it was asked.")
    since: datetime | None = Field(description="Since when it has been healthy, or has not.")
    checked_at: datetime | None
    problem: str | None = Field(description="Why it is not healthy, a sentence that says what to do.")
    ray_version: str | None
    nodes: int | None = Field(description="Nodes that were alive when it was healthy last; so with what follows.")
    cpus_total: float | None
    cpus_free: float | None = Field(description="CPUs that nobody used.")
    gpus_total: float | None
    gpus_free: float | None


class ClusterView(BaseModel):
    """A registered cluster."""

    name: str
    address: str
    has_token: bool
    labels: dict[str, str]
    verify_tls: bool
    ca_certificate: str | None
    is_from_settings: bool = Field(description="It is what SUPSWEEP_CLUSTERS says; here it can be drained, no more.")
    is_draining: bool = Field(description="It gets no more runners, and those it has give their trials back.")
    created_at: datetime
    health: ClusterHealth
    live_runners: int = Field(description="Runners on it that are heard.")
    running_trials: int = Field(description="Trials that these run now.")
    open_jobs: int = Field(
        description="Jobs of runners whose end nobody has seen. One that is draining and has none may be taken away."
    )


class ClusterPage(BaseModel):
    """Clusters by name."""

    items: list[ClusterView]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last.")
