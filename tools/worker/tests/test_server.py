"""A real worker process: every request one reply, whatever is sent."""

import hashlib
import json
import subprocess
import sys

import pytest
from process import build_request, environment, open_request

from recircuit_worker.canonical import hash_of
from recircuit_worker.contract import Hello
from recircuit_worker.decode import decode
from recircuit_worker.server import tool_names
from recircuit_worker.versions import SCHEMA_FILE
from recircuit_worker.wire import MAX_LINE_BYTES


def test_hello_fits_the_contract(worker):
    hello = decode("Hello", worker.call("hello"))
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
