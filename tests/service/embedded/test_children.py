"""One child: ready, dead, restarted, given up. Time is passed in."""

import pytest

from service.embedded.children import MAX_RESTARTS_IN_A_ROW, STEADY_SECONDS, Child
from service.embedded.failures import CannotRun
from service.embedded.session import Mark, members


@pytest.fixture
def ready_child(make_spec, session, tmp_path, eventually):
    child = Child(make_spec(), session, tmp_path / "child.log")
    child.start(now=0.0)
    become_ready(child, 0.0, eventually)
    return child


def become_ready(child, now, eventually):
    def is_ready():
        child.look(now)
        return child.is_ready

    eventually(is_ready, "the child is ready")


def kill(child, session, now, eventually):
    """Kills the child and looks until it has noticed."""
    for process in members(Mark(session)):
        process.kill()

    def has_noticed():
        child.look(now)
        return not child.is_ready

    eventually(has_noticed, "the child's death is noticed")


def test_a_dead_child_is_started_again_after_a_pause_on_the_same_port(ready_child, session, eventually):
    kill(ready_child, session, 10.0, eventually)
    ready_child.look(now=10.1)
    assert members(Mark(session)) == []  # still pausing
    ready_child.look(now=11.0)
    become_ready(ready_child, 11.0, eventually)
    assert ready_child.restarts == 1


def test_a_child_that_keeps_dying_is_given_up_with_the_end_of_its_log(ready_child, session, eventually):
    now = 10.0
    for _ in range(MAX_RESTARTS_IN_A_ROW):
        kill(ready_child, session, now, eventually)
        now += 20.0
        ready_child.look(now)
        become_ready(ready_child, now, eventually)
    ready_child.log.write_text("the last words\n")
    with pytest.raises(CannotRun, match=r"(?s)the stand-in ended with exit code -9, after 5 restarts.*last words"):
        kill(ready_child, session, now, eventually)


def test_deaths_long_apart_are_not_in_a_row(ready_child, session, eventually):
    now = 0.0
    for _ in range(MAX_RESTARTS_IN_A_ROW + 2):
        now += STEADY_SECONDS + 1
        ready_child.look(now)
        kill(ready_child, session, now, eventually)
        now += 20.0
        ready_child.look(now)
        become_ready(ready_child, now, eventually)
    assert ready_child.restarts == MAX_RESTARTS_IN_A_ROW + 2


def test_a_child_that_dies_before_it_was_ever_ready_is_not_tried_again(make_spec, session, tmp_path, eventually):
    child = Child(make_spec(script="raise SystemExit('no such thing')"), session, tmp_path / "child.log")
    child.start(now=0.0)

    def gives_up():
        with pytest.raises(CannotRun, match=r"(?s)the stand-in ended with exit code 1\. .*child\.log.*no such thing"):
            while True:
                child.look(now=0.0)
        return True

    eventually(gives_up, "the child is given up")


def test_a_child_that_is_not_ready_in_time_is_named_with_its_log(make_spec, session, tmp_path):
    child = Child(make_spec(script="import time; time.sleep(600)", ready_seconds=5), session, tmp_path / "child.log")
    child.start(now=0.0)
    child.look(now=4.9)
    with pytest.raises(CannotRun, match=r"the stand-in was not ready within 5 seconds.*child\.log"):
        child.look(now=5.1)
    assert members(Mark(session)) == []


def test_what_a_dead_child_left_behind_is_ended_before_it_is_started_again(
    make_spec, session, tmp_path, eventually, serve_with_a_daemon
):
    child = Child(make_spec(script=serve_with_a_daemon), session, tmp_path / "child.log")
    child.start(now=0.0)
    become_ready(child, 0.0, eventually)
    child.ask_to_end()
    child.end(grace_seconds=5)
    assert len(members(Mark(session))) == 1  # the daemon
    child.look(now=1.0)
    assert members(Mark(session)) == []


def test_a_variable_of_none_is_taken_out_of_the_environment(make_spec, session, tmp_path, monkeypatch, eventually):
    monkeypatch.setenv("RAY_ADDRESS", "somebody.else:6379")
    spec = make_spec(script="import os; print(os.environ.get('RAY_ADDRESS'), flush=True); input()")
    spec.environment["RAY_ADDRESS"] = None
    child = Child(spec, session, tmp_path / "child.log")
    child.start(now=0.0)
    eventually(lambda: "None" in child.log.read_text(), "the child has printed")


def test_children_reach_each_other_past_the_users_proxy(make_spec, session, tmp_path, monkeypatch, eventually):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    script = "import os, urllib.request as u; print(u.proxy_bypass('127.0.0.1'), os.environ['NO_PROXY'], flush=True)"
    child = Child(make_spec(script=f"{script}; input()"), session, tmp_path / "child.log")
    child.start(now=0.0)
    eventually(lambda: "True intranet.example,127.0.0.1,localhost" in child.log.read_text(), "the child has printed")
