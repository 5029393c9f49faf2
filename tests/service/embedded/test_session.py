"""Finding and ending everything of a session, however it was daemonised."""

import subprocess

import psutil

from service.embedded.session import Mark, end_members, members

DAEMONISES = """
    import os, time
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()
"""
FORGETS_ITS_ENVIRONMENT = """
    import os, sys, time
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {})
    time.sleep(600)
"""
LOSES_A_CHILD_WITHOUT_A_MARK = """
    import os, sys, time
    if os.fork() == 0:
        if os.fork() == 0:
            os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(600)"], {})
        os._exit(0)
    os.wait()
    time.sleep(600)
"""
STUBBORN = """
    import signal, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("stubborn", flush=True)
    time.sleep(600)
"""


def test_a_daemonised_grandchild_is_found_and_ended(session, start_marked, eventually):
    start_marked(session, DAEMONISES).wait(timeout=30)
    eventually(lambda: len(members(Mark(session))) == 1, "the daemon is found")
    end_members(Mark(session))
    assert members(Mark(session)) == []


def test_a_child_without_the_marker_is_found_and_ended_after_its_parent(session, start_marked, eventually):
    parent = start_marked(session, FORGETS_ITS_ENVIRONMENT)
    eventually(lambda: len(members(Mark(session))) == 2, "parent and child are found")
    known = members(Mark(session))
    parent.kill()
    parent.wait()
    end_members(Mark(session), known=known)
    assert not [one for one in known if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


def test_an_orphan_without_the_marker_is_found_by_the_process_session_it_shares(session, start_marked, eventually):
    start_marked(session, LOSES_A_CHILD_WITHOUT_A_MARK)
    eventually(lambda: len(members(Mark(session))) == 2, "the orphan is found beside the marked process")
    end_members(Mark(session))
    assert members(Mark(session)) == []


def test_what_ignores_sigterm_is_killed_after_the_grace(session, start_marked):
    process = start_marked(session, STUBBORN)
    assert process.stdout.readline() == b"stubborn\n"
    process.terminate()
    assert len(members(Mark(session))) == 1
    end_members(Mark(session), grace_seconds=0.2)
    assert members(Mark(session)) == []


def test_other_sessions_are_left_alone(session, start_marked, eventually):
    process = start_marked(session, STUBBORN)
    eventually(lambda: members(Mark(session)), "the process is found")
    end_members(Mark("another session"))
    assert process.poll() is None


def test_the_mark_of_one_child_does_not_find_its_siblings(session, start_marked, eventually):
    process = start_marked(session, STUBBORN)
    eventually(lambda: members(Mark(session)), "the process is found")
    end_members(Mark(session, "ray"))
    assert process.poll() is None


def test_an_unmarked_process_is_never_found(session):
    process = subprocess.Popen(["sleep", "600"])  # shares our process session, as any shell job would
    assert members(Mark(session)) == []
    process.kill()
    process.wait()
