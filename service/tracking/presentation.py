"""How views look in MLflow: names, parameters, tags, metrics and statuses. Pure, and free of MLflow itself."""

from collections.abc import Mapping

from search_spaces.objectives import uses_field
from search_spaces.outcomes import Outcome
from service.lifecycle import SweepState
from service.tracking.view import SweepView, TrialView

RUN_KEY = "supsweep.run"
"""The tag by which a run is found again: the sweep's id, for a trial followed by a slash and its number."""

MAX_PARAMETER_CHARACTERS = 6000
MAX_TAG_CHARACTERS = 5000
"""MLflow's limits; servers before 2.11 take no more of a tag."""

SWEEP_STATUSES = {
    SweepState.SUCCEEDED: "FINISHED",
    SweepState.FAILED: "FAILED",
    SweepState.CANCELLED: "KILLED",
}

TRIAL_STATUSES = {
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


def sweep_key(sweep: SweepView) -> str:
    """The value of RUN_KEY."""
    return sweep.id


def trial_key(trial: TrialView) -> str:
    """The value of RUN_KEY."""
    return f"{trial.sweep_id}/{trial.number}"


def trial_run_name(trial: TrialView) -> str:
    """For example `supcon #12 point 6`; replicates after the first are counted from 2."""
    replicate = f" replicate {trial.replicate + 1}" if trial.replicate else ""
    return f"{trial.arm} #{trial.number} point {trial.point}{replicate}"


def sweep_parameters(sweep: SweepView) -> dict[str, str]:
    """What distinguishes sweeps of one experiment."""
    design = sweep.spec.design
    sampler = {"sampler": design.effective_sampler} if design.kind in ("paired", "search") else {}
    values = {
        "dataset": sweep.spec.dataset.name,
        "arms": ", ".join(arm.name for arm in sweep.spec.arms),
        "metric": sweep.spec.score_metric.name,
        "design": design.kind,
        **sampler,
        "configurations": design.configurations,
        "replicates": design.replicates,
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
    """The sweep's id, state, reason and labels."""
    labels = {f"label.{name}": value for name, value in sweep.spec.labels.items()}
    return _tags(
        {
            **labels,
            "supsweep.sweep_id": sweep.id,
            "supsweep.state": sweep.state.value,
            "supsweep.reason": sweep.reason,
        }
    )


def trial_tags(trial: TrialView) -> dict[str, str]:
    """The trial's place and, once it has ended, how and on what."""
    return _tags(
        {
            **{f"supsweep.{name}": value for name, value in trial.facts.items()},
            "supsweep.sweep_id": trial.sweep_id,
            "supsweep.trial": trial.number,
            "supsweep.arm": trial.arm,
            "supsweep.outcome": trial.outcome.value if trial.outcome else None,
            "supsweep.reason": trial.reason,
        }
    )


def trial_final_metrics(trial: TrialView) -> dict[str, float]:
    """The final scores and the cost."""
    cost = {
        "attempts": float(trial.attempts),
        "device_seconds": trial.device_seconds,
        "image_passes": float(trial.image_passes),
    }
    return {**trial.scores, **cost}


def _parameters(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value)[:MAX_PARAMETER_CHARACTERS] for name, value in values.items()}


def _tags(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value)[:MAX_TAG_CHARACTERS] for name, value in values.items() if value is not None}
