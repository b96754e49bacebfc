"""A real worker process, from its start to its end: no orphan, and nothing on stdout that is no reply."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from process import PACKAGE_ROOT, Process, build_request, environment


def test_an_input_that_ends_inside_a_line_is_answered(worker):
    worker.call("hello")
    worker.send(b'{"jsonrpc"')
    worker.child.stdin.close()
    assert worker.read()["error"]["data"]["code"] == "half-line"
    assert worker.child.wait(5) == 0


def test_shutdown_replies_and_ends(worker):
    assert worker.call("shutdown") == {}
    assert worker.child.wait(5) == 0


@pytest.mark.parametrize("busy", [False, True])
def test_the_end_of_the_input_ends_the_worker(worker, tmp_path, busy):
    if busy:
        worker.ask("build_organism", build_request(tmp_path / "long", steps=1_000_000))
        worker.read(120)
    worker.child.stdin.close()
    worker.child.stdout.read()
    assert worker.child.wait(10) == 0


def test_an_interrupt_from_the_terminal_is_left_to_the_parent(worker):
    worker.call("hello")
    worker.child.send_signal(signal.SIGINT)
    worker.call("hello")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's death")
def test_no_orphan_stays_when_the_parent_is_killed():
    # the input stays open in a third process, so that only the death of the parent can end the worker
    code = (
        "import subprocess, sys\n"
        "print(subprocess.Popen([sys.executable, '-m', 'recircuit_worker']).pid, flush=True)\n"
        "input()"
    )
    read_end, write_end = os.pipe()
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=read_end, stdout=subprocess.PIPE, env=environment())
    pid = int(parent.stdout.readline())
    time.sleep(2)
    assert is_running(pid)
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 5
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.close(write_end)
    os.close(read_end)
    assert not is_running(pid)


def test_stray_prints_land_on_stderr(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import recircuit_worker.server as server, os, sys\n"
        "old = server.tool_names\n"
        "def loud():\n"
        "    print('print'); os.write(1, b'raw write\\n'); os.system('echo child'); sys.stdout.write('write\\n')\n"
        "    return old()\n"
        "server.tool_names = loud\n"
    )
    with Process(PYTHONPATH=os.pathsep.join([str(tmp_path), str(PACKAGE_ROOT)])) as process:
        process.call("hello")
        process.child.stdin.close()
        said = process.child.stderr.read().decode()
        assert process.child.stdout.read() == b""
    assert {"print", "raw write", "child", "write"} <= set(said.splitlines())


def test_an_exception_is_a_fault_with_its_traceback_in_the_log(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        "import recircuit_worker.server as server\n"
        "def broken(): raise ZeroDivisionError('a bug')\n"
        "server.contract_sha256 = broken\n"
    )
    with Process(PYTHONPATH=os.pathsep.join([str(tmp_path), str(PACKAGE_ROOT)])) as process:
        process.ask("hello")
        data = process.reply()["error"]["data"]
        process.child.stdin.close()
        log = [json.loads(line) for line in process.child.stderr.read().splitlines()]
    assert (data["kind"], data["code"], data["what"]) == ("fault", "worker-exception", "ZeroDivisionError: a bug")
    assert log[0]["level"] == "error" and "Traceback" in log[0]["msg"]


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
