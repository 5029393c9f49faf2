"""Optuna's samplers by the names that a spec gives them."""

import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from service.errors import SweepServiceError

SMALLEST_POPULATION, LARGEST_POPULATION = 8, 50
"""Of NSGA-II: the largest is Optuna's own, with which a search of fifty trials would be a random one."""
GENERATIONS = 10
"""How many NSGA-II gets out of a search whose length allows it."""
LEAST_WARM_TRIALS = 10
"""CMA-ES begins where the best tenth of them lies."""


class SamplerUnavailable(SweepServiceError):
    """The sampler needs a library that this service is installed without."""

    status_code = 422
    code = "sampler_unavailable"
    title = "Sampler unavailable"


def make_sampler(name: str, seed: int, configurations: int, warm_trials: Sequence[FrozenTrial] = ()) -> BaseSampler:
    """The sampler for one suggestion of a search that draws so many configurations.

    `warm_trials` say where cmaes begins. Raises SamplerUnavailable.
    """
    match name:
        case "random":
            return RandomSampler(seed=seed)
        case "tpe":
            # The liar keeps trials that run at once apart. Factors without a condition are modelled together
            # (multivariate, Optuna's default for one objective), conditional ones each alone.
            return TPESampler(seed=seed, constant_liar=True)
        case "gp":
            if find_spec("torch") is None:
                raise SamplerUnavailable(
                    "design.sampler gp needs PyTorch beside the service, which is installed without it; accepted: "
                    "tpe, cmaes, nsga2, random, or a service with the extra supsweep[gp]"
                )
            return GPSampler(seed=seed, warn_independent_sampling=False)
        case "nsga2":
            return NSGAIISampler(seed=seed, population_size=population_size(configurations))
    assert name == "cmaes", f"no code for the sampler {name}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        source = list(warm_trials) if len(warm_trials) >= LEAST_WARM_TRIALS else None
        return CmaEsSampler(seed=seed, source_trials=source, warn_independent_sampling=False)


def initial_attributes(sampler: BaseSampler) -> dict[str, Any]:
    """What a trial must carry that the sampler did not draw and is to learn from: for NSGA-II its first generation."""
    return {sampler._get_generation_key(): 0} if isinstance(sampler, NSGAIISampler) else {}


def population_size(configurations: int) -> int:
    """How many trials NSGA-II draws per generation."""
    return min(max(configurations // GENERATIONS, SMALLEST_POPULATION), LARGEST_POPULATION)
