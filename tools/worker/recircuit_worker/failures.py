"""Turns any exception into the failure that travels: a kind, a stable code, and what, why and instead.

The only place that knows what foreign libraries raise. It never imports torch, so that it also works while that fails.
"""

import errno
import traceback

from recircuit_worker.errors import Cancelled, Fault, Refusal
from recircuit_worker.log import log

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def failure_of(error: BaseException) -> dict[str, str]:
    """Returns the `data` of an error reply. Contract: never raises; no field is empty."""
    if isinstance(error, Cancelled):
        return _failure("cancelled", "cancelled", "the request was cancelled", "the caller asked to stop", "ask again")
    if isinstance(error, Refusal):
        return _failure("refusal", error.code, error.what, error.why, error.instead)
    if not isinstance(error, Fault):
        log("error", "".join(traceback.format_exception(error)))
        error = fault_of(error)
    return _failure("fault", error.code, error.what, error.why, error.instead)


def fault_of(error: BaseException) -> Fault:
    """Returns the fault that says what an exception of Python, torch or safetensors means."""
    text = _one_line(error)
    if _is_disk_full(error):
        return Fault(
            "disk-full",
            f"a file could not be written ({text})",
            why="the disk or the quota is full; nothing half-written was left under its final name",
            instead="free some space and run again",
        )
    if _is_out_of_memory(error):
        return Fault(
            "out-of-memory",
            f"the memory of the device did not suffice ({text})",
            why="the model, its activations and the batch do not fit together",
            instead="ask for fewer prompts, or use a device with more memory",
        )
    return Fault(
        "worker-exception",
        f"{type(error).__name__}: {text}" if text else type(error).__name__,
        why="the worker's code raised it and does not know how to go on",
        instead="read the traceback in the worker's log and report it",
    )


def _is_disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in DISK_FULL
    # safetensors wraps the system's error in its own type and keeps only the text
    return type(error).__name__ == "SafetensorError" and any(f"os error {code}" in str(error) for code in DISK_FULL)


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    # torch has no type of its own for this on the CPU
    return isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error)


def _one_line(error: BaseException) -> str:
    return _plain(" ".join(str(error).split()), 500)


def _plain(text: str, limit: int = 2000) -> str:
    """Names of files and tensors are foreign text: escape and direction codes in them must not reach a terminal."""
    text = "".join(letter if letter.isprintable() else "?" for letter in text[: limit + 1])
    return text if len(text) <= limit else f"{text[:limit]} ..."


def _failure(kind: str, code: str, what: str, why: str, instead: str) -> dict[str, str]:
    sentences = {"what": what, "why": why, "instead": instead}
    return {"kind": kind, "code": code} | {name: _plain(text) or "not said" for name, text in sentences.items()}
