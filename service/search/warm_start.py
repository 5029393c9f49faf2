"""What a search learns from the trials of an earlier sweep before it has any of its own."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from search_spaces.arms import Arm, arm_config
from search_spaces.datasets import DatasetSpec
from search_spaces.domains import Scalar
from search_spaces.outcomes import SCORED_AT_CHANCE, Outcome
from search_spaces.space import Space
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.errors import SweepServiceError
from service.search.coordinates import coordinates_of, value_at
from service.search.matching import matched_fields
from service.search.samplers import LEAST_WARM_TRIALS
from service.search.study import PastTrial


class CannotWarmStart(SweepServiceError):
    """The earlier sweep has nothing that this one could learn from."""

    status_code = 422
    code = "cannot_warm_start"
    title = "Cannot start from the earlier sweep"


def warm_trials(spec: SweepSpec, earlier: Sequence[PastTrial]) -> list[PastTrial]:
    """The trials that arms of the spec could have drawn themselves, each under the name of the arm it tells something.

    `earlier` are the trials of another sweep with their values of this sweep's metrics. What ended without a score,
    and what lies outside of the arm's space, is left out; so is what was trained for another time.
    """
    scored = [past for past in earlier if _is_scored(past)]
    return [
        replace(past, arm=arm.name, curve={}, attributes={})
        for arm in spec.arms
        for past in _drawable(spec, arm, scored)
    ]


def check_warm_start(spec: SweepSpec, earlier_spec: SweepSpec, earlier: Sequence[PastTrial]) -> None:
    """Raises CannotWarmStart where scores do not compare, or too few trials tell anything."""
    for name, one, other in [
        ("dataset", _images(spec), _images(earlier_spec)),
        ("evaluation.probe", spec.evaluation.probe, earlier_spec.evaluation.probe),
    ]:
        if one != other:
            raise CannotWarmStart(
                f"warm_start {spec.warm_start!r} has another {name}, so its scores do not compare; accepted: a sweep "
                f"with the same {name}, or no warm_start"
            )
    found = Counter(past.arm for past in warm_trials(spec, earlier))
    least = LEAST_WARM_TRIALS if spec.design.sampler == "cmaes" else 1
    most = max(found.values(), default=0)
    if most < least:
        raise CannotWarmStart(
            f"warm_start {spec.warm_start!r} has {most} finished trials that lie in the space of an arm with the same "
            f"objective; accepted: a sweep with at least {least}, or no warm_start"
        )


def _is_scored(past: PastTrial) -> bool:
    return past.outcome in SCORED_AT_CHANCE or (past.outcome is Outcome.COMPLETED and past.scores is not None)


def _drawable(spec: SweepSpec, arm: Arm, earlier: Sequence[PastTrial]) -> list[PastTrial]:
    """Those that the arm could have drawn."""
    space, matched = spec.space_of(arm), matched_fields(spec, arm)
    return [past for past in earlier if _could_draw(arm, space, matched, past.config)]


def _could_draw(arm: Arm, space: Space, matched: Mapping[str, Scalar], config: TrialConfig) -> bool:
    """Whether some draw of the arm's factors gives this configuration, its seed aside."""
    if config.objective != arm.objective:
        return False
    try:
        coordinates = coordinates_of(arm, space, config)
    except ValueError:  # none of the listed choices
        return False
    values = {name: value_at(space[name], coordinate) for name, coordinate in coordinates.items()}
    is_within = all(space[name].contains(value) for name, value in values.items())
    return is_within and arm_config(arm, {**matched, **values}, config.seed) == config


def _images(spec: SweepSpec) -> DatasetSpec:
    """The images wherever they lie."""
    return spec.dataset.model_copy(update={"root": None, "download": False})
