"""The numbers of a preview: counts from the plan, costs from finished trials, power from simulation."""

from collections.abc import Sequence

from search_spaces.sweep_spec import SweepSpec
from service.robustness.power import ASSUMPTIONS, REFERENCE_RATIO, power_of
from service.robustness.wording import count
from service.schemas.preview import ArmPreview, Forecast, PlanPreview, PowerPreview
from service.search.costs import Cost, Job, PastTrial, estimate_cost, setting_of, work_of
from service.search.designs import PlannedTrial
from service.search.expectation import ExpectedTrial, count_pairs, expected_trials, image_passes

SECONDS_PER_HOUR = 3600.0


def describe_plan(spec: SweepSpec, plan: Sequence[PlannedTrial], past: Sequence[PastTrial]) -> PlanPreview:
    """The preview of the spec and its plan, the costs judged by the past trials."""
    expected = expected_trials(spec, plan)
    pairs = 0 if spec.design.kind == "search" else count_pairs(spec, expected)
    cost = _cost(spec, expected, past)
    wall_clock = _wall_clock(spec, cost, len(expected))
    why_no_power = _why_no_power(spec, pairs)
    return PlanPreview(
        name=spec.name,
        design=spec.design.kind,
        is_exact=spec.design.kind != "search" and spec.design.device_seconds is None,
        trials=len(expected),
        epochs=_epochs(spec, expected),
        image_passes=_image_passes(spec, expected),
        device_hours=_device_hours(cost),
        wall_clock_hours=wall_clock,
        arms=[_arm(spec, arm.name, expected, past) for arm in spec.arms],
        cuts=_cuts(spec, cost, wall_clock, len(expected), pairs),
        notes=_notes(spec, cost),
        power=None if why_no_power else _power(pairs),
        why_no_power=why_no_power,
    )


def _cost(spec: SweepSpec, expected: Sequence[ExpectedTrial], past: Sequence[PastTrial]) -> Cost | None:
    if spec.design.device_seconds is not None:
        return _given_cost(spec.design.device_seconds, len(expected))
    jobs = [
        Job(setting_of(trial.config, spec.dataset, spec.resources), work_of(trial.config, spec.dataset))
        for trial in expected
    ]
    return estimate_cost(jobs, past)


def _given_cost(device_seconds: float, trials: int) -> Cost:
    """What trials cost that train for a given time, but for their validation and test."""
    return Cost(device_seconds * trials, None, None, longest_trial=device_seconds, likeness="", past_trials=0)


def _arm(spec: SweepSpec, name: str, expected: Sequence[ExpectedTrial], past: Sequence[PastTrial]) -> ArmPreview:
    own = [trial for trial in expected if trial.arm == name]
    return ArmPreview(
        arm=name,
        trials=len(own),
        epochs=_epochs(spec, own),
        image_passes=_image_passes(spec, own),
        device_hours=_device_hours(_cost(spec, own, past)),
    )


def _epochs(spec: SweepSpec, expected: Sequence[ExpectedTrial]) -> int | None:
    return None if spec.design.device_seconds is not None else sum(trial.config.epochs for trial in expected)


def _image_passes(spec: SweepSpec, expected: Sequence[ExpectedTrial]) -> int | None:
    passes = [image_passes(trial.config, spec.dataset) for trial in expected]
    known = [amount for amount in passes if amount is not None]
    return sum(known) if len(known) == len(passes) else None


def _device_hours(cost: Cost | None) -> Forecast:
    if cost is None:
        basis = "unknown: you have no finished trial of the same encoder, dataset and kind of device"
        return Forecast(value=None, basis=basis, past_trials=0)
    if not cost.past_trials:
        basis = "design.device_seconds of every trial; validation, probe and test come on top"
        return Forecast(value=cost.value / SECONDS_PER_HOUR, basis=basis, past_trials=0)
    return Forecast(
        value=cost.value / SECONDS_PER_HOUR,
        low=None if cost.low is None else cost.low / SECONDS_PER_HOUR,
        high=None if cost.high is None else cost.high / SECONDS_PER_HOUR,
        basis=f"{count(cost.past_trials, 'finished trial')} of yours of {cost.likeness}",
        past_trials=cost.past_trials,
    )


def _wall_clock(spec: SweepSpec, cost: Cost | None, trials: int) -> Forecast:
    """The device-hours spread over as many trials as may run at once; never less than the longest trial."""
    if cost is None:
        return Forecast(value=None, basis="unknown, like the device-hours", past_trials=0)
    at_once = min(spec.resources.max_concurrent, trials)
    devices = spec.resources.devices
    shortest = cost.longest_trial / devices

    def hours(device_seconds: float | None) -> float | None:
        if device_seconds is None:
            return None
        return max(device_seconds / devices / at_once, shortest) / SECONDS_PER_HOUR

    return Forecast(
        value=hours(cost.value),
        low=hours(cost.low),
        high=hours(cost.high),
        basis=f"{count(at_once, 'trial')} at once from the start to the end, waiting for no cluster",
        past_trials=cost.past_trials,
    )


def _cuts(spec: SweepSpec, cost: Cost | None, wall_clock: Forecast, trials: int, pairs: int) -> list[str]:
    """Where a budget would cut the sweep."""
    budget, cuts = spec.budget, []
    if cost is None or wall_clock.value is None:
        return []
    hours = cost.value / SECONDS_PER_HOUR
    whole, noun = (pairs, "pair") if pairs else (trials, "trial")
    if budget.device_hours is not None and budget.device_hours < hours:
        done = int(whole * budget.device_hours / hours)
        cuts.append(f"budget.device_hours {budget.device_hours:g} ends it after about {done} of {count(whole, noun)}")
    if budget.wall_clock is not None and budget.wall_clock / SECONDS_PER_HOUR < wall_clock.value:
        done = int(whole * budget.wall_clock / SECONDS_PER_HOUR / wall_clock.value)
        minutes = budget.wall_clock / 60
        cuts.append(f"budget.wall_clock of {minutes:g} min ends it after about {done} of {count(whole, noun)}")
    longest = cost.longest_trial / spec.resources.devices
    if budget.trial_timeout is not None and budget.trial_timeout < longest:
        minutes = budget.trial_timeout / 60
        cuts.append(f"budget.trial_timeout of {minutes:g} min is less than the longest trial's {longest / 60:.3g} min")
    return cuts


def _notes(spec: SweepSpec, cost: Cost | None) -> list[str]:
    """What the numbers do not know."""
    notes = []
    if spec.design.kind == "search":
        notes.append("a search draws as it goes: counts and costs are those of the arms' centres")
    elif not spec.design.is_drawn:
        notes.append("the points are listed and not drawn: what is detected holds for points drawn at random")
    if spec.pruning.kind != "none":
        notes.append("pruned trials cost less: counts and costs are those of trials that are not")
    if spec.design.device_seconds is not None:
        notes.append("trials train for a time: how many epochs and image passes that makes is not known")
    budget = spec.budget
    if cost is None and (budget.device_hours or budget.wall_clock or budget.trial_timeout):
        notes.append("whether a budget cuts the sweep is unknown, like its cost")
    return notes


def _why_no_power(spec: SweepSpec, pairs: int) -> str | None:
    if spec.design.kind == "search":
        return "a search is not compared: its draws crowd around good regions, differently for each arm"
    if len(spec.arms) < 2:
        return "one arm has nothing to be compared with"
    return None if pairs else "the arms share no point"


def _power(pairs: int) -> PowerPreview:
    power = power_of(pairs)
    return PowerPreview(
        pairs=pairs,
        reference_ratio=REFERENCE_RATIO,
        power_at_reference=power.at_reference,
        detectable_ratio=power.detectable_ratio,
        assumptions=ASSUMPTIONS,
    )
