"""Webhooks and their deliveries as the API shows them; a secret is shown once, to whoever made the webhook."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from search_spaces.vocabulary import Vocabulary


class WebhookKind(StrEnum):
    """Kinds of events that a webhook may be told of. The steps of trials are not among them: there are too many."""

    SWEEP_STATE = "sweep.state"
    SWEEP_CHANGED = "sweep.changed"
    SWEEP_EXTENDED = "sweep.extended"
    TRIAL_ENDED = "trial.ended"
    TRIAL_LOST = "trial.lost"
    RUNNER_FENCED = "runner.fenced"


TEST_KIND = "webhook.test"
"""Kind of the message that a person sends to try a webhook."""


class DeliveryState(StrEnum):
    """What became of a message."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


Url = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"^https?://[\x21-\x7e]+$")]
Kinds = Annotated[
    tuple[WebhookKind, ...], Field(min_length=1, max_length=20), AfterValidator(lambda kinds: tuple(sorted({*kinds})))
]
"""In one order, so that equal requests are written alike."""


class WebhookRequest(Vocabulary):
    """A webhook that is wanted."""

    url: Url = Field(description="Where messages are posted: https, on a public address.")
    kinds: Kinds = Field(default=(WebhookKind.SWEEP_STATE,), description="Kinds of events it is told of.")
    is_enabled: bool = Field(default=True, description="Whether it is told at all.")


class WebhookChange(Vocabulary):
    """What is to change; what is left out stays."""

    url: Url | None = Field(default=None, description="Where messages are posted.")
    kinds: Kinds | None = Field(default=None, description="Kinds of events it is told of.")
    is_enabled: bool | None = Field(default=None, description="Whether it is told; what waits is sent once it is.")


class SecretRotation(Vocabulary):
    """How the secret of a webhook is replaced."""

    grace_seconds: float = Field(
        default=86_400,
        ge=0,
        le=30 * 86_400,
        description="How long messages are signed with the old secret beside the new one; 0 is not at all.",
    )


class WebhookView(BaseModel):
    """A webhook without its secret."""

    id: str
    owner: str
    url: str
    kinds: list[WebhookKind]
    is_enabled: bool
    problem: str | None = Field(description="Why the service disabled it.")
    created_at: datetime
    previous_secret_ends_at: datetime | None = Field(
        description="Until when messages are signed with the secret before this one too; none if it was never rotated."
    )


class NewWebhookView(WebhookView):
    """A webhook as whoever made it, or rotated its secret, sees it, once."""

    secret: str | None = Field(
        description=(
            "whsec_…: messages are signed with it, as Standard Webhooks say. None where a call is repeated under its "
            "Idempotency-Key whose secret has been rotated since."
        )
    )


class WebhookPage(BaseModel):
    """Webhooks, the newest first; an owner has few, so there is one page of each."""

    items: list[WebhookView]


class DeliveryView(BaseModel):
    """One message to a webhook."""

    id: str = Field(description="Its webhook-id header is msg_ and this, the same at every try.")
    kind: str
    sweep_id: str | None = Field(description="None for a test message.")
    sequence: int | None = Field(description="The event's, in its sweep.")
    state: DeliveryState
    attempts: int
    created_at: datetime
    due_at: datetime | None = Field(description="When it is sent next.")
    delivered_at: datetime | None
    last_status: int | None = Field(description="What the receiver answered last.")
    problem: str | None = Field(description="Why the last try failed.")


class DeliveryPage(BaseModel):
    """Messages, the newest first."""

    items: list[DeliveryView]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last.")
