"""A real worker process: every request one reply, whatever is sent, and no orphan."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from process import PACKAGE_ROOT, Process, build_request, open_request

from recircuit_worker.canonical import hash_of
from recircuit_worker.contract import Hello
from recircuit_worker.decode import decode, first_error
from recircuit_worker.server import tool_names
from recircuit_worker.versions import SCHEMA_FILE
from recircuit_worker.wire import MAX_LINE_BYTES


@pytest.fixture
def worker():
    with Process() as process:
        yield process


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A tiny organism with random weights, built by a worker."""
    folder = tmp_path_factory.mktemp("organism") / "tiny"
    with Process() as process:
        card = process.call("build_organism", build_request(folder), seconds=180)
    assert first_error("OrganismCard", card) is None
    return folder


def test_hello_fits_the_contract():
    with Process() as process:
        hello = decode("Hello", process.call("hello"))
    assert isinstance(hello, Hello)
    assert hello.contract_sha256 == hashlib.sha256(SCHEMA_FILE.read_bytes()).hexdigest()
    assert list(hello.tools) == tool_names()


def test_hello_and_refusals_import_no_torch(tmp_path):
    requests = [
        {"jsonrpc": "2.0", "id": 1, "method": "hello", "params": {}},
        {"jsonrpc": "2.0", "id": 2, "method": "open", "params": open_request(tmp_path / "nowhere", tmp_path)},
    ]
    code = f"""
import sys
from recircuit_worker.server import Server
from recircuit_worker.wire import read_message
server = Server()
for line in {[json.dumps(request).encode() for request in requests]!r}:
    print(server.answer(read_message(line), lambda *what: None, lambda: None).decode(), end="")
print({{"torch", "transformers", "numpy"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    hello, refusal, imported = done.stdout.splitlines()
    assert "result" in json.loads(hello) and json.loads(refusal)["error"]["data"]["code"] == "no-folder"
    assert imported == "set()"


def test_every_tool_of_the_contract_is_there():
    inputs = {
        name.removesuffix("Input") for name in json.loads(SCHEMA_FILE.read_text())["$defs"] if name.endswith("Input")
    }
    assert {"".join(word.capitalize() for word in tool.split("_")) for tool in tool_names()} == inputs


def test_hostile_lines_get_one_error_each_and_the_worker_lives_on(worker):
    hello = b'{"jsonrpc":"2.0","id":%d,"method":"hello","params":{}}\n'
    sent = [
        (b"\n", None, "not-json"),
        (b"half a li", None, None),
        (b"ne\n", None, "not-json"),
        (b'{"jsonrpc":"2.0","id":4,"method":"hello","params":[]}\n', 4, "not-a-request"),
        ('{"jsonrpc":"2.0","id":5,"method":"\u2028","params":{}}\n'.encode(), 5, "unknown-method"),
        (b"\x00\xff\n", None, "not-utf8"),
        (b'{"jsonrpc":"2.0","method":"$/cancel","params":{"id":99}}\n', None, None),
        (b"x" * (MAX_LINE_BYTES + 1) + b"\n", None, "line-too-long"),
    ]
    for raw, request_id, code in sent:
        worker.send(raw)
        if code is not None:
            message = worker.read()
            assert (message["id"], message["error"]["data"]["code"]) == (request_id, code)
    worker.send(hello % 7 + hello % 8)
    assert [worker.read()["id"], worker.read()["id"]] == [7, 8]


def test_an_input_that_ends_inside_a_line_is_answered(worker):
    worker.call("hello")
    worker.send(b'{"jsonrpc"')
    worker.child.stdin.close()
    assert worker.read()["error"]["data"]["code"] == "half-line"
    assert worker.child.wait(5) == 0


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("helo", {}, "unknown-method"),
        ("__import__", {}, "unknown-method"),
        ("hello", {"x": 1}, "bad-request"),
        ("shutdown", {"x": 1}, "bad-request"),
        ("open", {}, "bad-request"),
        ("build_organism", {}, "bad-request"),
    ],
)
def test_a_bad_request_is_refused(worker, method, params, code):
    assert worker.failure(method, params) == ("refusal", code)
    worker.call("hello")


def test_an_unknown_method_offers_the_nearest(worker):
    worker.ask("helo")
    assert worker.reply()["error"]["data"]["instead"] == "call hello"


def test_a_bad_folder_is_refused_and_a_good_one_can_follow(worker, tmp_path, model_folder):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "pytorch_model.bin").write_bytes(b"")
    artifacts = tmp_path / "artifacts"
    assert worker.failure("describe_model") == ("refusal", "not-open")
    assert worker.failure("open", open_request(tmp_path / "bad", artifacts)) == ("refusal", "pickle-weights")
    wrong = open_request(model_folder, artifacts, weights_sha256="0" * 64)
    assert worker.failure("open", wrong, seconds=120) == ("refusal", "weights-differ")
    facts = worker.call("open", open_request(model_folder, artifacts), seconds=120)["facts"]
    assert (facts["layers"], facts["heads"], facts["architecture"]) == (2, 4, "LlamaForCausalLM")
    assert worker.call("describe_model") == {"facts": facts}
    assert worker.failure("open", open_request(model_folder, artifacts)) == ("refusal", "already-open")


def test_a_slow_call_is_cancelled_while_it_computes(worker, tmp_path):
    request_id = worker.ask("build_organism", build_request(tmp_path / "long", steps=1_000_000))
    queued = worker.ask("hello")
    progress = worker.read(120)
    assert progress["method"] == "progress" and progress["params"]["id"] == request_id
    assert progress["params"]["unit"] == "steps" and progress["params"]["note"].startswith("loss")
    worker.cancel(queued)
    worker.cancel(request_id)
    for cancelled in (request_id, queued):
        message = worker.reply()
        assert (message["id"], message["error"]["data"]["kind"]) == (cancelled, "cancelled")
    assert list(tmp_path.iterdir()) == []
    worker.call("hello")


def test_a_sweep_is_cancelled_between_forwards_and_the_model_stays_open(worker, tmp_path, model_folder):
    prompts = {"kind": "in-context", "tasks": ["next-item", "previous-item"], "shots": 3, "count": 200, "seed": 1}
    worker.call("open", open_request(model_folder, tmp_path / "artifacts"), seconds=120)
    means_input = {"prompts": prompts | {"variant": "clean", "count": 8}, "only_correct": False}
    means = worker.call("mean_activations", means_input)["means"]
    manifest = decode("Manifest", json.loads((tmp_path / "artifacts" / f"{means['sha256']}.json").read_text()))
    assert (manifest.producer.tool, manifest.producer.request_sha256) == ("mean_activations", hash_of(means_input))
    sweep = {"prompts": prompts | {"variant": "shuffled"}, "source": means["sha256"]}
    sweep |= {"replace_by": "mean", "positions": [-1]}
    request_id = worker.ask("sweep_heads", sweep)
    assert worker.read()["params"]["id"] == request_id
    worker.cancel(request_id)
    assert worker.reply(5)["error"]["data"]["kind"] == "cancelled"
    files = sorted(path.name for path in (tmp_path / "artifacts").iterdir())
    assert worker.call("mean_activations", means_input)["means"] == means
    assert sorted(path.name for path in (tmp_path / "artifacts").iterdir()) == files
    assert worker.failure("sweep_heads", sweep | {"source": "f" * 64}) == ("refusal", "unknown-artifact")


def test_the_same_id_twice_is_refused_while_the_first_is_under_way(worker, tmp_path):
    request_id = worker.ask("build_organism", build_request(tmp_path / "long", steps=1_000_000))
    worker.read(120)
    worker.send(json.dumps({"jsonrpc": "2.0", "id": request_id, "method": "hello"}).encode() + b"\n")
    assert worker.reply()["error"]["data"]["code"] == "duplicate-id"
    worker.cancel(request_id)
    assert worker.reply()["error"]["data"]["kind"] == "cancelled"


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


def test_a_file_of_requests_is_answered_in_order(tmp_path, model_folder):
    def line(request_id, method, params=None):
        return json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params or {}})

    opened = line(2, "open", open_request(model_folder, tmp_path / "artifacts"))
    lines = [line(1, "hello"), opened, line(3, "describe_model"), line(4, "shutdown"), line(5, "hello")]
    done = run_batch(tmp_path, "\n".join(lines) + "\n")
    assert done.returncode == 0, done.stderr
    assert [json.loads(reply)["id"] for reply in done.stdout.splitlines()] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "exit_code", "codes"),
    [
        ("", 0, []),
        ('{"jsonrpc":"2.0","id":1,"method":"hello"}', 3, ["half-line"]),
        ('x\n{"jsonrpc":"2.0","id":1,"method":"hello"}\n', 3, ["not-json", None]),
        ('{"jsonrpc":"2.0","method":"$/cancel","params":{"id":1}}\n', 3, ["nothing-to-cancel"]),
    ],
)
def test_a_file_of_bad_requests_says_so_in_its_exit_code(tmp_path, text, exit_code, codes):
    done = run_batch(tmp_path, text)
    replies = [json.loads(reply) for reply in done.stdout.splitlines()]
    assert done.returncode == exit_code
    assert [reply.get("error", {}).get("data", {}).get("code") for reply in replies] == codes


@pytest.mark.parametrize("arguments", [["--batch"], ["--batch", "nowhere.jsonl"], ["--help"]])
def test_a_wrong_command_line_is_a_usage_error(arguments):
    command = [sys.executable, "-m", "recircuit_worker", *arguments]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == "" and done.stderr


def run_batch(folder, text):
    file = folder / "requests.jsonl"
    file.write_text(text)
    command = [sys.executable, "-m", "recircuit_worker", "--batch", str(file)]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


def environment():
    return os.environ | {"PYTHONPATH": str(PACKAGE_ROOT), "OMP_NUM_THREADS": "1"}


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
