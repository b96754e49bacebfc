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


@pytest.fixture(scope="session")
def benches(tmp_path_factory):
    """Benches by (architecture, dtype, kind of prompts), each opened once."""
    from tiny import (
        bench,
        contrast_material,
        repeated_material,
        save,
    )  # brings torch, which reads the number of threads above

    made = {}

    def get(architecture: str = "llama", dtype: str = "float32", kind: str = "in-context"):
        key = (architecture, dtype, kind)
        if key not in made:
            place = tmp_path_factory.mktemp("bench")
            others = {"repeated-tokens": repeated_material, "contrast-pairs": contrast_material}
            of = others[kind]() if kind in others else None
            made[key] = bench(save(place / "model", architecture), place / "artifacts", dtype=dtype, of=of)
        return made[key]

    return get
