"""How views look in MLflow: names, parameters, tags, metrics and statuses. Pure, and free of MLflow itself."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import urlsplit, urlunsplit

from search_spaces.objectives import uses_field
from search_spaces.outcomes import Outcome
from service.lifecycle import SweepState, TrialState
from service.tracking.view import Environment, Place, SweepView, TrialView

SWEEP_TAG = "supsweep.sweep_id"
KIND_TAG = "supsweep.kind"
TRIAL_TAG = "supsweep.trial"
OUTCOME_TAG = "supsweep.outcome"
"""Tags by which runs are found again and read. The kind is `sweep` or `trial`."""

MAX_PARAMETER_CHARACTERS = 6000
MAX_TAG_CHARACTERS = 5000
"""MLflow's limits; servers before 2.11 take no more of a tag."""

SWEEP_STATUSES = {
    SweepState.QUEUED: "SCHEDULED",
    SweepState.RUNNING: "RUNNING",
    SweepState.PAUSED: "SCHEDULED",
    SweepState.CANCELLING: "RUNNING",
    SweepState.ANALYSING: "RUNNING",
    SweepState.SUCCEEDED: "FINISHED",
    SweepState.FAILED: "FAILED",
    SweepState.CANCELLED: "KILLED",
}

OUTCOME_STATUSES = {
    Outcome.COMPLETED: "FINISHED",
    Outcome.PRUNED: "KILLED",
    Outcome.DIVERGED: "FAILED",
    Outcome.COLLAPSED: "FAILED",
    Outcome.INFEASIBLE: "FAILED",
    Outcome.TIMED_OUT: "KILLED",
    Outcome.FAILED: "FAILED",
    Outcome.CANCELLED: "KILLED",
}
"""MLflow knows three endings; the tag `supsweep.outcome` tells ours apart."""

COSTS = ("attempts", "device_seconds", "image_passes")
"""Final metrics that may still grow: a trial that was pruned trains on until it hears of it."""

UNENDED_STATUSES = {TrialState.PLANNED: "SCHEDULED", TrialState.RUNNING: "RUNNING"}


def trial_run_name(trial: TrialView) -> str:
    """For example `supcon #12 point 6`; replicates after the first are counted from 2."""
    replicate = f" replicate {trial.replicate + 1}" if trial.replicate else ""
    return f"{trial.arm} #{trial.number} point {trial.point}{replicate}"


def sweep_parameters(sweep: SweepView) -> dict[str, str]:
    """What distinguishes sweeps of one experiment and never changes: MLflow takes a parameter once."""
    design = sweep.spec.design
    sampler = {"sampler": design.effective_sampler} if design.kind in ("paired", "search") else {}
    values = {
        "dataset": sweep.spec.dataset.name,
        "arms": ", ".join(arm.name for arm in sweep.spec.arms),
        "metric": sweep.spec.score_metric.name,
        "design": design.kind,
        **sampler,
        "match": design.match,
        "design_seed": design.seed,
    }
    return _parameters(values)


def trial_parameters(trial: TrialView) -> dict[str, str]:
    """The fields of the configuration that its objective uses, by which trials compare, and its place."""
    config = trial.config
    used = {name: value for name, value in config.model_dump(mode="json").items() if uses_field(config.objective, name)}
    return _parameters({"arm": trial.arm, "point": trial.point, "replicate": trial.replicate, **used})


def sweep_tags(sweep: SweepView) -> dict[str, str]:
    """The sweep's id, state, reason, size and labels; who submitted it, and where to look further."""
    labels = {f"label.{name}": value for name, value in sweep.spec.labels.items()}
    return _tags(
        {
            **labels,
            SWEEP_TAG: sweep.id,
            KIND_TAG: "sweep",
            "supsweep.state": sweep.state.value,
            "supsweep.reason": sweep.reason,
            "supsweep.configurations": sweep.spec.design.configurations,
            "supsweep.replicates": sweep.spec.design.replicates,
            "supsweep.version": sweep.environment.version,
            "mlflow.user": sweep.owner,
            "mlflow.source.name": "supsweep",
            "mlflow.source.git.commit": sweep.environment.revision,
            "mlflow.note.content": f"[Sweep {sweep.id}]({sweep.link}) · [report]({sweep.link}/report)",
        }
    )


def trial_tags(trial: TrialView) -> dict[str, str]:
    """The trial's place in its sweep and on a cluster, on what it ran, and how it ended.

    Outcome and reason are empty where there is none: a trial that is tried again loses those it had.
    """
    return _tags(
        {
            **{f"supsweep.{name}": value for name, value in trial.facts.items()},
            SWEEP_TAG: trial.sweep_id,
            KIND_TAG: "trial",
            TRIAL_TAG: trial.number,
            "supsweep.arm": trial.arm,
            OUTCOME_TAG: trial.outcome.value if trial.outcome else None,
            "supsweep.reason": trial.reason,
            **(_place_tags(trial.place) if trial.place else {}),
            "mlflow.source.name": "supsweep",
            "mlflow.source.git.commit": trial.facts.get("revision"),
            "mlflow.note.content": _trial_note(trial),
        }
    )


def trial_status(trial: TrialView) -> str:
    """The status of the trial's run."""
    return OUTCOME_STATUSES[trial.outcome] if trial.outcome else UNENDED_STATUSES[trial.state]


def final_metrics_at_ms(trial: TrialView) -> int:
    """Their time: after that of the last step, which may have come in the same report, so that they are the newest."""
    assert trial.ended_at_ms is not None, f"trial {trial.number} has not ended"
    return trial.ended_at_ms + 1


def spec_file(sweep: SweepView) -> str:
    """The sweep's spec, as JSON."""
    return json.dumps(sweep.spec.model_dump(mode="json"), indent=2)


def environment_file(environment: Environment) -> str:
    """The control plane's environment, as JSON."""
    return json.dumps(asdict(environment), indent=2)


def trial_final_metrics(trial: TrialView) -> dict[str, float]:
    """The final scores and the cost of a trial that has ended."""
    cost = (float(trial.attempts), trial.device_seconds, float(trial.image_passes))
    return {**trial.scores, **dict(zip(COSTS, cost, strict=True))}


def without_credentials(url: str) -> str:
    """The URL without a user and a password, as it may be shown and logged."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _parameters(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value)[:MAX_PARAMETER_CHARACTERS] for name, value in values.items()}


def _tags(values: Mapping[str, object]) -> dict[str, str]:
    return {name: "" if value is None else str(value)[:MAX_TAG_CHARACTERS] for name, value in values.items()}


def _place_tags(place: Place) -> dict[str, object]:
    return {"supsweep.cluster": place.cluster, "supsweep.runner": place.runner_id, "supsweep.job": place.job}


def _trial_note(trial: TrialView) -> str:
    """Links, which MLflow shows as the run's description."""
    links = [f"[Trial {trial.number}]({trial.link})"]
    if trial.place is not None and trial.place.link is not None:
        links.append(f"[job {trial.place.job} on {trial.place.cluster}]({trial.place.link})")
    return " · ".join(links)
