"""Finished chunks of a call that was cut off: when the same call comes again, they are read instead of run.

A sweep of an hour that loses its machine after fifty minutes then goes on for ten. Chunks that take less than a moment
are not written. The caller names a folder that belongs to one request on one model, and removes it at the end. With
other memory chunks are others, so each file says which edits of which prompts it holds, to the last bit.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from recircuit_worker.engine.batches import Batch
from recircuit_worker.engine.interface import Counts, Edit

LEAST_SECONDS = 2.0
"""a chunk of less is run again sooner than it is worth a file"""
Told = tuple[Tensor, ...]
Part = tuple[list[int], Told]
"""sets, and what was told of them: (1 + set, prompt, ...), the clean row first"""


class Finished:
    """Chunks of one call. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None = None, least_seconds: float = LEAST_SECONDS) -> None:
        self._folder, self._least = folder, least_seconds
        self._calls = 0

    def next_call(self) -> int:
        """Returns the place of the present run of sets within the call; the order is always the same."""
        self._calls += 1
        return self._calls

    def parts(
        self, name: Sequence[object], asked: Callable[[], str], counts: Counts, run: Callable[[], list[Part]]
    ) -> list[Part]:
        """Returns the parts of a chunk, read if a run that was cut off has left them, and counted either way.

        Args:
            name: places of the chunk in the call.
            asked: returns the digest of all that the chunk's numbers follow from; only asked where there is a file.
        """
        if self._folder is None:
            return run()
        file = self._folder / f"{hashlib.sha256(json.dumps(list(name)).encode()).hexdigest()[:32]}.safetensors"
        kept = _read(file)
        if kept is not None and kept[2] == asked():
            parts, counted, _ = kept
            for key, number in counted.items():
                setattr(counts, key, getattr(counts, key) + number)
            return parts
        before, started = {name: getattr(counts, name) for name in _COUNTED}, time.monotonic()
        parts = run()
        if time.monotonic() - started >= self._least:
            _write(file, parts, {name: getattr(counts, name) - number for name, number in before.items()}, asked())
        return parts


_COUNTED = tuple(field.name for field in fields(Counts) if field.name != "noise")


def digest(sets: Sequence[Sequence[Edit]], batch: Batch, only: Tensor | None) -> str:
    """Returns the SHA-256 of these edits of these prompts, and of what is asked about them."""
    found = hashlib.sha256()

    def add(part: object) -> None:
        if isinstance(part, Tensor):
            add((tuple(part.shape), str(part.dtype)))
            found.update(part.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        else:
            found.update(repr(part).encode())

    for part in (batch.ids, batch.mask, batch.scored, batch.targets, only):
        add(part)
    for edits in sets:
        add(len(edits))
        for edit in edits:
            for name in ("site", "layer", "op", "value", "head", "positions"):
                add(getattr(edit, name))
    return found.hexdigest()


def _write(file: Path, parts: list[Part], counted: dict[str, int], asked: str) -> None:
    tensors = {f"{i}.{j}": tensor.contiguous() for i, (_, told) in enumerate(parts) for j, tensor in enumerate(told)}
    about = json.dumps({"sets": [sets for sets, _ in parts], "counted": counted, "asked": asked})
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(f".{os.getpid()}.tmp")
    save_file(tensors, beside, metadata={"about": about})
    beside.replace(file)


def _read(file: Path) -> tuple[list[Part], dict[str, int], str] | None:
    """Returns a chunk, or None where there is none or it cannot be read: it is run again then."""
    if not file.exists():
        return None
    try:
        with safe_open(file, framework="pt") as stored:
            about = json.loads(stored.metadata()["about"])
            tensors = {key: stored.get_tensor(key) for key in stored.keys()}
    except (SafetensorError, OSError, KeyError, ValueError, TypeError):
        return None
    parts = []
    for index, sets in enumerate(about["sets"]):
        told = sum(key.startswith(f"{index}.") for key in tensors)
        parts.append((sets, tuple(tensors[f"{index}.{place}"] for place in range(told))))
    return parts, about["counted"], about.get("asked", "")
