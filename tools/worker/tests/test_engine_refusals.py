"""What the engines refuse, and what they never do in silence: edits that did not happen, numbers that are none."""

import pytest
import torch
from by_hand import VOCABULARY, prompts
from tiny import FAMILIES, HEADS, LAYERS, WIDTH, named, tiny_model

from recircuit_worker.engine.hooks import hook_count
from recircuit_worker.engine.interface import Edit, Watch
from recircuit_worker.engine.reference import Reference
from recircuit_worker.engine.sweeps import head_sets
from recircuit_worker.errors import Cancelled, Fault, Refusal
from recircuit_worker.models.adapter import find_parts


def made(architecture: str = "llama") -> Reference:
    model = tiny_model(architecture, VOCABULARY)
    return Reference(model, find_parts(model))


@pytest.mark.parametrize("architecture", FAMILIES)
def test_hooks_go_also_after_a_cancellation(architecture: str) -> None:
    engine, calls = made(architecture), iter(range(100))

    def stop() -> None:
        if next(calls) == 5:
            raise Cancelled

    engine.watch = Watch(check_cancelled=stop)
    with pytest.raises(Cancelled):
        engine.answers_each(prompts(), head_sets(LAYERS, HEADS, None, "last"))
    assert hook_count(engine.model) == 0


def test_progress_counts_prompt_rows() -> None:
    engine, rows = made(), []
    engine.watch = Watch(progress=rows.append)
    engine.answers(prompts())
    assert sum(rows) == 4


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (Edit("head", 0, "zero", head=HEADS), "no-such-component"),
        (Edit("head", LAYERS, "zero", head=0), "no-such-component"),
        (Edit("head", 0, "zero"), "no-such-component"),
        (Edit("head", 0, "replace", torch.zeros(5), 0), "wrong-source-shape"),
        (Edit("residual", 0, "add", torch.zeros(3, WIDTH)), "wrong-source-shape"),
        (Edit("residual", 0, "add"), "edit-without-value"),
        (Edit("query", 0, "zero", head=-1), "no-such-component"),
        (Edit("value", 0, "replace", torch.zeros(WIDTH), 0), "wrong-source-shape"),
        (Edit("head", 0, "replace", torch.zeros(4, 2, 6), 0), "wrong-source-shape"),
        (Edit("head", 0, "zero", head=0, positions=torch.tensor([[0]] * 3)), "no-such-position"),
        (Edit("head", 0, "zero", head=0, positions=torch.tensor([[9]] * 4)), "no-such-position"),
        (Edit("head", 0, "zero", head=0, positions=torch.zeros(4, 0, dtype=torch.long)), "no-such-position"),
    ],
)
def test_impossible_edits_are_refused(edit: Edit, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        made().last_logits(prompts(), [edit])
    assert refused.value.code == code


def test_an_edit_that_does_not_fire_is_a_fault() -> None:
    engine = made()
    attention = named(engine.model, "llama", 1, "attention")
    projection = attention.o_proj
    attention.o_proj = torch.nn.Module()  # the parts still point to the old module, which is called no more
    attention.o_proj.forward = lambda z: z @ projection.weight.T
    with pytest.raises(Fault) as fault:
        engine.last_logits(prompts(), [Edit("head", 1, "zero", head=0)])
    assert fault.value.code == "edit-did-not-fire"


def test_nan_is_a_fault() -> None:
    engine = made()
    engine.model.lm_head.weight[5] = torch.nan
    with pytest.raises(Fault) as fault:
        engine.answers(prompts())
    assert fault.value.code == "nan-from-model"
