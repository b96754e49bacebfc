"""Tensors on disk: safetensors files named by the sha256 of their bytes, each with a manifest beside it.

What a tensor means (kind, axes, unit, labels, who made it of which model) is part of the bytes, so that equal numbers
of different meaning are different artifacts and a manifest cannot be swapped. What to measure belongs in the tools.
"""

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load, save

from recircuit_worker.canonical import canonical_json
from recircuit_worker.contract import ArtifactRef, Manifest, Producer
from recircuit_worker.decode import decode, encode, encode_checked
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.failures import fault_of

MAIN = "data"
MEANING = "recircuit"
"""key of the safetensors metadata; one key only, since the library writes several in no fixed order"""
DTYPES = (torch.float32, torch.float64, torch.int64, torch.int32, torch.uint8, torch.bool)
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Artifact:
    """What was read back; `tensors["data"]` is the one that the manifest describes."""

    tensors: dict[str, torch.Tensor]
    manifest: Manifest


class ArtifactWriter:
    """Writes to and reads from one folder. Several processes may share it."""

    def __init__(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refusal(
                "no-artifacts-folder",
                what=f"the artifacts folder {folder} was asked for",
                why=f"it cannot be made ({error.strerror})",
                instead="name a folder that can be written",
            ) from error
        self.folder = folder

    def write(
        self,
        kind: str,
        tensors: Mapping[str, torch.Tensor],
        *,
        axes: Sequence[str],
        unit: str,
        producer: Producer,
        labels: Mapping[str, Sequence[str]] | None = None,
    ) -> ArtifactRef:
        """Writes tensors, `data` first among them, and returns the reference; the same content twice is written once.

        Args:
            axes: one name for each axis of `data`.
            labels: names along an axis, as many as the axis is long where it is one of `data`.

        Raises:
            Fault: `nan-in-tensor`, `disk-full`, `artifact-mismatch` (the file is there and holds something else).
        """
        ready = {name: _ready(name, tensor) for name, tensor in tensors.items()}
        labels = {axis: tuple(names) for axis, names in (labels or {}).items()}
        _check_axes(ready[MAIN], axes, labels)
        ref = ArtifactRef(sha256="", kind=kind, shape=(), axes=tuple(axes), dtype="", unit=unit)
        manifest = Manifest(ref=ref, bytes=0, labels=labels, producer=producer)
        content = save(ready, metadata={MEANING: _meaning(manifest)})
        sha256 = hashlib.sha256(content).hexdigest()
        manifest = _described(Artifact(ready, manifest), sha256, content)
        if not self._holds(sha256):
            self._put(self._tensors(sha256), content)
        if not self._manifest(sha256).exists():  # last, so that a manifest always has its tensors
            text = json.dumps(encode_checked("Manifest", manifest), indent=1, ensure_ascii=False)
            self._put(self._manifest(sha256), f"{text}\n".encode())
        return manifest.ref

    def read(self, sha256: str, kind: str, *, weights_sha256: str | None = None) -> Artifact:
        """Returns an artifact, checked against its name and its meaning.

        Args:
            weights_sha256: of the model that it must come from, where that matters.

        Raises:
            Refusal: `unknown-artifact`, `wrong-kind` or `other-model`.
            Fault: `artifact-mismatch` for a file or a manifest that was changed.
        """
        artifact = self._load(sha256)
        manifest = artifact.manifest
        if manifest.ref.kind != kind:
            raise Refusal(
                "wrong-kind",
                what=f"artifact {sha256[:12]} was given as {kind}",
                why=f"it is {manifest.ref.kind}, made by {manifest.producer.tool}",
                instead=f"give the artifact of a result that holds {kind}",
            )
        if weights_sha256 not in (None, manifest.producer.weights_sha256):
            raise Refusal(
                "other-model",
                what=f"artifact {sha256[:12]} was given for the model that is open",
                why=f"it was measured on {manifest.producer.model}, whose weights are others",
                instead="measure it on this model first",
            )
        return artifact

    def _load(self, sha256: str) -> Artifact:
        if not _SHA256.fullmatch(sha256):
            raise _unknown(sha256)
        try:
            content = self._tensors(sha256).read_bytes()
            manifest: Manifest = decode("Manifest", json.loads(self._manifest(sha256).read_bytes()))
        except FileNotFoundError as error:
            raise _unknown(sha256) from error
        except (ValueError, Refusal) as error:
            raise _mismatch(sha256, "its manifest cannot be read") from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise _mismatch(sha256, "its bytes have another hash")
        artifact = Artifact(load(content), manifest)
        if _described(artifact, sha256, content) != manifest or _meaning_of(content) != _meaning(manifest):
            raise _mismatch(sha256, "its manifest tells another story than the file itself")
        return artifact

    def _holds(self, sha256: str) -> bool:
        """Whether the tensors are there already; a file of that name with other bytes is reported, never mended."""
        try:
            found = hashlib.sha256(self._tensors(sha256).read_bytes()).hexdigest()
        except FileNotFoundError:
            return False
        if found != sha256:
            raise _mismatch(sha256, "its bytes have another hash")
        return True

    def _put(self, target: Path, content: bytes) -> None:
        """Writes a file whole or not at all, and waits until it is on the disk: the record will point to it."""
        scratch = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with open(scratch, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(scratch, target)
            _sync(self.folder)
        except OSError as error:
            scratch.unlink(missing_ok=True)
            raise fault_of(error) from error

    def _tensors(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.safetensors"

    def _manifest(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.json"


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)  # the new name is an entry of the folder, which has a cache of its own
    finally:
        os.close(handle)


def _ready(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Returns the tensor as it is written, on the CPU and free of strides."""
    if tensor.dtype not in DTYPES:
        raise TypeError(f"tensor {name} is {tensor.dtype}: artifacts hold {', '.join(map(str, DTYPES))}")
    if tensor.is_floating_point() and (odd := int((~torch.isfinite(tensor)).sum())):
        raise Fault(
            "nan-in-tensor",
            f"{odd} of {tensor.numel()} numbers of tensor {name} are not finite",
            why="NaN and infinity are no measurements",
            instead="look for overflow in the model (its dtype first), then run again",
        )
    return tensor.detach().to("cpu").contiguous().clone()


def _check_axes(data: torch.Tensor, axes: Sequence[str], labels: Mapping[str, tuple[str, ...]]) -> None:
    if len(axes) != data.dim():
        raise ValueError(f"{len(axes)} axes are named for a tensor of shape {tuple(data.shape)}")
    for axis, size in zip(axes, data.shape, strict=True):
        if axis in labels and len(labels[axis]) != size:
            raise ValueError(f"{len(labels[axis])} labels for axis {axis} of length {size}")


def _described(artifact: Artifact, sha256: str, content: bytes) -> Manifest:
    """Returns the manifest with everything in it that the file itself tells."""
    data, manifest = artifact.tensors[MAIN], artifact.manifest
    shape, dtype = tuple(data.shape), str(data.dtype).removeprefix("torch.")
    ref = dataclasses.replace(manifest.ref, sha256=sha256, shape=shape, dtype=dtype)
    return dataclasses.replace(manifest, ref=ref, bytes=len(content))


def _meaning(manifest: Manifest) -> str:
    """What goes into the bytes. Versions do not: they are in the receipt, and others may give equal numbers."""
    meaning = encode(manifest)
    producer = {key: value for key, value in meaning["producer"].items() if key != "versions"}
    ref = {key: meaning["ref"][key] for key in ("kind", "axes", "unit")}
    return canonical_json({**ref, "labels": meaning["labels"], "producer": producer})


def _meaning_of(content: bytes) -> str | None:
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return header.get("__metadata__", {}).get(MEANING)


def _unknown(sha256: str) -> Refusal:
    return Refusal(
        "unknown-artifact",
        what=f"artifact {sha256[:12]} was asked for",
        why="the artifacts folder has none of that name",
        instead="give the sha256 of an artifact that a result of this run names",
    )


def _mismatch(sha256: str, why: str) -> Fault:
    return Fault(
        "artifact-mismatch",
        f"artifact {sha256[:12]} is not what its name says",
        why=f"{why}: it was changed after it was written",
        instead="restore the file, or remove it with its manifest and run again",
    )
