"""The command: `python -m recircuit_worker.benchmarks.patching --shape gpt2-small`.

Prints tables, writes a JSON report, and ends with 0 if the numbers agree. A missed time is printed and ends with 0 too.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

# Read once, when torch starts. Threads that spin while they wait for one that another process has pushed aside make
# everyone's times several times as long, and not by the same factor.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from recircuit_worker.benchmarks.growth import run_growth
from recircuit_worker.benchmarks.machine import set_up
from recircuit_worker.benchmarks.memory import run_memory
from recircuit_worker.benchmarks.paths import run_paths
from recircuit_worker.benchmarks.protocol import run_protocol
from recircuit_worker.benchmarks.report import print_report, write_report
from recircuit_worker.benchmarks.rounds import ROUNDS
from recircuit_worker.benchmarks.shapes import SHAPES, THREADS
from recircuit_worker.benchmarks.sweep import run_sweep
from recircuit_worker.errors import Refusal

WHAT = {"sweep": "gpt2-small", "protocol": "icl-gemma2", "memory": "gpt2-small", "growth": None, "paths": None}
"""what can be measured, and on which shape unless another is named; None: on shapes of its own"""
DEFAULT_OUT = Path("runs") / "benchmarks"


def main(arguments: Sequence[str]) -> int:
    """Returns the exit code: 0, 1 if numbers do not agree, 3 if refused."""
    asked = _parse(arguments)
    try:
        device = set_up(asked.device, SHAPES[asked.shape].threads if asked.shape else THREADS)
        found = _run(asked, device)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 3
    name = "-".join(part for part in (asked.what, asked.shape, device.type) if part)
    report = write_report(found, name, device, arguments, Path(asked.out))
    print_report(report)
    return 0 if report["agrees"] else 1


def _run(asked: argparse.Namespace, device: torch.device) -> dict:
    # The committed bars are for float32 on a CPU and for bfloat16 on a GPU, as people run these models.
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    if asked.what == "growth":
        return run_growth(device, dtype, _say, asked.rounds)
    if asked.what == "paths":
        return run_paths(device, _say, asked.rounds)
    shape = SHAPES[asked.shape]
    if asked.what == "memory":
        return run_memory(shape, device, dtype, _say)
    if asked.what == "protocol":
        return run_protocol(shape, device, dtype, _say)
    return run_sweep(shape, device, dtype, _say, rounds=asked.rounds, rivals=asked.rivals == "all")


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="recircuit_worker.benchmarks.patching", description=__doc__.split("\n")[0])
    parser.add_argument("--what", choices=list(WHAT), default="sweep")
    parser.add_argument("--shape", choices=list(SHAPES))
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    parser.add_argument("--rivals", choices=("all", "none"), default="all", help="none: without other libraries")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--out", default=str(DEFAULT_OUT), help="folder of the JSON report")
    asked = parser.parse_args(arguments)
    if asked.shape and WHAT[asked.what] is None:
        parser.error(f"--what {asked.what} has shapes of its own: leave --shape out")
    asked.shape = asked.shape or WHAT[asked.what]
    return asked


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
