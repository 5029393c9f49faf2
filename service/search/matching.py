"""Matching: makes the arms of a comparison cost the same, by training the cheaper ones for longer."""

import math
from collections.abc import Mapping

from pydantic import ValidationError

from search_spaces.arms import Arm
from search_spaces.design import Design
from search_spaces.domains import Scalar
from search_spaces.objectives import views_per_image
from search_spaces.space import held_value
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.errors import SweepServiceError


class CannotMatch(SweepServiceError):
    """Matching the arms would give one of them more epochs than a trial may have."""

    status_code = 422
    code = "cannot_match"
    title = "The arms cannot be matched"


def match_arms(design: Design, configs: Mapping[str, TrialConfig]) -> dict[str, TrialConfig]:
    """Arm → configuration, with what `design.match` names made equal. Raises CannotMatch.

    epochs: nothing changes. device_seconds: every arm trains for those of the design. image_passes: every arm trains
    the fewest whole epochs that pass as many views of each image through the encoder as the arm that passes most; its
    warm-up keeps its share of the epochs, so that the schedule is stretched and not reshaped.
    """
    if design.match == "epochs":
        return dict(configs)
    if design.match == "device_seconds":
        given = {"device_seconds": design.device_seconds}
        return {arm: config.model_copy(update=given) for arm, config in configs.items()}
    most_views = max(views_per_image(config.objective) * config.epochs for config in configs.values())
    return {arm: _stretched(arm, config, most_views) for arm, config in configs.items()}


def match_centre(spec: SweepSpec, arm: Arm) -> TrialConfig:
    """The arm's base, matched with those of the others: in a search arms share no points. Raises CannotMatch."""
    return match_arms(spec.design, {other.name: spec.base_config(other) for other in spec.arms})[arm.name]


def matched_fields(spec: SweepSpec, arm: Arm) -> dict[str, Scalar]:
    """What a trial of a search trains for: as its arm's matched centre, unless it draws epochs itself."""
    centre = match_centre(spec, arm)
    return {name: getattr(centre, name) for name in ("epochs", "warmup_epochs", "device_seconds")}


def most_epochs(spec: SweepSpec, arm: Arm) -> int:
    """The most epochs that a trial of a search may train; drawn epochs are not matched."""
    domain = spec.space_of(arm).get("epochs")
    drawn: list[int] = [] if domain is None else [held_value("epochs", value) for value in domain.extremes()]
    return max([*drawn, match_centre(spec, arm).epochs])


def _stretched(arm: str, config: TrialConfig, views: int) -> TrialConfig:
    epochs = math.ceil(views / views_per_image(config.objective))
    warmup_epochs = config.warmup_epochs * epochs / config.epochs
    document = {**config.model_dump(), "epochs": epochs, "warmup_epochs": warmup_epochs}
    try:
        return TrialConfig.model_validate(document)
    except ValidationError as error:
        raise CannotMatch(
            f"design.match image_passes gives arm {arm!r} {epochs:,} epochs; accepted: at most 10,000, "
            "so fewer epochs in the other arms, or design.match epochs"
        ) from error
