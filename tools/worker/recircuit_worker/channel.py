"""The worker's two pipes: a reader thread that never waits for the model, and writes that never mix.

It ends the process when the other side is gone, so that no orphan holds a device.
"""

import ctypes
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from recircuit_worker import wire
from recircuit_worker.errors import Refusal
from recircuit_worker.log import log

CHUNK = 1 << 16
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Call:
    """A request under way."""

    request: wire.Request
    cancelled: threading.Event = field(default_factory=threading.Event)


class Channel:
    """Requests in, lines out. Contract: every request that is read gets exactly one reply, here or from the caller."""

    def __init__(self, source: int, sink: int) -> None:
        self._source, self._sink = source, sink
        self._writing = threading.Lock()
        self._calls: queue.SimpleQueue[Call] = queue.SimpleQueue()
        self._under_way: dict[int, Call] = {}

    def start(self) -> None:
        threading.Thread(target=self._read, name="wire-reader", daemon=True).start()

    def calls(self) -> Iterator[Call]:
        """Yields calls in the order in which they came, for ever: the end of the input ends the process."""
        while True:
            yield self._calls.get()

    def write(self, line: bytes) -> None:
        with self._writing:
            try:
                _write_all(self._sink, line)
            except BrokenPipeError:
                os._exit(1)

    def finish(self, call: Call, reply: bytes) -> None:
        """Sends the one reply of a call; from then on a cancellation of it comes too late and is ignored."""
        self._under_way.pop(call.request.id, None)
        self.write(reply)

    def _read(self) -> None:
        lines = wire.Lines()
        while chunk := os.read(self._source, CHUNK):
            for line in lines.feed(chunk):
                self._take(wire.too_long() if line is None else wire.read_message(line))
        if lines.open_bytes:
            self._take(wire.half_line(lines.open_bytes))
        # The lock is taken so that a reply is not cut in half; not for ever, since a reader that is gone never drains.
        self._writing.acquire(timeout=1)
        os._exit(0)

    def _take(self, message: wire.Request | wire.Cancel | wire.BadLine) -> None:
        if isinstance(message, wire.BadLine):
            self.write(wire.error_reply(message.id, message.error))
        elif isinstance(message, wire.Cancel):
            call = self._under_way.get(message.id)
            if call is None:
                log("debug", f"request {message.id} was cancelled and is not under way")
            else:
                call.cancelled.set()
        elif message.id in self._under_way:
            self.write(wire.error_reply(message.id, _same_id(message.id)))
        else:
            call = self._under_way[message.id] = Call(message)
            self._calls.put(call)


def claim_stdio() -> Channel:
    """Returns the channel on stdin and stdout, and sends every other print of this process to stderr."""
    sink = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return Channel(0, sink)


def die_with_parent(by: signal.Signals = signal.SIGKILL) -> None:
    """Asks Linux to end this process with its parent: a long call into C can keep the reader thread from noticing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, by)


def leave_interrupts_to_parent() -> None:
    """Ignores Ctrl-C, which a terminal sends to the whole group: the orchestrator decides, and closes stdin."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _write_all(sink: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(sink, rest) :]


def _same_id(request_id: int) -> Refusal:
    return Refusal(
        "duplicate-id",
        what=f"a second request was sent under id {request_id}",
        why="the first one has not been answered yet",
        instead="count ids upwards",
    )
