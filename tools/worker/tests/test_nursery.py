"""The nursery: a forked worker is what a started one is and ends as its launcher does. Where none fits, a worker starts
by itself."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from process import Process, environment
from test_lifetime import is_running

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")


@pytest.fixture(scope="module")
def nursery(tmp_path_factory):
    with kept(tmp_path_factory.mktemp("nursery") / "folder") as address:
        yield address


@contextmanager
def kept(folder, **changes):
    folder.mkdir()
    address = folder / "socket"
    child = subprocess.Popen(
        [sys.executable, "-m", "recircuit_worker", "--nursery", str(address)], env=environment() | changes
    )
    try:
        yield address
    finally:
        child.terminate()
        child.wait(30)


def workers_of(launcher):
    """The processes other than the launcher that read its input: the worker that was forked for it, if one was."""
    pipe = os.readlink(f"/proc/{os.getpid()}/fd/{launcher.child.stdin.fileno()}")
    others = [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]
    return [pid for pid in others if pid != launcher.child.pid and reads(pid, pipe)]


def reads(pid, pipe):
    try:
        return os.readlink(f"/proc/{pid}/fd/0") == pipe
    except OSError:
        return False


def gone(pid):
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


def test_a_forked_worker_answers_as_a_started_one_does(nursery):
    with Process(RECIRCUIT_NURSERY=str(nursery)) as forked, Process() as started:
        assert forked.call("hello") == started.call("hello")
        (pid,) = workers_of(forked)
        forked.child.stdin.close()
        assert forked.child.wait(10) == 0
        assert forked.child.stdout.read() == b""
        assert gone(pid)


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGTERM])
def test_a_worker_ends_with_its_launcher(nursery, by):
    with Process(RECIRCUIT_NURSERY=str(nursery)) as launcher:
        launcher.call("hello")
        (pid,) = workers_of(launcher)
        launcher.child.send_signal(by)
        assert launcher.child.wait(5) == -by
        assert gone(pid)


def test_a_launcher_ends_as_its_worker_did(nursery):
    with Process(RECIRCUIT_NURSERY=str(nursery)) as launcher:
        launcher.call("hello")
        (pid,) = workers_of(launcher)
        os.kill(pid, signal.SIGSEGV)
        assert launcher.child.wait(5) == -signal.SIGSEGV


def test_other_settings_of_the_interpreter_need_a_worker_of_their_own(nursery):
    with Process(RECIRCUIT_NURSERY=str(nursery), OMP_NUM_THREADS="2") as process:
        process.call("hello")
        assert workers_of(process) == []


def test_a_nursery_that_is_gone_is_no_loss(tmp_path):
    with kept(tmp_path / "gone") as address:
        while not address.exists():
            time.sleep(0.02)
    assert not address.parent.exists()
    with Process(RECIRCUIT_NURSERY=str(address)) as process:
        process.call("hello")


def test_workers_end_with_a_nursery_that_is_killed(tmp_path):
    with kept(tmp_path / "killed") as address, Process(RECIRCUIT_NURSERY=str(address)) as launcher:
        launcher.call("hello")
        (pid,) = workers_of(launcher)
        os.kill(parent(parent(pid)), signal.SIGKILL)
        assert launcher.child.wait(5) == -signal.SIGKILL
        assert gone(pid)
        with Process(RECIRCUIT_NURSERY=str(address)) as alone:
            assert alone.call("hello")  # nobody listens on the socket any more


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
