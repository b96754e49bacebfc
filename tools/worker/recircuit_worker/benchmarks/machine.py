"""The machine and the versions that a figure was measured on."""

import os
import platform
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import torch

from recircuit_worker.models.load import find_devices, set_up_torch

PACKAGES = ("torch", "transformers", "transformer-lens", "nnsight")


@dataclass(frozen=True)
class Machine:
    """What a figure depends on beside the code."""

    processor: str
    cores: int
    """that this process may use"""
    threads: int
    gpu: str | None
    system: str
    python: str
    packages: dict[str, str]
    command: str


def set_up(device: str, threads: int) -> torch.device:
    """Sets torch up as the worker does and returns the device. RECIRCUIT_THREADS overrides the number of threads.

    Raises:
        Refusal: `no-such-device`.
    """
    os.environ.setdefault("RECIRCUIT_THREADS", str(threads))
    set_up_torch(0)
    return find_devices(device)[0]


def find_machine(device: torch.device, arguments: Sequence[str]) -> Machine:
    """Returns the machine of this process."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        threads=torch.get_num_threads(),
        gpu=torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        packages={name: version for name in PACKAGES if (version := _version(name))},
        command=" ".join(["python -m recircuit_worker.benchmarks.patching", *arguments]),
    )


def _processor() -> str:
    if sys.platform.startswith("linux"):
        with suppress(OSError):
            for line in Path("/proc/cpuinfo").read_text().splitlines():
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    with suppress(metadata.PackageNotFoundError):
        return metadata.version(package)
    return None
