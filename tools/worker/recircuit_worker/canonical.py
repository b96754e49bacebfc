"""Canonical JSON and its hash, byte for byte as `src/contract/canonical.ts` spells it.

A request has one hash in the record and in an artifact's manifest, whichever side computed it.
"""

import hashlib
import json
import math
import re
from decimal import Decimal
from typing import Any

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def canonical_json(value: Any) -> str:
    """Returns JSON with keys in UTF-16 order, no white space and JavaScript's number spelling.

    Raises:
        ValueError: for NaN and infinities.
        TypeError: for anything that JSON cannot carry.
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
        return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, (list, tuple)):
        return f"[{','.join(canonical_json(item) for item in value)}]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return f"{{{','.join(f'{canonical_json(key)}:{canonical_json(value[key])}' for key in keys)}}}"
    raise TypeError(f"a {type(value).__name__} has no JSON spelling")


def hash_of(value: Any) -> str:
    """Returns the sha256 of a value's canonical JSON, as hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def _number(value: int | float) -> str:
    """ECMA-262, Number::toString: the shortest digits that read back, plain between 1e-7 and 1e21."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} has no JSON spelling; use null with a reason")
    if number == 0:
        return "0"
    _, digits, exponent = Decimal(repr(abs(number))).normalize().as_tuple()
    text, sign = "".join(map(str, digits)), "-" if number < 0 else ""
    point = len(text) + int(exponent)  # where the decimal point stands, counted from the first digit
    if len(text) <= point <= 21:
        return sign + text.ljust(point, "0")
    if 0 < point <= 21:
        return f"{sign}{text[:point]}.{text[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{text}"
    mantissa = text if len(text) == 1 else f"{text[0]}.{text[1:]}"
    return f"{sign}{mantissa}e{point - 1:+d}"
