"""What a line of the wire means: framing, reading a message strictly, writing one without NaN.

Pure: bytes in, values out. Pipes and threads belong in `channel.py`, what a method does in `server.py`.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.failures import failure_of

WIRE_VERSION = 1
MAX_LINE_BYTES = 16 * 1024 * 1024
ERROR_CODE = -32000


@dataclass(frozen=True)
class Request:
    id: int
    method: str
    params: dict[str, Any]


@dataclass(frozen=True)
class Cancel:
    id: int
    """of the request to be stopped"""


@dataclass(frozen=True)
class BadLine:
    """A line that is no message; it is answered like a request, under its id where it had one."""

    id: int | None
    error: Exception


class Lines:
    """Cuts a stream of bytes at LF and nowhere else, and forgets the rest of a line that grows over the limit."""

    def __init__(self, limit: int = MAX_LINE_BYTES) -> None:
        self._limit, self._part, self._dropping = limit, bytearray(), False

    @property
    def open_bytes(self) -> int:
        """Bytes of a line that has no end yet."""
        return len(self._part)

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """Yields whole lines without their LF; None once for a line over the limit."""
        *ended, rest = chunk.split(b"\n")
        for piece in ended:
            yield from self._grow(piece)
            if not self._dropping:
                yield bytes(self._part)
            self._part.clear()
            self._dropping = False
        yield from self._grow(rest)

    def _grow(self, piece: bytes) -> Iterator[None]:
        if self._dropping:
            return
        if len(self._part) + len(piece) > self._limit:
            self._part.clear()
            self._dropping = True
            yield None
        else:
            self._part += piece


def read_message(line: bytes) -> Request | Cancel | BadLine:
    """Returns what a line says. Contract: never raises; a line that is no message comes back as a `BadLine`."""
    try:
        message = parse_json(line)
    except Refusal as error:
        return BadLine(None, error)
    request_id = message.get("id") if isinstance(message, dict) else None
    known_id = request_id if is_id(request_id) else None
    complaint = _complaint(message)
    if complaint:
        return BadLine(known_id, _refused("not-a-request", "a line was sent that is no request", complaint))
    if message["method"] == "$/cancel":
        return Cancel(message["params"]["id"])
    return Request(message["id"], message["method"], message.get("params", {}))


def too_long() -> BadLine:
    """Returns what a line over the limit is answered with."""
    return BadLine(
        None,
        Fault(
            "line-too-long",
            f"a line over {MAX_LINE_BYTES} bytes was sent",
            why="messages are summaries, so such a line is a mistake; it was dropped",
            instead="send tensors as artifacts and word lists by halves",
        ),
    )


def half_line(size: int) -> BadLine:
    """Returns what a stream that ends inside a line is answered with."""
    return BadLine(None, _refused("half-line", f"the input ended after {size} bytes of a line", "the line has no end"))


def nothing_to_cancel(message: Cancel) -> BadLine:
    """Returns what a cancellation in a file of requests is answered with."""
    return BadLine(None, _refused("nothing-to-cancel", f"request {message.id} was cancelled", "nothing is under way"))


def result_reply(request_id: int, result: dict[str, Any]) -> bytes:
    """Returns the reply as one line.

    Raises:
        Fault: `nan-in-result` for a number that JSON cannot carry, `line-too-long` for a result over the limit.
    """
    where = find_not_finite(result)
    if where is not None:
        raise Fault(
            "nan-in-result",
            f"the result holds a number that is not finite at {where}",
            why="NaN and infinity are no measurements, and JSON cannot carry them",
            instead="look for overflow in the model (its dtype first), then run again",
        )
    line = encode_line({"jsonrpc": "2.0", "id": request_id, "result": result})
    if len(line) > MAX_LINE_BYTES:
        raise Fault(
            "line-too-long",
            f"the result has {len(line)} bytes",
            why=f"a line carries at most {MAX_LINE_BYTES}",
            instead="write arrays to artifacts; ask for fewer prompts until that is mended",
        )
    return line


def error_reply(request_id: int | None, error: BaseException) -> bytes:
    """Returns the error reply as one line. Contract: never raises."""
    data = failure_of(error)
    message = f"{data['what']}: {data['why']}. Instead: {data['instead']}."
    return encode_line(
        {
            "jsonrpc": "2.0",
            "id": request_id,
            "error": {"code": ERROR_CODE, "message": message, "data": data},
        }
    )


def progress_line(request_id: int, done: float, total: float, unit: str, note: str) -> bytes:
    """Returns a progress notification as one line."""
    params = {"id": request_id, "done": done, "total": total, "unit": unit, "note": note}
    return encode_line({"jsonrpc": "2.0", "method": "progress", "params": params})


def encode_line(message: dict[str, Any]) -> bytes:
    # ASCII only: no reader can then mistake U+2028 for the end of a line, and lone surrogates survive
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def parse_json(text: bytes) -> Any:
    """Returns a JSON value, read strictly: UTF-8, no NaN, no number beyond a double, no key twice.

    Raises:
        Refusal: `not-utf8` or `not-json`.
    """
    try:
        return json.loads(
            text.decode("utf-8"),
            parse_constant=_not_a_number,
            parse_float=_finite,
            object_pairs_hook=_no_key_twice,
        )
    except UnicodeDecodeError as error:
        why = f"byte {error.start} starts no character"
        raise _refused("not-utf8", "a line was sent that is not UTF-8", why) from error
    except (ValueError, RecursionError) as error:
        raise _refused("not-json", "a line was sent that is not JSON", " ".join(str(error).split())) from error


def find_not_finite(value: Any, path: str = "result") -> str | None:
    """Returns the path of the first NaN or infinity, or None."""
    if isinstance(value, float):
        return None if math.isfinite(value) else path
    if isinstance(value, dict):
        items = ((f"{path}.{key}", item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        items = ((f"{path}[{index}]", item) for index, item in enumerate(value))
    else:
        return None
    return next((found for where, item in items if (found := find_not_finite(item, where))), None)


def is_id(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _complaint(message: Any) -> str | None:
    if not isinstance(message, dict):
        return "a message is one JSON object; batches are not spoken here"
    unknown = sorted(set(message) - {"jsonrpc", "id", "method", "params"})
    if unknown:
        return f"it has a field {unknown[0]!r} that no request has"
    if message.get("jsonrpc") != "2.0":
        return '`jsonrpc` must be "2.0"'
    if not isinstance(message.get("method"), str):
        return "`method` must be text"
    if not isinstance(message.get("params", {}), dict):
        return "`params` must be an object"
    if message["method"] == "$/cancel":
        right = "id" not in message and is_id(message.get("params", {}).get("id"))
        return None if right else "`$/cancel` carries the request's id in `params` and has none of its own"
    return None if is_id(message.get("id")) else "`id` must be a whole number, so that the reply can name it"


def _refused(code: str, what: str, why: str) -> Refusal:
    return Refusal(code, what=what, why=why, instead="send one JSON-RPC 2.0 request a line, in UTF-8, ended by LF")


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is beyond the largest number")
    return number


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found
