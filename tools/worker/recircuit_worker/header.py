"""The header of a safetensors file, checked by hand before any library opens the file.

A header is a length, then JSON: names, types, shapes and offsets. It is read as data and every offset is held against
the size of the file; tensors are not read here.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recircuit_worker.errors import Refusal

MAX_HEADER_BYTES = 100_000_000  # the limit of the safetensors library
ITEM_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E8M0"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32"), 4),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 8),
}


@dataclass(frozen=True)
class _Span:
    start: int
    end: int


def check_header(file: Path) -> frozenset[str]:
    """Returns the names of the tensors of a file.

    Raises:
        Refusal: `oversized-header`, `truncated-weights` or `bad-header`.
    """
    size = file.stat().st_size
    with file.open("rb") as stream:
        prefix = stream.read(8)
        if len(prefix) < 8:
            raise _refused("truncated-weights", file, f"it has {size} bytes, fewer than the length of its header needs")
        length = int.from_bytes(prefix, "little")
        if length > MAX_HEADER_BYTES:
            raise _refused(
                "oversized-header", file, f"its header claims {length} bytes; the limit is {MAX_HEADER_BYTES}"
            )
        if length > size - 8:
            raise _refused("truncated-weights", file, f"its header claims {length} bytes and the file has {size}")
        header = _parse(file, stream.read(length))
    header.pop("__metadata__", None)
    spans = sorted(
        (_span(file, name, entry) for name, entry in header.items()), key=lambda span: (span.start, span.end)
    )
    _check_spans(file, spans, size - 8 - length)
    return frozenset(header)


def _parse(file: Path, text: bytes) -> dict[str, Any]:
    try:
        header = json.loads(text, object_pairs_hook=_no_key_twice)
    except (ValueError, RecursionError) as error:
        raise _refused("bad-header", file, f"its header is not JSON ({error})") from error
    if not isinstance(header, dict):
        raise _refused("bad-header", file, "its header is no JSON object")
    return header


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _span(file: Path, name: str, entry: Any) -> _Span:
    """Returns where a tensor lies, after its shape was held against its length."""
    name = name[:80]
    if not isinstance(entry, dict) or not {"dtype", "shape", "data_offsets"} <= set(entry):
        raise _refused("bad-header", file, f"tensor {name!r} lacks a type, a shape or offsets")
    shape, offsets = entry["shape"], entry["data_offsets"]
    if str(entry["dtype"]) not in ITEM_BYTES:
        raise _refused("bad-header", file, f"tensor {name!r} has a type that is not known")
    if not _are_sizes(shape) or not _are_sizes(offsets) or len(offsets) != 2:
        raise _refused("bad-header", file, f"tensor {name!r} has a shape or offsets that are no whole numbers")
    start, end = offsets
    if end - start != math.prod(shape) * ITEM_BYTES[entry["dtype"]]:
        raise _refused("bad-header", file, f"the shape of tensor {name!r} does not fit its {end - start} bytes")
    return _Span(start, end)


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _check_spans(file: Path, spans: list[_Span], size: int) -> None:
    """Tensors lie end to end and fill the file: no gap can hide anything, no two share bytes."""
    at = 0
    for span in spans:
        if span.start != at:
            raise _refused("bad-header", file, f"its tensors leave a gap or overlap at byte {span.start} of the data")
        at = span.end
    if at > size:
        raise _refused("truncated-weights", file, f"its header points to {at} bytes of data and the file has {size}")
    if at < size:
        raise _refused("bad-header", file, f"{size - at} bytes after its last tensor belong to nothing")


def _refused(code: str, file: Path, why: str) -> Refusal:
    return Refusal(
        code,
        what=f"the weights file {file.name} was checked",
        why=why,
        instead="fetch the file again from its source and compare its hash",
    )
