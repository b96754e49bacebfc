"""Doing many things in chunks that fit the memory: a chunk that does not fit is halved, and the rest goes on."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch

from recircuit_worker.engine.interface import Counts
from recircuit_worker.errors import Fault


def in_chunks(items: Sequence[int], at_once: int, run: Callable[[Sequence[int]], None], counts: Counts) -> None:
    """Runs over all items in order, `at_once` at a time or as many as the memory takes; failed tries are not counted.

    Raises:
        Fault: `out-of-memory`, where one alone does not fit.
    """
    start = 0
    while start < len(items):
        chunk, before = items[start : start + at_once], replace(counts)
        try:
            run(chunk)
        except torch.OutOfMemoryError:
            vars(counts).update(vars(before))
            if len(chunk) == 1:
                raise _too_large() from None
            at_once = len(chunk) // 2
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            continue
        start += len(chunk)


def _too_large() -> Fault:
    return Fault(
        "out-of-memory",
        "one row of one batch does not fit the memory of the device",
        why="everything else was already made as small as it can be",
        instead="use a device with more memory, shorter prompts, or a smaller dtype",
    )
