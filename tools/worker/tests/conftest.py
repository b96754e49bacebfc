"""Workers for all tests. One thread: their models are tiny, and tests of several processes share the machine."""

import os

import pytest
from process import Process, build_request

from recircuit_worker.decode import first_error

os.environ.setdefault("RECIRCUIT_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture
def worker():
    with Process() as process:
        yield process


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory):
    """A tiny organism with random weights, built by a worker."""
    folder = tmp_path_factory.mktemp("organism") / "tiny"
    with Process() as process:
        card = process.call("build_organism", build_request(folder), seconds=180)
    assert first_error("OrganismCard", card) is None
    return folder
