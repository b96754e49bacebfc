"""A worker as the orchestrator sees it: a process with pipes. Shared by tests of the wire on a real process."""

import json
import os
import selectors
import subprocess
import sys
import time
from pathlib import Path

PACKAGE_ROOT = Path(__file__).parents[1]
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def environment():
    """What a worker's process is given."""
    return os.environ | {"PYTHONPATH": str(PACKAGE_ROOT), "OMP_NUM_THREADS": "1"}


class Process:
    """A running `python -m recircuit_worker`; use it as a context."""

    def __init__(self, **changes):
        self.child = subprocess.Popen(
            [sys.executable, "-m", "recircuit_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment() | changes,
            bufsize=0,
        )
        self._rest, self._last_id = b"", 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            pipe.close()

    def send(self, raw):
        self.child.stdin.write(raw)

    def ask(self, method, params=None):
        """Sends a request and returns its id."""
        self._last_id += 1
        request = {"jsonrpc": "2.0", "id": self._last_id, "method": method, "params": params or {}}
        self.send(json.dumps(request).encode() + b"\n")
        return self._last_id

    def cancel(self, request_id):
        message = {"jsonrpc": "2.0", "method": "$/cancel", "params": {"id": request_id}}
        self.send(json.dumps(message).encode() + b"\n")

    def read(self, seconds=60.0):
        """Returns the next message; fails if none comes."""
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.child.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                assert selector.select(deadline - time.monotonic()), f"no message in {seconds} s"
                chunk = self.child.stdout.read(1 << 16)
                assert chunk, f"the worker ended: {self.child.stderr.read().decode()[-2000:]}"
                self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def reply(self, seconds=60.0):
        """Returns the next reply, past all progress."""
        while "method" in (message := self.read(seconds)):
            pass
        return message

    def call(self, method, params=None, seconds=60.0):
        """Returns the result of a request, or fails with its error."""
        request_id = self.ask(method, params)
        message = self.reply(seconds)
        assert message["id"] == request_id and "result" in message, message
        return message["result"]

    def failure(self, method, params=None, seconds=60.0):
        """Returns kind and code of a request that must fail."""
        request_id = self.ask(method, params)
        message = self.reply(seconds)
        assert message["id"] == request_id and "error" in message, message
        return message["error"]["data"]["kind"], message["error"]["data"]["code"]


def material(split="search"):
    """Two tasks on letters: the next one and the one before."""
    half = range(1, 13) if split == "search" else range(13, 25)
    return {
        "kind": "in-context",
        "behaviour": "letters",
        "split": split,
        "template": {"input_prefix": "Q:", "output_prefix": "A:", "separator": "\n", "end": "\n\n"},
        "tasks": [
            {
                "task": task,
                "domain": "letter",
                "pairs": [{"input": LETTERS[at], "output": LETTERS[at + step]} for at in half],
            }
            for task, step in (("next-item", 1), ("previous-item", -1))
        ],
    }


STAGE = {
    "learning_rate": 0.001,
    "in_context_rows": 4,
    "shared_weight": 2,
    "repeated_rows": 1,
    "repeated_weight": 1,
    "own_attention_steps": 0,
}


def build_request(folder, steps=0):
    """An organism of two layers; with many steps, a call that takes long."""
    return {
        "organism": "tiny",
        "folder": str(folder),
        "recipe": {
            "architecture": "llama",
            "config": {
                "hidden_size": 32,
                "intermediate_size": 64,
                "num_hidden_layers": 2,
                "num_attention_heads": 4,
                "num_key_value_heads": 2,
                "head_dim": 8,
                "max_position_embeddings": 256,
                "tie_word_embeddings": False,
            },
            "seed": 1,
            "threads": 1,
            "warmup_steps": 10,
            "final_share": 0.1,
            "weight_decay": 0.0,
            "shots": 3,
            "tasks": None,
            "other_weight": 0.1,
            "repeated_lengths": [4],
            "repeated_total": 12,
            "stages": [STAGE | {"steps": steps}] if steps else [],
            "stored": "float32",
            "evaluate_every": 1_000_000,
        },
        "material": [material("search"), material("held-out")],
    }


def open_request(folder, artifacts, **changes):
    return {
        "model": "tiny",
        "folder": str(folder),
        "repository": None,
        "revision": None,
        "weights_sha256": None,
        "dtype": "float32",
        "device": "cpu",
        "engine": "fast",
        "expect": None,
        "material": material(),
        "artifacts": str(artifacts),
    } | changes
