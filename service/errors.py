"""Business refusals. Each carries its HTTP status and a stable code; the API turns them into problem+json."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from search_spaces.refusals import Refusal, refusals


class SweepServiceError(Exception):
    """Something a caller asked for that cannot be done, in a sentence."""

    status_code = 400
    code = "bad_request"
    title = "Bad request"
    retry_after_seconds: int | None = None
    """After which asking again may help; none where it does not, or where the instance tells."""

    def __init__(
        self, detail: str, errors: Sequence[Refusal] = (), headers: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        passing = {} if self.retry_after_seconds is None else {"Retry-After": str(self.retry_after_seconds)}
        self.headers = passing | dict(headers)


class NotFound(SweepServiceError):
    """No such thing, or not the caller's."""

    status_code = 404
    code = "not_found"
    title = "Not found"


class UnknownCluster(NotFound):
    """The spec names a cluster that is not registered."""

    code = "unknown_cluster"
    title = "Unknown cluster"


class Unauthenticated(SweepServiceError):
    """The key is missing, wrong, or expired."""

    status_code = 401
    code = "unauthenticated"
    title = "Unauthenticated"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(SweepServiceError):
    """The key is known, but its scopes do not reach so far."""

    status_code = 403
    code = "forbidden"
    title = "Forbidden"


class InvalidRequest(SweepServiceError):
    """A body that reads well asks for something that is not allowed here; `pointer` says where in the body."""

    status_code = 422
    code = "invalid_request"
    title = "Invalid request"

    def __init__(self, detail: str, pointer: str) -> None:
        super().__init__(detail, [Refusal(pointer=pointer, detail=detail)])


class InvalidSpec(SweepServiceError):
    """A spec that was made of another one breaks a rule."""

    status_code = 422
    code = "invalid_request"
    title = "Invalid request"

    def __init__(self, error: ValidationError, document: Any) -> None:
        found = refusals(error.errors(), document)
        super().__init__("; ".join(dict.fromkeys(refusal.detail for refusal in found)), found)


class BadCursor(SweepServiceError):
    """A page was asked for with a cursor that no page gave."""

    status_code = 422
    code = "bad_cursor"
    title = "Bad cursor"


class BadFilter(SweepServiceError):
    """A list was asked for by something that nothing in it can have."""

    status_code = 422
    code = "bad_filter"
    title = "Bad filter"


class BadComparison(SweepServiceError):
    """Sweeps were to be put side by side that are one, too many, or the same."""

    status_code = 422
    code = "bad_comparison"
    title = "Nothing to compare"


class WrongState(SweepServiceError):
    """The sweep's state does not allow this."""

    status_code = 409
    code = "wrong_state"
    title = "Not possible in this state"


class QuotaExceeded(SweepServiceError):
    """The owner has used up what an owner may use."""

    status_code = 429
    code = "quota_exceeded"
    title = "Quota exceeded"
    retry_after_seconds = 3600


class PreconditionFailed(SweepServiceError):
    """What is to be changed is not what the caller has seen."""

    status_code = 412
    code = "precondition_failed"
    title = "Precondition failed"


class TooManyWebhooks(WrongState):
    """The owner has as many webhooks as anybody may have."""

    code = "too_many_webhooks"
    title = "Too many webhooks"


class NeedsCluster(SweepServiceError):
    """Only a Ray cluster can run the trials of the sweep."""

    status_code = 409
    code = "needs_cluster"
    title = "Needs a cluster"


class LastAdminKey(WrongState):
    """Without this key nobody could administer the service any more."""

    code = "last_admin_key"
    title = "The last admin key"


class ReportNotReady(WrongState):
    """The sweep has not been analysed yet."""

    code = "report_not_ready"
    title = "The report is not ready"


class RunnerFenced(SweepServiceError):
    """The runner missed its lease, or its sweep is over: it must stop its trials and exit."""

    status_code = 409
    code = "runner_fenced"
    title = "Runner fenced"


class ReportOutOfOrder(SweepServiceError):
    """A report's sequence leaves a gap after the last one that was counted."""

    status_code = 409
    code = "report_out_of_order"
    title = "Report out of order"


class ClusterExists(SweepServiceError):
    """A cluster of that name is registered already."""

    status_code = 409
    code = "cluster_exists"
    title = "Cluster exists"


class ClusterInUse(SweepServiceError):
    """Something of an unfinished sweep may still run on the cluster."""

    status_code = 409
    code = "cluster_in_use"
    title = "Cluster in use"


class ClusterFromSettings(SweepServiceError):
    """The cluster is what SUPSWEEP_CLUSTERS says, so the API leaves it alone."""

    status_code = 409
    code = "cluster_from_settings"
    title = "Cluster of the settings"


class IdempotencyKeyReused(SweepServiceError):
    """The same Idempotency-Key came with another body."""

    status_code = 422
    code = "idempotency_key_reused"
    title = "Idempotency key reused"


class MadeMeanwhile(SweepServiceError):
    """Another request made what this one was about to make."""

    status_code = 409
    code = "made_meanwhile"
    title = "Made meanwhile"


class SecretUnreadable(SweepServiceError):
    """A secret in the database was sealed with a key that is not ours."""

    status_code = 503
    code = "secret_unreadable"
    title = "Secret unreadable"
    retry_after_seconds = 3600


class NoTracking(SweepServiceError):
    """What is asked for needs an MLflow server, and none is configured."""

    status_code = 409
    code = "no_tracking"
    title = "No MLflow server"


class TrackingAway(SweepServiceError):
    """MLflow does not answer, or refuses, and what is asked for needs it."""

    status_code = 503
    code = "tracking_away"
    title = "MLflow is away"
    retry_after_seconds = 30


class StorageAway(SweepServiceError):
    """Checkpoints cannot be reached."""

    status_code = 503
    code = "storage_away"
    title = "The storage is away"
    retry_after_seconds = 30


class Stopping(SweepServiceError):
    """The process that was asked is stopping, and has given the request up; another one answers."""

    status_code = 503
    code = "stopping"
    title = "This process is stopping"
    retry_after_seconds = 1


class DatabaseFull(SweepServiceError):
    """The disk of the database has no room."""

    status_code = 507
    code = "database_full"
    title = "Out of disk space"


class DatabaseUnavailable(SweepServiceError):
    """The database does not answer."""

    status_code = 503
    code = "database_unavailable"
    title = "Database unavailable"
    retry_after_seconds = 2


class DatabaseRefuses(DatabaseUnavailable):
    """The database answers, and lets us do nothing until somebody changes our settings or its own."""

    code = "database_refuses"
    title = "The database refuses us"
    retry_after_seconds = 60


class DatabaseTooNew(SweepServiceError):
    """The database's schema belongs to a newer release."""

    status_code = 503
    code = "database_too_new"
    title = "Database of a newer release"
    retry_after_seconds = 60
