"""Domains as Optuna sees them: each factor's distribution, and its values as coordinates of it and back.

A choice and a step of a float become an index, so that what is drawn is a value of the domain's own grid.
"""

from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import Trial

from search_spaces.arms import Arm, arm_config
from search_spaces.domains import ChoiceDomain, Domain, FloatDomain, IntDomain, Scalar
from search_spaces.space import Space, factor_order, is_active
from search_spaces.trial_config import TrialConfig

Coordinate = int | float


def distribution_of(domain: Domain) -> BaseDistribution:
    """The Optuna distribution of a factor."""
    if isinstance(domain, ChoiceDomain):
        return CategoricalDistribution(range(domain.size()))
    if isinstance(domain, IntDomain):
        high = domain.at(domain.size() - 1)
        return IntDistribution(domain.low, high, log=domain.log, step=domain.step or 1)
    size = domain.size()
    if size is not None:
        return IntDistribution(0, size - 1)
    return FloatDistribution(domain.low, domain.high, log=domain.log)


def draw_values(trial: Trial, space: Space) -> dict[str, Scalar]:
    """Drawn values by factor, from the study of `trial`; inactive factors are absent."""
    values: dict[str, Scalar] = {}
    # Sorted, because the order of keys in a document means nothing, and each draw moves the generator on.
    for name in factor_order(dict(sorted(space.items()))):
        if is_active(space[name], values):
            values[name] = value_at(space[name], _suggest(trial, name, space[name]))
    return values


def coordinates_of(arm: Arm, space: Space, config: TrialConfig) -> dict[str, Coordinate]:
    """The coordinates that `draw_values` would have had to draw for this configuration."""
    values: dict[str, Scalar] = {}
    coordinates: dict[str, Coordinate] = {}
    for name in factor_order(space):
        domain = space[name]
        if is_active(domain, values):
            coordinates[name] = _coordinate(arm, name, domain, getattr(config, name))
            values[name] = value_at(domain, coordinates[name])
    return coordinates


def value_at(domain: Domain, coordinate: Coordinate) -> Scalar:
    """The value of the factor at this coordinate."""
    is_index = isinstance(domain, ChoiceDomain) or (isinstance(domain, FloatDomain) and domain.step is not None)
    return domain.at(int(coordinate)) if is_index else coordinate


def _suggest(trial: Trial, name: str, domain: Domain) -> Coordinate:
    distribution = distribution_of(domain)
    if isinstance(distribution, CategoricalDistribution):
        return int(trial.suggest_categorical(name, distribution.choices))
    low, high, is_log = distribution.low, distribution.high, distribution.log
    if isinstance(distribution, IntDistribution):
        return int(trial.suggest_int(name, low, high, log=is_log, step=distribution.step))
    return float(trial.suggest_float(name, low, high, log=is_log))


def _coordinate(arm: Arm, name: str, domain: Domain, value: Any) -> Coordinate:
    if isinstance(domain, ChoiceDomain):
        return _choice_index(arm, name, domain, value)
    if isinstance(domain, IntDomain):
        return int(value)
    if domain.step is not None:
        return domain.index_of(value)
    return float(value)


def _choice_index(arm: Arm, name: str, domain: ChoiceDomain, value: Any) -> int:
    """The choice that a trial's configuration holds as `value`: TrialConfig makes 1.0 of 1, and True of "yes"."""
    if value in domain.values:
        return domain.values.index(value)
    held = [getattr(arm_config(arm, {name: choice}), name) for choice in domain.values]
    return held.index(value)
