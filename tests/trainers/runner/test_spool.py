"""The spool: numbered batches that never change while they are not acknowledged."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from search_spaces.runner_protocol import MOST_METRICS, MOST_PER_REPORT, LostTrial, StepResult, TrialEnding
from trainers.runner.spool import MOST_BYTES, Spool


def test_batches_are_numbered_without_gaps(step: Callable[..., StepResult]) -> None:
    spool = Spool()
    for number in (1, 2, 3):
        spool.add(step("a", number))
        batch = spool.batch()
        assert (batch.sequence, [result.step for result in batch.results]) == (number, [number])
        spool.acknowledge(number)


def test_a_batch_stays_the_same_until_it_is_acknowledged(step: Callable[..., StepResult]) -> None:
    spool = Spool()
    spool.add(step("a", 1))
    first = spool.batch()
    spool.add(step("a", 2))
    assert spool.batch() == first
    spool.acknowledge(1)
    assert [result.step for result in spool.batch().results] == [2]


def test_acknowledging_twice_keeps_the_next_batch(step: Callable[..., StepResult]) -> None:
    spool = Spool()
    spool.batch()
    spool.acknowledge(1)
    spool.add(step("a"))
    spool.batch()
    spool.acknowledge(1)
    assert not spool.is_empty


def test_without_news_a_batch_is_a_heartbeat() -> None:
    batch = Spool().batch()
    assert (batch.sequence, batch.results, batch.outcomes, batch.lost) == (1, [], [], [])


def test_every_kind_of_news_has_its_list(
    step: Callable[..., StepResult], completed: Callable[[str], TrialEnding]
) -> None:
    spool = Spool()
    news = [step("a"), completed("a"), LostTrial(tune_trial_id="b", reason="killed")]
    for item in news:
        spool.add(item)
    batch = spool.batch()
    assert [*batch.results, *batch.outcomes, *batch.lost] == news


def test_endings_are_urgent_and_results_are_not(
    step: Callable[..., StepResult], completed: Callable[[str], TrialEnding]
) -> None:
    spool = Spool()
    spool.add(step("a"))
    assert not spool.is_urgent
    spool.add(completed("a"))
    assert spool.is_urgent


def test_what_was_tried_before_is_urgent() -> None:
    spool = Spool()
    spool.batch()
    assert spool.is_urgent


def test_a_long_absence_is_told_in_several_batches(step: Callable[..., StepResult]) -> None:
    spool = Spool()
    for number in range(MOST_PER_REPORT + 1):
        spool.add(step("a", number + 1))
    assert len(spool.batch().results) == MOST_PER_REPORT
    spool.acknowledge(1)
    assert [result.step for result in spool.batch().results] == [MOST_PER_REPORT + 1]


def test_a_batch_is_no_longer_than_a_service_takes(step: Callable[..., StepResult]) -> None:
    metrics = {f"val_top1_of_corruption_{number}": 0.123456789012345 for number in range(MOST_METRICS)}
    spool = Spool()
    for number in range(200):
        spool.add(step("a", number + 1).model_copy(update={"metrics": metrics}))
    delivered: list[int] = []
    while not spool.is_empty:
        batch = spool.batch()
        assert len(batch.model_dump_json().encode()) < 1.1 * MOST_BYTES
        delivered += [result.step for result in batch.results]
        spool.acknowledge(batch.sequence)
    assert delivered == list(range(1, 201))
    assert batch.sequence > 2


def test_what_is_longer_than_a_batch_goes_alone(step: Callable[..., StepResult]) -> None:
    spool = Spool()
    long = step("a").model_copy(update={"metrics": {"a" * MOST_BYTES: 1.0}})
    for news in (step("a"), long, step("a")):
        spool.add(news)
    sizes = []
    while not spool.is_empty:
        batch = spool.batch()
        sizes.append(len(batch.results))
        spool.acknowledge(batch.sequence)
    assert sizes == [1, 1, 1]


@given(st.lists(st.sampled_from(["add", "batch", "acknowledge"]), max_size=60))
def test_whatever_the_order_of_calls_everything_is_delivered_once_and_in_order(calls: list[str]) -> None:
    spool = Spool()
    added = 0
    delivered: list[str] = []

    def deliver() -> None:
        batch = spool.batch()
        delivered.extend(loss.tune_trial_id for loss in batch.lost)
        spool.acknowledge(batch.sequence)

    for call in calls:
        if call == "add":
            added += 1
            spool.add(LostTrial(tune_trial_id=str(added), reason="killed"))
        elif call == "batch":
            spool.batch()
        else:
            deliver()
    while not spool.is_empty:
        deliver()
    assert delivered == [str(number + 1) for number in range(added)]
