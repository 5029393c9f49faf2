"""The trials of both runs: SupCon on digits, of equal length whatever is drawn."""

from search_spaces.presets import digits_demo
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec

EPOCHS = 18
"""At least 4 s a trial on one core."""

LOW, HIGH = 0.3, 3.0
"""The only factor is the learning rate's multiplier: no draw changes a trial's cost."""


def workload(trials: int) -> SweepSpec:
    """A paired sweep of an even number of trials, all SupCon: two arms of the same objective."""
    arms = [
        {"name": name, "objective": "supcon", "base": {"epochs": EPOCHS, "batch_size": 128}} for name in ("one", "two")
    ]
    factor = {"kind": "float", "low": LOW, "high": HIGH, "log": True}
    document = digits_demo().model_dump(mode="json") | {
        "name": "overhead",
        "arms": arms,
        "shared": {"learning_rate_multiplier": factor},
    }
    return vary(SweepSpec.model_validate(document), design={"configurations": trials // 2})
