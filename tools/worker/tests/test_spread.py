"""A model over several devices: the split, the moving, and the whole path over one device named twice."""

import pytest
import torch
from tiny import ARCHITECTURES, LAYERS, request, save

from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.sweeps import head_sets
from recircuit_worker.models.load import find_devices, open_model
from recircuit_worker.models.spread import layer_devices, moved


def opened(folder, device: str):
    asked = request(folder, folder / "artifacts", dtype="float64")
    asked = asked.__class__(**{**asked.__dict__, "device": device})
    return open_model(asked, lambda *what: None, lambda: None)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_spread_model_gives_the_same_numbers(tmp_path, architecture) -> None:
    folder = save(tmp_path, architecture)
    one, two = opened(folder, "cpu"), opened(folder, "cpu,cpu")
    prompts = [TokenPrompt((3, 9, 14, 7, 5), (4,), (6,)), TokenPrompt((8, 4, 11), (2,), (9,))]
    sets = head_sets(one.facts.layers, one.facts.heads, None, "last")
    found = [Fast(each.model, each.parts).answers_each(prompts, sets).edited for each in (one, two)]
    assert torch.equal(found[0].log_probability, found[1].log_probability)
    assert two.facts.device == "cpu"


def test_layers_are_split_into_runs_of_equal_weight(tmp_path) -> None:
    parts = opened(save(tmp_path, "llama"), "cpu").parts
    devices = [torch.device("cpu"), torch.device("meta")]
    assert layer_devices(parts, devices[:1]) == devices[:1] * LAYERS
    assert layer_devices(parts, devices) == [devices[0], *devices[1:] * (LAYERS - 1)]
    assert layer_devices(parts, [torch.device("meta", i) for i in range(LAYERS)])[-1].index == LAYERS - 1


def test_what_a_layer_is_given_is_moved_and_a_cache_is_not() -> None:
    cache = object()
    given = {"mask": torch.ones(2), "tables": (torch.ones(1), [torch.ones(1)]), "cache": cache, "flag": True}
    found = moved(given, torch.device("meta"))
    assert found["mask"].device.type == found["tables"][0].device.type == found["tables"][1][0].device.type == "meta"
    assert found["cache"] is cache and found["flag"] is True


def test_devices_by_name() -> None:
    assert [device.type for device in find_devices("cpu,cpu")] == ["cpu", "cpu"]
