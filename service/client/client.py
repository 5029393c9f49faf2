"""The client of one service, over HTTP alone: the calls of every noun together."""

from service.client.audit import AuditCalls
from service.client.clusters import ClusterCalls
from service.client.events import EventCalls
from service.client.exports import ExportCalls
from service.client.keys import KeyCalls
from service.client.logs import LogCalls
from service.client.presets import PresetCalls
from service.client.reports import ReportCalls
from service.client.trials import TrialCalls
from service.client.webhooks import WebhookCalls


class SupsweepClient(
    EventCalls,
    TrialCalls,
    ReportCalls,
    ExportCalls,
    PresetCalls,
    ClusterCalls,
    LogCalls,
    KeyCalls,
    WebhookCalls,
    AuditCalls,
):
    """Calls one service with one key. Every call raises ApiError, or ServiceUnreachable after the patience."""
