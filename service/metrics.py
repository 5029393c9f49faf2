"""What one process counts of itself, in Prometheus' terms. docs/operations.md lists every name."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
STEP_BUCKETS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0)


class Metrics:
    """The counters of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.request_seconds = Histogram(
            "supsweep_http_request_duration_seconds",
            "Time until an answer began.",
            ["method", "route", "status"],
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )
        self.event_streams = Gauge(
            "supsweep_event_streams", "Event streams that clients follow.", registry=self.registry
        )
        self.step_seconds = Histogram(
            "supsweep_reconciler_step_duration_seconds",
            "Time of one step of a sweep.",
            ["state"],
            buckets=STEP_BUCKETS,
            registry=self.registry,
        )
        self.step_failures = Counter(
            "supsweep_reconciler_step_failures_total",
            "Steps of sweeps that a bug ended; they are taken again.",
            registry=self.registry,
        )
        self.claims_lost = Counter(
            "supsweep_reconciler_claims_lost_total",
            "Steps that ended because another worker had taken the sweep over.",
            registry=self.registry,
        )
