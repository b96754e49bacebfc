"""Time and memory of one piece of work, on the device it runs on."""

import ctypes
import ctypes.util
import gc
import os
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
    others: float | None = None
    """share of this process's cores that other processes took meanwhile: what a median cannot mend"""


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


def busy_note(shares: list[float | None]) -> str:
    """Returns how much of our cores other processes took while we measured."""
    known = [share for share in shares if share is not None]
    if not known:
        return "what else ran meanwhile is not known"
    return f"other processes took {median(known):.0%} of these cores meanwhile (median; at most {max(known):.0%})"


def spend(run: Callable[[], None], device: torch.device) -> Spent:
    """Runs once. On CUDA time is between two events of the stream, and memory is torch's own count."""
    gc.collect()
    if device.type == "cuda":
        return _spend_on_cuda(run, device)
    before = reset_peak()
    begun, own, busy = time.perf_counter(), time.process_time(), _busy_seconds()
    run()
    seconds = time.perf_counter() - begun
    peak = status("VmHWM")
    others = None
    if busy is not None:
        theirs = _busy_seconds() - busy - (time.process_time() - own)
        others = max(0.0, theirs) / (seconds * len(os.sched_getaffinity(0)))
    return Spent(seconds, None if before is None or peak is None else max(0, peak - before), others)


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


def reset_peak() -> int | None:
    """Makes Linux forget the highest memory use so far; returns the use now, in bytes."""
    if not sys.platform.startswith("linux"):
        return None
    with suppress(OSError, AttributeError):
        ctypes.CDLL(ctypes.util.find_library("c")).malloc_trim(0)  # freed memory that the allocator keeps is no use
        (SELF / "clear_refs").write_text("5")
        return status("VmRSS")
    return None


def status(name: str) -> int | None:
    """Returns a size of this process as Linux tells it, in bytes."""
    with suppress(OSError):
        for line in (SELF / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return None


def _busy_seconds() -> float | None:
    """Returns the time that the cores of this process have worked, for anyone, since the machine started."""
    if not sys.platform.startswith("linux"):
        return None
    cores = {f"cpu{core}" for core in os.sched_getaffinity(0)}
    total = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *times = line.split()
        if name in cores:
            idle_and_waiting = slice(3, 5)
            total += sum(map(int, times[:8])) - sum(map(int, times[idle_and_waiting]))
    return total / os.sysconf("SC_CLK_TCK")
