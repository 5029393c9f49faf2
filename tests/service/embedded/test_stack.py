"""Stand-in children that live and end together: normal end, Ctrl-C, kill -9, leftovers of a killed `up`."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from service.embedded.failures import CannotRun
from service.embedded.session import Mark, members
from service.embedded.session_file import SessionRecord, clear_stale_session
from service.embedded.stack import make_short_folder, running_stack

UP = """
import sys
import time
from pathlib import Path
from service.embedded.children import ChildSpec
from service.embedded.home import Home
from service.embedded.ports import free_ports
from service.embedded.signals import end_on_signals
from service.embedded.stack import make_short_folder, running_stack

def spec(name):
    port = free_ports(1)[0]
    return ChildSpec(name, f"the {name}", [sys.executable, "-c", sys.argv[2], str(port)], {}, f"http://127.0.0.1:{port}")

end_on_signals()
try:
    with running_stack(Home(Path(sys.argv[1])), [spec("one"), spec("two")], make_short_folder()) as stack:
        print("ready", flush=True)
        stack.wait()
except KeyboardInterrupt:
    print("ended", flush=True)
"""


@pytest.fixture
def up(home, serve_with_a_daemon):
    """A process like `supsweep up`, ready, with two children that each daemonise a stubborn grandchild."""
    process = subprocess.Popen(
        [sys.executable, "-c", UP, str(home.folder), serve_with_a_daemon],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline() == "ready\n"
    yield process
    process.kill()
    process.wait()
    clear_stale_session(home, grace_seconds=0)


@pytest.fixture
def record(up, home):
    return SessionRecord.model_validate_json(home.session_file.read_text())


def test_all_four_processes_and_nothing_else_belong_to_the_session(record):
    assert len(members(Mark(record.session))) == 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_ending_signal_to_the_process_group_leaves_nothing(up, home, record, number):
    os.killpg(up.pid, number)
    assert up.communicate(timeout=30)[0] == "ended\n"
    assert up.returncode == 0
    assert members(Mark(record.session)) == []
    assert not record.temporary_folder.exists()
    assert not home.session_file.exists()


def test_impatient_signals_do_not_disturb_the_end(up, home, record):
    while up.poll() is None:
        os.killpg(up.pid, signal.SIGINT)
        time.sleep(0.02)
    assert up.returncode == 0
    assert members(Mark(record.session)) == []
    assert not home.session_file.exists()


def test_the_watchdog_ends_everything_after_kill_9(up, record, eventually):
    up.kill()
    eventually(lambda: not members(Mark(record.session)), "everything has ended")
    eventually(lambda: not record.temporary_folder.exists(), "the temporary folder is gone")


def test_the_next_up_ends_what_is_left_when_the_watchdog_was_killed_too(up, home, record):
    (watchdog,) = [child for child in psutil.Process(up.pid).children() if "watchdog" in " ".join(child.cmdline())]
    watchdog.kill()
    up.kill()
    up.wait()
    assert len(members(Mark(record.session))) == 4
    clear_stale_session(home, grace_seconds=0.2)
    assert members(Mark(record.session)) == []
    assert not record.temporary_folder.exists()
    assert not home.session_file.exists()


def test_a_normal_end_leaves_nothing(home, make_spec):
    with running_stack(home, [make_spec("one"), make_spec("two")], make_short_folder()):
        record = SessionRecord.model_validate_json(home.session_file.read_text())
        assert len(members(Mark(record.session))) == 2
    assert members(Mark(record.session)) == []
    assert list(Path(home.folder).glob("*.json")) == []


def test_a_child_that_does_not_come_up_ends_the_others(home, make_spec):
    specs = [make_spec("one"), make_spec("two", script="raise SystemExit(7)")]
    with (
        pytest.raises(CannotRun, match="the two ended with exit code 7"),
        running_stack(home, specs, make_short_folder()),
    ):
        pytest.fail("it must not become ready")
    assert not home.session_file.exists()


def test_a_killed_child_comes_back_by_itself(home, make_spec, eventually):
    with running_stack(home, [make_spec("one")], make_short_folder()):
        record = SessionRecord.model_validate_json(home.session_file.read_text())
        (first,) = members(Mark(record.session))
        first.kill()
        eventually(
            lambda: [process for process in members(Mark(record.session)) if process.pid != first.pid],
            "another process has taken its place",
        )


def test_waiting_ends_with_the_failure_of_a_child_that_cannot_be_kept_alive(home, make_spec, monkeypatch):
    monkeypatch.setattr("service.embedded.children.MAX_RESTARTS_IN_A_ROW", 0)
    with running_stack(home, [make_spec("one")], make_short_folder()) as stack:
        record = SessionRecord.model_validate_json(home.session_file.read_text())
        members(Mark(record.session))[0].kill()
        with pytest.raises(CannotRun, match="the one ended with exit code -9"):
            stack.wait()


def test_waiting_ends_when_the_children_can_no_longer_be_looked_after(home, make_spec, monkeypatch):
    def no_more_processes(*_arguments):
        raise OSError("no space for the log")

    with running_stack(home, [make_spec("one")], make_short_folder()) as stack:
        monkeypatch.setattr("service.embedded.children.Child.look", no_more_processes)
        with pytest.raises(CannotRun, match="OSError: no space for the log"):
            stack.wait()
