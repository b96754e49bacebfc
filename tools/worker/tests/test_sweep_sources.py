"""What a sweep replaces heads by: each source against one prompt, one edit, one whole pass."""

import pytest
import torch
from tiny import bench, in_context, save

from recircuit_worker.contract import MeanActivationsInput, SweepHeadsInput
from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Refusal
from recircuit_worker.tools import mean_activations, sweep_heads

EXACT = 1e-6  # effects are kept as float32


@pytest.fixture(scope="module", params=["fast", "reference"])
def at(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("sources")
    return bench(save(place / "model", "gemma2"), place / "artifacts", dtype="float64", engine=request.param)


def swept(at, variant: str, replace_by: str, positions: tuple[int, ...] | None) -> torch.Tensor:
    at.begin(lambda *what: None, lambda: None, "sweep_heads", "a" * 64)
    found = sweep_heads.run(SweepHeadsInput(in_context(variant=variant), replace_by, None, positions), at)
    assert found.receipt.engine == at.engine.name and found.receipt.audit.max_deviation <= 1e-9
    return at.read(found.effects.sha256, sweep_heads.KIND).tensors["data"].flatten(0, 1)


@pytest.mark.parametrize("positions", [(-1,), (-3, -1), None])
@pytest.mark.parametrize("replace_by", ["zero", "resample", "counterfactual"])
def test_each_source_is_what_one_edited_pass_shows(at, replace_by, positions) -> None:
    effects = swept(at, "shuffled", replace_by, positions)
    prompts = at.prompts(in_context(variant="shuffled"))
    others = at.prompts(in_context(variant="clean"))
    for row, layer, head in ((0, 1, 2), (7, 2, 0), (11, 0, 3)):
        prompt = prompts.prompts[row]
        tokens = len(prompt.ids)
        offsets = range(-tokens, 0) if positions is None else positions
        places = torch.tensor([[tokens + offset for offset in offsets]])
        before = at.engine.answers([prompt]).probability[0, 0]

        def effect(donor=None, prompt=prompt, places=places, layer=layer, head=head, before=before) -> float:
            if donor is None:
                edit = Edit("head", layer, "zero", head=head, positions=places)
            else:
                value = at.engine.head_outputs([donor], places)[:, :, layer, head]
                edit = Edit("head", layer, "replace", value, head, places)
            return float(at.engine.answers([prompt], [edit]).probability[0, 0] - before)

        found = float(effects[row, layer, head])
        if replace_by == "zero":
            assert abs(found - effect()) < EXACT
        elif replace_by == "counterfactual":
            assert abs(found - effect(others.prompts[row])) < EXACT
        else:
            group = next(group for group in prompts.groups if row in group.rows)
            candidates = [effect(prompts.prompts[other]) for other in group.rows if other != row]
            assert min(abs(found - candidate) for candidate in candidates) < EXACT


def test_impossible_sources_are_refused(at) -> None:
    means = mean_activations.run(MeanActivationsInput(in_context(), False), at).means.sha256
    wrong = {
        "source-without-mean": SweepHeadsInput(in_context(), "mean", None, (-1,)),
        "mean-at-last-only": SweepHeadsInput(in_context(), "mean", means, (-2,)),
        "no-counterfactual": SweepHeadsInput(in_context(variant="zero-shot"), "counterfactual", None, (-1,)),
        "one-prompt": SweepHeadsInput(in_context(count=1), "resample", None, (-1,)),
        "position-before-prompt": SweepHeadsInput(in_context(), "zero", None, (-99,)),
    }
    for code, request in wrong.items():
        with pytest.raises(Refusal) as refused:
            sweep_heads.run(request, at)
        assert refused.value.code == code
