"""The two ways to run a server: on the pipes of the process, and over a file of requests where no orchestrator is."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from recircuit_worker import nursery, wire
from recircuit_worker.channel import Call, Channel, claim_stdio, die_with_parent, leave_interrupts_to_parent
from recircuit_worker.errors import Cancelled
from recircuit_worker.log import log
from recircuit_worker.server import Progress, Server

PROGRESS_EVERY_S = 0.1


def serve() -> None:
    """Answers requests from stdin on stdout until `shutdown` or the end of the input. Never returns."""
    die_with_parent()
    leave_interrupts_to_parent()
    channel = claim_stdio()
    channel.start()
    server = Server()
    for call in channel.calls():
        channel.finish(call, server.answer(call.request, _progress_of(channel, call), _check_of(call)))
        if server.shut:
            os._exit(0)  # an orderly end of the interpreter would wait for the threads of the libraries


def serve_batch(file: Path) -> int:
    """Answers the requests of a file in order, on stdout, without progress; it goes on after an error.

    Returns:
        An exit code of the contract: 0 if every reply is a result, 1 if one is a fault, else 3.
    """
    out = claim_stdio()
    server, lines, worst = Server(), wire.Lines(), 0
    for line in lines.feed(file.read_bytes()):
        reply = _answer_line(server, line)
        out.write(reply)
        worst = _worse(worst, reply)
        if server.shut:
            break
    if lines.open_bytes and not server.shut:
        reply = wire.error_reply(None, wire.half_line(lines.open_bytes).error)
        out.write(reply)
        worst = _worse(worst, reply)
    return worst


def _answer_line(server: Server, line: bytes | None) -> bytes:
    message = wire.too_long() if line is None else wire.read_message(line)
    if isinstance(message, wire.Cancel):
        message = wire.nothing_to_cancel(message)
    if isinstance(message, wire.BadLine):
        return wire.error_reply(message.id, message.error)
    return server.answer(message, _log_progress(message.method), lambda: None)


def _worse(worst: int, reply: bytes) -> int:
    error = wire.parse_json(reply).get("error")
    if error is None or worst == 1:
        return worst
    return 1 if error["data"]["kind"] == "fault" else 3


def _progress_of(channel: Channel, call: Call) -> Progress:
    request_id = call.request.id
    return _seldom(lambda *what: channel.write(wire.progress_line(request_id, *what)))


def _log_progress(method: str) -> Progress:
    return _seldom(
        lambda done, total, unit, note: log("info", f"{method}: {done:g} of {total:g} {unit} {note}".rstrip())
    )


def _seldom(send: Callable[[float, float, str, str], None]) -> Progress:
    """Lets through the first and then ten a second: a sweep reports every forward pass."""
    last = -PROGRESS_EVERY_S

    def progress(done: float, total: float, unit: str, note: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= PROGRESS_EVERY_S:
            last = now
            send(float(done), float(total), unit, note)

    return progress


def _check_of(call: Call) -> Callable[[], None]:
    def check_cancelled() -> None:
        if call.cancelled.is_set():
            raise Cancelled

    return check_cancelled


def main(arguments: list[str]) -> int:
    """Runs what the command line asks for."""
    if not arguments:
        serve()
    if len(arguments) == 2 and arguments[0] == "--batch":
        file = Path(arguments[1])
        if file.is_file():
            return serve_batch(file)
        print(f"{file} is no file. Instead: name a file with one request a line.", file=sys.stderr)
        return 2
    if len(arguments) == 2 and arguments[0] == "--nursery":
        nursery.keep(arguments[1], serve)
    print("usage: python -m recircuit_worker [--batch requests.jsonl | --nursery socket]", file=sys.stderr)
    return 2
