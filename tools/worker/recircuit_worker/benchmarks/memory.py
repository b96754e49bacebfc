"""Peak memory of a sweep against the number of prompts, each size in a process of its own.

A process that has once used much memory may go on holding it, so peaks are only comparable between fresh ones. The
bound is the engine's own budget in bytes.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict

import torch

from recircuit_worker.benchmarks.bars import Bar, at_most
from recircuit_worker.benchmarks.clock import spend
from recircuit_worker.benchmarks.ours import Ours
from recircuit_worker.benchmarks.shapes import SHAPES, Shape, make_model
from recircuit_worker.benchmarks.told import Told
from recircuit_worker.benchmarks.work import Work, random_work
from recircuit_worker.engine.fast.memory import Budget, clean_token_bytes, find_budget, row_token_bytes

PROMPTS = (1, 4, 16, 64, 256)
LEVEL = 64
"""prompts from which on memory may not grow: several batches of them"""
FULL = 0.1
"""share of the bound above which memory is held by work and not by the process itself"""
GROWTH = 1.25
HEADER = ("prompts", "rows", "s", "peak MB beyond the model", "bound MB")
TITLE = "A head sweep in one call, peak memory of a fresh process for each number of prompts."


def run_memory(shape: Shape, device: torch.device, dtype: torch.dtype, say) -> dict:
    """Returns the report."""
    rows, bound = [], 0.0
    for prompts in PROMPTS:
        say(f"{prompts} prompts")
        found = _in_process(shape.name, device, dtype, prompts)
        bound = found["bound_bytes"] / 1e6
        peak = None if found["peak_bytes"] is None else found["peak_bytes"] / 1e6
        rows.append([prompts, found["rows"], found["seconds"], peak, bound])
    bars = _bars([row[3] for row in rows], bound)
    return {
        "about": f"Peak memory of a head sweep, {shape.about}, {shape.tokens} tokens, {dtype}",
        "tables": [{"title": TITLE, "header": HEADER, "rows": rows}],
        "notes": [
            "bound: clean passes kept, one clean pass, the rows of one chunk, and three copies of their logits, "
            "as the engine's budget allows them"
        ],
        "bars": [asdict(bar) for bar in bars],
        "agrees": all(bar.holds for bar in bars if bar.decides),
    }


def bound_bytes(work: Work, budget: Budget) -> int:
    """Returns what a sweep may hold beyond the model, whatever the number of prompts."""
    passes = budget.cache_bytes + budget.clean_tokens * clean_token_bytes(work.parts)
    rows = budget.row_tokens * row_token_bytes(work.parts)
    return passes + rows + 3 * budget.logits * work.means.element_size()


def _bars(peaks: list[float | None], bound: float) -> list[Bar]:
    if any(peak is None for peak in peaks):
        return [Bar("peak memory is not told by this system", 0, True)]
    growth = peaks[-1] / max(peaks[PROMPTS.index(LEVEL)], FULL * bound)
    return [
        at_most(f"peak at {PROMPTS[-1]} prompts, in peaks at {LEVEL}", growth, GROWTH, decides=True),
        at_most("largest peak, MB, against the bound", max(peaks), bound, decides=True),
    ]


def _in_process(shape: str, device: torch.device, dtype: torch.dtype, prompts: int) -> dict:
    command = [sys.executable, "-m", "recircuit_worker.benchmarks.memory", shape, str(device), str(dtype), str(prompts)]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ, check=True, text=True)
    return json.loads(done.stdout)


def _measure(shape_name: str, device: str, dtype: str, prompts: str) -> dict:
    from recircuit_worker.benchmarks.machine import set_up

    shape, kind = SHAPES[shape_name], getattr(torch, dtype.removeprefix("torch."))
    work = random_work(shape, make_model(shape, set_up(device, shape.threads), kind), prompts=int(prompts))
    contender, told = Ours(work), Told(work, keeps=False)
    bound = bound_bytes(work, find_budget(work.parts))
    spent = spend(lambda: contender.sweep(list(range(work.cells)), told), work.device)
    return {
        "seconds": spent.seconds,
        "peak_bytes": spent.peak_bytes,
        "bound_bytes": bound,
        "rows": work.cells * len(work.ids),
    }


if __name__ == "__main__":
    print(json.dumps(_measure(*sys.argv[1:])))
