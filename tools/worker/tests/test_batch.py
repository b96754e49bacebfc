"""A worker that answers a file of requests, and its command line."""

import json
import subprocess
import sys

import pytest
from process import environment, open_request


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
