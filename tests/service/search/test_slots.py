"""The numbering of trials, and their seeds."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_spaces.presets import PRESETS
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec, count_trials
from service.search.slots import slots, trial_seed


@pytest.fixture
def spec() -> SweepSpec:
    design = {"configurations": 4, "replicates": 3, "replicated_fraction": 0.5}
    return vary(PRESETS["digits_demo"](), design=design)


def test_arms_alternate_within_replicates_within_points(spec: SweepSpec) -> None:
    places = [(slot.point, slot.replicate, slot.arm) for slot in slots(spec)]
    replicates = {0: 3, 1: 3, 2: 1, 3: 1}
    expected = [
        (point, replicate, arm)
        for point in range(4)
        for replicate in range(replicates[point])
        for arm in ("supcon", "cross_entropy")
    ]
    assert places == expected


def test_there_are_as_many_different_slots_as_the_spec_counts_trials(spec: SweepSpec) -> None:
    assert len(set(slots(spec))) == count_trials(spec)


@given(st.data())
def test_any_prefix_is_balanced_but_for_one_pair(
    random_specs: st.SearchStrategy[SweepSpec], data: st.DataObject
) -> None:
    spec = data.draw(random_specs)
    prefix = list(slots(spec))[: data.draw(st.integers(0, count_trials(spec)))]
    counts = [sum(slot.arm == arm.name for slot in prefix) for arm in spec.arms]
    assert max(counts) - min(counts) <= 1


def test_a_seed_is_the_start_of_the_digest_of_its_place() -> None:
    digest = hashlib.sha256(b"7/trial/3/1").hexdigest()
    assert trial_seed(7, 3, 1) == int(digest[:16], 16) % 2**31


def test_seeds_of_different_places_differ() -> None:
    seeds = {
        trial_seed(design_seed, point, replicate)
        for design_seed in range(3)
        for point in range(30)
        for replicate in range(3)
    }
    assert len(seeds) == 270
