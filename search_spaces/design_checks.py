"""What a design asks of the rest of the spec: refused where it would be ignored or could not work."""

from collections.abc import Sequence

from search_spaces.arms import Arm, values_of_trial_fields
from search_spaces.design import Design, Pruning
from search_spaces.space import Space
from search_spaces.vocabulary import refusal


def check_device_seconds(design: Design, pruning: Pruning, arms: Sequence[Arm], shared: Space) -> None:
    """Refuses what needs a number of epochs where every trial trains for a time."""
    if design.device_seconds is None:
        return
    for field, value, at in values_of_trial_fields(arms, shared):
        if field == "epochs" and "base" not in at:
            message = "epochs decide nothing where every trial trains for design.device_seconds"
            raise refusal(message, at=at, value=value, accepted="no epochs to draw, or another design.match")
    if pruning.kind == "hyperband":
        message = "hyperband needs to know how many epochs a trial has, which design.device_seconds leaves open"
        raise refusal(message, at=["pruning", "kind"], value="hyperband", accepted="asha, median, none")


def check_timeout(design: Design, trial_timeout: float | None, devices: float) -> None:
    """Refuses a time-out that would end every trial before its device-seconds are used."""
    if design.device_seconds is None or trial_timeout is None:
        return
    seconds = design.device_seconds / devices
    if trial_timeout <= seconds:
        message = f"budget.trial_timeout {trial_timeout:g} ends trials that are to train for {seconds:g} seconds"
        accepted = f"more than {seconds:g}"
        raise refusal(message, at=["budget", "trial_timeout"], value=trial_timeout, accepted=accepted)


def check_search(design: Design, warm_start: str | None, arms: Sequence[Arm], shared: Space) -> None:
    """Refuses trials to learn from where nothing learns, and arms that CMA-ES cannot move."""
    if warm_start is not None and (design.kind != "search" or design.sampler == "random"):
        message = f"warm_start is for a search that learns, not for design.kind {design.kind!r}"
        accepted = "design.kind search with sampler tpe, gp, cmaes or nsga2, or no warm_start"
        raise refusal(message, at=["warm_start"], value=warm_start, accepted=accepted)
    for index, arm in enumerate(arms if design.sampler == "cmaes" else []):
        factors = shared | arm.space
        if not any(one.kind != "choice" and one.when is None and one.size() != 1 for one in factors.values()):
            message = f"cmaes moves numbers alone, and arm {arm.name!r} has none without a condition"
            accepted = "a float or int factor without `when`, or sampler tpe, gp or nsga2"
            raise refusal(message, at=["arms", index, "space"], value=sorted(factors), accepted=accepted)
