"""Workers that start at once: one process imports torch and transformers, and forks whenever a worker is asked for.

Importing them takes some five seconds, the same for every worker. The nursery opens no model and reads no request, so
a forked worker is as fresh as a started one: it has libraries in memory and nothing else. Linux only.

    orchestrator ── starts ──▶ launcher (`python -m recircuit_worker`) ── hands over its pipes ──▶ nursery
         └────────────────── speaks the wire ──────────────────────▶ worker ◀── forks ── attendant ◀─┘

The launcher is what the orchestrator sees and may kill; the attendant keeps the two alike: the worker ends when the
launcher does, and the launcher ends as the worker did. Whatever does not fit ends in an ordinary start.
"""

import importlib
import json
import os
import pkgutil
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from recircuit_worker.channel import die_with_parent, leave_interrupts_to_parent
from recircuit_worker.log import log
from recircuit_worker.starting import collecting_nothing

ADDRESS = "RECIRCUIT_NURSERY"
"""the environment variable that names the nursery's socket"""
READ_AT_IMPORT = (
    "PYTHON",
    "LD_",
    "OMP_",
    "MKL_",
    "MALLOC_",
    "CUDA",
    "CUBLAS_",
    "TORCH",
    "TRANSFORMERS_",
    "TOKENIZERS_",
    "HF_HUB_OFFLINE",
)
"""beginnings of the names of variables that an interpreter or a library reads once"""
LONGEST = 1 << 18
"""bytes of a message: an environment and a folder"""
PIPES = (0, 1, 2)
NEWBORN_S = 3


def keep(address: str, work: Callable[[], None]) -> None:
    """Serves launchers until its parent is gone, then removes the socket's folder. Never returns."""
    signal.signal(signal.SIGTERM, lambda *_: _leave(address))
    die_with_parent(signal.SIGTERM)
    leave_interrupts_to_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # attendants are not waited for
    mine = settings()  # before the libraries add theirs
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind(address)
    listener.listen(64)  # launchers wait here while the libraries are imported
    _import_libraries()
    while True:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _attend(connection, mine, work)
        connection.close()


def _leave(address: str) -> None:
    shutil.rmtree(Path(address).parent, ignore_errors=True)
    os._exit(0)


def _import_libraries() -> None:
    # A library that asks for a GPU while it is imported must not start CUDA: its forks could not use it.
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    with collecting_nothing():
        import recircuit_worker.tools as tools

        for name in ("recircuit_worker.models.load", "recircuit_worker.bench", "recircuit_worker.decode"):
            importlib.import_module(name)
        for found in pkgutil.iter_modules(tools.__path__, f"{tools.__name__}."):
            importlib.import_module(found.name)


def _attend(connection: socket.socket, mine: dict[str, str], work: Callable[[], None]) -> None:
    """Forks one worker and stays with it. Never returns."""
    die_with_parent()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    message, pipes, _, _ = socket.recv_fds(connection, LONGEST, len(PIPES))
    if len(pipes) != len(PIPES):
        os._exit(1)  # a launcher that is gone again
    asked = json.loads(message)
    other = sorted(name for name, _ in asked["settings"].items() ^ mine.items())
    if other:
        connection.send(f"it has another {', '.join(dict.fromkeys(other))}".encode())
        os._exit(0)
    connection.send(b"yes")
    worker = os.fork()
    if worker == 0:
        connection.close()
        _become(asked, pipes, work)
    for pipe in pipes:
        os.close(pipe)
    threading.Thread(target=_end_with_launcher, args=(connection, worker), daemon=True).start()
    _, status = os.waitpid(worker, 0)
    try:
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())
    except OSError:
        pass  # the launcher went first
    os._exit(0)


def _become(asked: dict[str, Any], pipes: list[int], work: Callable[[], None]) -> None:
    try:
        die_with_parent()
        for pipe, place in zip(pipes, PIPES, strict=True):
            os.dup2(pipe, place)
            os.close(pipe)
        os.chdir(asked["folder"])
        os.environ.clear()
        os.environ.update(asked["environment"])
        work()
    except BaseException as error:
        log("error", f"a worker of the nursery could not start: {type(error).__name__}: {error}")
    os._exit(1)


def _end_with_launcher(connection: socket.socket, worker: int) -> None:
    while connection.recv(1):
        pass
    os.kill(worker, signal.SIGKILL)


def settings() -> dict[str, str]:
    """What a worker shares with its nursery for good: the interpreter and the variables that are read once."""
    read = {name: value for name, value in os.environ.items() if name.startswith(READ_AT_IMPORT)}
    return {"interpreter": sys.executable, **read}


def launch() -> None:
    """Has the nursery fork a worker onto our pipes and ends as that worker does; returns where no nursery fits."""
    address = os.environ.get(ADDRESS)
    if not address or not _is_there(Path(address)):
        return
    asked = {"settings": settings(), "environment": dict(os.environ), "folder": os.getcwd()}
    try:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.connect(address)
        socket.send_fds(connection, [json.dumps(asked).encode()], PIPES)
        answer = connection.recv(LONGEST)
    except OSError as error:
        answer = str(error).encode()
    if answer != b"yes":
        log("debug", f"not forked by the nursery ({answer.decode() or 'it broke off'}): this worker starts by itself")
        return
    die_with_parent()
    leave_interrupts_to_parent()
    _let_go_of_pipes()
    ended = connection.recv(LONGEST)
    _end_as(int(ended) if ended else -signal.SIGKILL)


def _is_there(address: Path) -> bool:
    """Says whether a nursery listens; one that has only just been started is waited for."""
    until = time.monotonic() + NEWBORN_S
    while not address.exists() and address.parent.is_dir() and time.monotonic() < until:
        time.sleep(0.01)
    return address.exists()


def _let_go_of_pipes() -> None:
    """Else the orchestrator would not see the worker close them."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for pipe in PIPES:
        os.dup2(nothing, pipe)


def _end_as(code: int) -> None:
    if code >= 0:
        os._exit(code)
    if -code != signal.SIGKILL:  # the one that is never handled
        signal.signal(-code, signal.SIG_DFL)
    os.kill(os.getpid(), -code)
    signal.pause()
