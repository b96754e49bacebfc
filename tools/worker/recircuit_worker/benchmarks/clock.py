"""Time and memory of one piece of work, on the device it runs on."""

import ctypes
import ctypes.util
import gc
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch

SELF = Path("/proc/self")


@dataclass(frozen=True)
class Spent:
    """What one run cost."""

    seconds: float
    peak_bytes: int | None
    """most memory held beyond what was held before; None where the system does not tell"""


@dataclass(frozen=True)
class Seconds:
    """Wall time of a sweep over several rounds."""

    median: float
    least: float
    most: float
    rounds: int


def summed_up(seconds: list[float]) -> Seconds:
    """Returns the median and the spread."""
    return Seconds(median(seconds), min(seconds), max(seconds), len(seconds))


def spend(run: Callable[[], None], device: torch.device) -> Spent:
    """Runs once. On CUDA time is between two events of the stream, and memory is torch's own count."""
    gc.collect()
    if device.type == "cuda":
        return _spend_on_cuda(run, device)
    before = _reset_peak()
    begun = time.perf_counter()
    run()
    seconds = time.perf_counter() - begun
    peak = _status("VmHWM")
    return Spent(seconds, None if before is None or peak is None else max(0, peak - before))


def _spend_on_cuda(run: Callable[[], None], device: torch.device) -> Spent:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    torch.cuda.synchronize(device)
    torch.cuda.reset_peak_memory_stats(device)
    before = torch.cuda.memory_allocated(device)
    begin.record()
    run()
    end.record()
    torch.cuda.synchronize(device)
    return Spent(begin.elapsed_time(end) / 1000, torch.cuda.max_memory_allocated(device) - before)


def _reset_peak() -> int | None:
    """Makes Linux forget the highest memory use so far; returns the use now, in bytes."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):
        ctypes.CDLL(ctypes.util.find_library("c")).malloc_trim(0)  # freed memory that the allocator keeps is no use
        (SELF / "clear_refs").write_text("5")
        return _status("VmRSS")
    return None


def _status(name: str) -> int | None:
    with suppress(OSError):
        for line in (SELF / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None
