"""Folders of models that appear whole or not at all. What is written into them belongs elsewhere."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recircuit_worker.errors import Refusal


def free(folder: str, what: str) -> Path:
    """Returns the path of a folder that is not there yet.

    Raises:
        Refusal: `folder-exists`; `what` says what was to be done, after the folder's name.
    """
    target = Path(folder)
    if target.exists():
        raise Refusal(
            "folder-exists",
            what=f"{target.name} was to be {what}",
            why="its folder exists already",
            instead="name another folder with --out, or remove it first",
        )
    return target


@contextmanager
def whole(target: Path) -> Iterator[Path]:
    """Gives a folder to write in, which takes its place at the end, or leaves nothing behind."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield scratch
        scratch.chmod(0o755)  # as a folder made by hand, not private as temporary ones are
        for file in scratch.iterdir():
            file.chmod(0o644)
        os.replace(scratch, target)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
