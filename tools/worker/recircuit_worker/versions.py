"""Versions that a number can depend on, read without importing the libraries themselves.

`hello` must answer at once, and importing torch takes seconds.
"""

import hashlib
import os
import platform
from functools import cache
from importlib import metadata
from pathlib import Path

from recircuit_worker.contract import Versions
from recircuit_worker.errors import Fault

WORKER = "0.1.0"
SCHEMA_FILE = Path(__file__).with_name("contract.schema.json")


@cache
def versions() -> Versions:
    """Returns the versions of this process.

    Raises:
        Fault: `missing-package` if torch or transformers is not installed.
    """
    return Versions(
        python=platform.python_version(),
        torch=_installed("torch"),
        transformers=_installed("transformers"),
        worker=WORKER,
    )


@cache
def contract_sha256() -> str:
    """Returns the sha256 of the schema file's bytes; the orchestrator refuses a worker whose hash is not its own."""
    return hashlib.sha256(SCHEMA_FILE.read_bytes()).hexdigest()


def likely_device() -> str:
    """Returns `cuda` or `cpu` by cheap signs: a device file, a mask that hides nothing, a torch build that can use it.

    It is what `hello` announces. What a model really runs on is decided at `open` and stands in its facts.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1")
    built_without = versions().torch.endswith("+cpu")
    return "cuda" if Path("/dev/nvidia0").exists() and not hidden and not built_without else "cpu"


def _installed(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError as error:
        raise Fault(
            "missing-package",
            f"the Python package {package} is not installed",
            why="the worker cannot measure without it",
            instead="install the worker with its dependencies: `pip install ./tools/worker`",
        ) from error
