"""The wire: what a line means, and that no line of any kind breaks it or goes unanswered."""

import json
import math
import re
from pathlib import Path

import pytest

from recircuit_worker import wire
from recircuit_worker.canonical import canonical_json, hash_of
from recircuit_worker.errors import Cancelled, Fault, Refusal

ORCHESTRATOR = Path(__file__).parents[3] / "src" / "contract"


def request(**changes):
    return json.dumps({"jsonrpc": "2.0", "id": 7, "method": "hello", "params": {}} | changes).encode()


def test_lines_are_cut_at_line_feeds_however_they_arrive():
    stream = 'one\ntwo "\u2028" \u0085\r\n\nhalf'.encode()
    for size in (1, 2, 3, 7, len(stream)):
        lines = wire.Lines()
        cut = [line for at in range(0, len(stream), size) for line in lines.feed(stream[at : at + size])]
        assert [line.decode() for line in cut] == ["one", 'two "\u2028" \u0085\r', ""]
        assert lines.open_bytes == 4


@pytest.mark.parametrize("size", [1, 5, 64])
def test_a_line_over_the_limit_is_reported_once_and_forgotten(size):
    stream = b"x" * 40 + b"\n" + b"0123456789\nok\n"
    lines = wire.Lines(limit=10)
    cut = [line for at in range(0, len(stream), size) for line in lines.feed(stream[at : at + size])]
    assert cut == [None, b"0123456789", b"ok"]


def test_a_request_and_a_cancel_are_read():
    assert wire.read_message(request()) == wire.Request(7, "hello", {})
    assert wire.read_message(b'{"jsonrpc":"2.0","id":1,"method":"m"}\r') == wire.Request(1, "m", {})
    cancel = b'{"jsonrpc":"2.0","method":"$/cancel","params":{"id":3}}'
    assert wire.read_message(cancel) == wire.Cancel(3)


@pytest.mark.parametrize(
    ("line", "id", "code"),
    [
        (b"", None, "not-json"),
        (b'{"jsonrpc":"2.0","id":1,', None, "not-json"),
        (b'{"id":1}{"id":2}', None, "not-json"),
        (b"\xff\xfe", None, "not-utf8"),
        (b"[" * 100_000, None, "not-json"),
        (b"[]", None, "not-a-request"),
        (b"7", None, "not-a-request"),
        (request(extra=1), 7, "not-a-request"),
        (request(jsonrpc="1.0"), 7, "not-a-request"),
        (request(method=None), 7, "not-a-request"),
        (request(params=[]), 7, "not-a-request"),
        (request(id=1.0), None, "not-a-request"),
        (request(id=True), None, "not-a-request"),
        (request(id=None), None, "not-a-request"),
        (request(id="1"), None, "not-a-request"),
        (request(method="$/cancel", params={"id": 1}), 7, "not-a-request"),
        (b'{"jsonrpc":"2.0","method":"$/cancel","params":{"id":"1"}}', None, "not-a-request"),
        (b'{"jsonrpc":"2.0","method":"hello"}', None, "not-a-request"),
        (request(params={"x": math.nan}), None, "not-json"),
        (request(params={"x": math.inf}), None, "not-json"),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":1e999}}', None, "not-json"),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}', None, "not-json"),
        (b'{"jsonrpc":"2.0","id":1,"method":"m","params":{"x":' + b"9" * 5000 + b"}}", None, "not-json"),
    ],
)
def test_a_line_that_is_no_message_becomes_one_error(line, id, code):
    bad = wire.read_message(line)
    assert isinstance(bad, wire.BadLine)
    assert (bad.id, bad.error.code) == (id, code)
    reply = json.loads(wire.error_reply(bad.id, bad.error))
    assert all(reply["error"]["data"].values())


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_json_cannot_carry_never_leaves(number):
    with pytest.raises(Fault, match=r"at result\.a\[1\]\.b") as caught:
        wire.result_reply(1, {"a": [0.0, {"b": number}]})
    assert caught.value.code == "nan-in-result"


def test_a_result_over_the_limit_is_a_fault():
    with pytest.raises(Fault) as caught:
        wire.result_reply(1, {"text": "x" * wire.MAX_LINE_BYTES})
    assert caught.value.code == "line-too-long"


def test_what_is_written_is_one_line_of_ascii():
    line = wire.result_reply(1, {"text": "é\u2028\ud800\n"})
    assert line.isascii() and line.count(b"\n") == 1 and line.endswith(b"\n")
    assert json.loads(line)["result"]["text"] == "é\u2028\ud800\n"


class OutOfMemoryError(RuntimeError):
    """As torch names its own, which cannot be provoked without a GPU."""


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (Refusal("no-folder", what="a", why="b", instead="c"), "refusal", "no-folder"),
        (Fault("nan-in-tensor", "a"), "fault", "nan-in-tensor"),
        (Cancelled(), "cancelled", "cancelled"),
        (ZeroDivisionError("division by zero"), "fault", "worker-exception"),
        (AssertionError(), "fault", "worker-exception"),
        (OSError(28, "No space left on device"), "fault", "disk-full"),
        (OSError(13, "Permission denied"), "fault", "worker-exception"),
        (MemoryError(), "fault", "out-of-memory"),
        (OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "fault", "out-of-memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "fault", "out-of-memory"),
        (RuntimeError("a\nb" * 10_000), "fault", "worker-exception"),
    ],
)
def test_every_exception_has_a_kind_a_code_and_one_sentence(error, kind, code):
    reply = json.loads(wire.error_reply(1, error))
    data = reply["error"]["data"]
    assert (data["kind"], data["code"]) == (kind, code)
    assert set(data) == {"kind", "code", "what", "why", "instead"} and all(data.values())
    assert "\n" not in reply["error"]["message"] and len(reply["error"]["message"]) < 1000


def test_foreign_text_reaches_no_terminal_with_codes_in_it():
    refusal = Refusal("no-folder", what="a\x1b[31m\u202e\u2028b", why="c\nd", instead="")
    data = json.loads(wire.error_reply(1, refusal))["error"]["data"]
    assert data["what"] == "a?[31m??b" and data["why"] == "c?d" and data["instead"] == "not said"


def test_canonical_json_is_spelt_as_in_javascript():
    # what JSON.stringify of Node 20 writes for these numbers
    spelt = "0 0 1 1.5 -2.25 1e+21 100000000000000000000 123456789012345680000 0.000001 1e-7 1.5e-7 0.1"
    spelt += " 0.3333333333333333 5e-324 1.7976931348623157e+308 9007199254740992 100 0.000123 1.23e-18 -1e-7"
    numbers = [0, -0.0, 1.0, 1.5, -2.25, 1e21, 1e20, 123456789012345680000, 1e-6, 1e-7, 1.5e-7, 0.1]
    numbers += [1 / 3, 5e-324, 1.7976931348623157e308, 9007199254740993, 100, 0.000123, 123e-20, -1e-7]
    assert [canonical_json(number) for number in numbers] == spelt.split()
    assert canonical_json({"b": [True, None], "a": "\u2028\ud800\x07é\n"}) == (
        '{"a":"\u2028\\ud800\\u0007é\\n","b":[true,null]}'
    )
    assert list(json.loads(canonical_json({"\uffff": 1, "\U0001f600": 2}))) == ["\U0001f600", "\uffff"]
    assert hash_of({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    for wrong in (math.nan, math.inf):
        with pytest.raises(ValueError, match="no JSON spelling"):
            canonical_json([wrong])


@pytest.mark.skipif(not ORCHESTRATOR.is_dir(), reason="the worker stands alone: no orchestrator to compare with")
def test_both_sides_have_the_same_wire():
    text = (ORCHESTRATOR / "wire.ts").read_text(encoding="utf-8")
    version = re.search(r"WIRE_VERSION = (\d+);", text)
    limit = re.search(r"MAX_LINE_BYTES = ([\d *]+);", text)
    assert version and int(version[1]) == wire.WIRE_VERSION
    assert limit and math.prod(map(int, limit[1].split("*"))) == wire.MAX_LINE_BYTES
