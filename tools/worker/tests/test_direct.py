"""Direct logit attribution and the logit lens against parts found by name and norms written out."""

from statistics import mean, median

import pytest
import torch
from calls import call, refused
from tiny import ARCHITECTURES, HEADS, LAYERS, contrast, in_context, named
from torch import Tensor

from recircuit_worker.contract import DirectLogitAttributionInput, LogitLensInput
from recircuit_worker.engine import frozen
from recircuit_worker.engine.double import ExactDouble
from recircuit_worker.engine.interface import Edit
from recircuit_worker.errors import Fault
from recircuit_worker.tools import direct_logit_attribution, logit_lens

EXACT = 1e-9
FINAL = {"gpt2": "transformer.ln_f", "gptj": "transformer.ln_f", "gpt_neox": "gpt_neox.final_layer_norm"}
BEHIND = {"gemma2": ("post_attention_layernorm", "post_feedforward_layernorm")}
BEHIND["olmo2"] = BEHIND["gemma2"]
PAIRS = ("gpt2", "gemma2", "olmo2")
"""opened with contrast pairs, the others with words"""


def linear(norm: torch.nn.Module, part: Tensor, at: Tensor, gemma: bool) -> Tensor:
    """What a part of `at` adds behind a norm, the norm's scale that of `at`."""
    if isinstance(norm, torch.nn.LayerNorm):
        spread = at.var(-1, unbiased=False) + norm.eps
        return norm.weight * (part - part.mean(-1, keepdim=True)) / spread.sqrt()[..., None]
    gain = 1 + norm.weight if gemma else norm.weight
    eps = norm.eps if gemma else norm.variance_epsilon
    return gain * part / ((at * at).mean(-1) + eps).sqrt()[..., None]


def by_name(architecture: str, model: torch.nn.Module, ids: tuple[int, ...], ahead: Tensor) -> tuple[Tensor, float]:
    """Returns every component's share of `ahead` @ logits at the last token, and the whole before any soft cap."""
    seen: dict[tuple[str, int], Tensor] = {}
    handles = []
    for layer in range(LAYERS):
        for part in ("projection", "mlp"):
            key, module = (part, layer), named(model, architecture, layer, part)
            handles.append(module.register_forward_hook(lambda m, a, out, key=key: seen.update({key: out[0, -1]})))
            before = lambda m, a, key=("z", layer): seen.update({key: a[0][0, -1]})  # noqa: E731
            handles += [module.register_forward_pre_hook(before)] if part == "projection" else []
    norm, gemma = model.get_submodule(FINAL.get(architecture, "model.norm")), architecture == "gemma2"
    handles.append(norm.register_forward_pre_hook(lambda m, a: seen.update({("last", 0): a[0][0, -1]})))
    handles.append(
        model.get_output_embeddings().register_forward_hook(lambda m, a, out: seen.update({("said", 0): out[0, -1]}))
    )
    with torch.no_grad(), ExactDouble():
        model(torch.tensor([ids]))
        for handle in handles:
            handle.remove()

        def said(part: Tensor) -> Tensor:
            return linear(norm, part, seen["last", 0], gemma) @ (model.get_output_embeddings().weight.T @ ahead)

        heads, mlps = [], []
        for layer in range(LAYERS):
            z, projection = seen["z", layer], named(model, architecture, layer, "projection")
            width = len(z) // HEADS
            zero = projection(torch.zeros_like(z))
            written, mlp = seen["projection", layer], seen["mlp", layer]
            if architecture in BEHIND:
                block = named(model, architecture, layer, "layer")
                first, second = (block.get_submodule(name) for name in BEHIND[architecture])
                mlp = linear(second, mlp, mlp, gemma)
            for head in range(HEADS):
                own = torch.zeros_like(z)
                own[head * width : (head + 1) * width] = z[head * width : (head + 1) * width]
                part = projection(own) - zero
                heads.append(said(linear(first, part, written, gemma) if architecture in BEHIND else part))
            mlps.append(said(mlp))
    return torch.stack([*heads, *mlps]), float(seen["said", 0] @ ahead)


@pytest.mark.parametrize("architecture", [*ARCHITECTURES, "olmo2", "gptj"])  # gptj's unembedding has a bias
def test_each_share_is_the_component_read_by_name(benches, architecture) -> None:
    pairs = architecture in PAIRS
    at = benches(architecture, "float64", "contrast-pairs" if pairs else "in-context")
    recipe = contrast("missing", "later", count=2) if pairs else in_context("same", "next", count=2)
    found = call(direct_logit_attribution, DirectLogitAttributionInput(recipe, None, None), at)
    told = at.read(found.contributions.sha256, direct_logit_attribution.KIND)
    prompts = at.prompts(recipe)
    direct = direct_logit_attribution.attribute(prompts, at)
    torch.testing.assert_close(told.tensors["data"].flatten(0, 1), direct.components.float(), atol=1e-6, rtol=0)
    assert float(direct.unexplained().abs().max()) < EXACT
    for row, prompt in enumerate(prompts.prompts):
        ahead = torch.zeros(at.facts.vocabulary, dtype=torch.float64)
        if pairs:
            ahead[list(prompts.items[row].answers)] = 1 / len(prompts.items[row].answers)
            ahead[list(prompts.items[row].rivals)] = -1 / len(prompts.items[row].rivals)
        else:
            ahead -= 1 / len(ahead)
            ahead[prompt.targets[0]] += 1
        shares, whole = by_name(architecture, at.model.model, prompt.ids, ahead)
        torch.testing.assert_close(direct.components[row], shares, atol=EXACT, rtol=0)
        assert float(direct.whole[row]) == pytest.approx(whole, abs=EXACT)
    means = told.tensors["data"].double().mean((0, 1))
    best = int(means.abs().argmax())
    assert found.components[0].component == told.manifest.labels["component"][best]
    assert found.components[0].contribution == pytest.approx(float(means[best]), abs=1e-6)
    task = found.tasks[0]
    parts = task.heads + task.mlps + task.embedding + task.biases
    assert parts == pytest.approx(task.logit_difference, abs=1e-5) and found.all_components == LAYERS * (HEADS + 1)
    asked = call(direct_logit_attribution, DirectLogitAttributionInput(recipe, ("m1", "a2.h0"), None), at)
    assert [row.component for row in asked.components] == ["m1", "a2.h0"]
    assert asked.components[1].contribution == pytest.approx(float(means[2 * HEADS]), abs=1e-6)


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "gpt2"])
def test_the_lens_is_the_last_layer_given_an_earlier_stream(benches, architecture) -> None:
    pairs = architecture in PAIRS
    at = benches(architecture, "float64", "contrast-pairs" if pairs else "in-context")
    recipe = contrast("missing", "later", count=2) if pairs else in_context("same", "next", count=2)
    found = call(logit_lens, LogitLensInput(recipe), at)
    told = at.read(found.said.sha256, logit_lens.KIND).tensors["data"]
    prompts = at.prompts(recipe)
    last = torch.tensor([[len(prompt.ids) - 1] for prompt in prompts.prompts])
    streams = at.engine.stream_outputs(prompts.prompts, "residual", last)[:, 0]
    for layer in range(LAYERS):
        edit = Edit("residual", LAYERS - 1, "replace", streams[:, layer])
        logits = at.engine.last_logits(prompts.prompts, [edit])
        for row, said in enumerate(logits):
            answers = list(prompts.items[row].answers if pairs else prompts.prompts[row].targets)
            rank = int((said > said[answers].max()).sum())
            share = float(said.softmax(-1)[answers].sum())
            rivals = said[list(prompts.items[row].rivals)].logsumexp(0) if pairs else said.mean()
            expected = [rank, share, float(said[answers].logsumexp(0) - rivals)]
            assert told.flatten(0, 1)[row, layer + 1].tolist() == pytest.approx(expected, abs=1e-5)
    rows = found.layers
    assert [row.layer for row in rows] == [None, *range(LAYERS)]
    assert rows[-1].probability == pytest.approx(float(told[..., -1, 1].mean()), abs=1e-6)
    for place, row in enumerate(rows):
        ranks = told[:, :, place, 0].tolist()  # (task, prompt)
        assert row.rank == pytest.approx(mean(map(median, ranks)))
        assert row.accuracy == mean(rank == 0 for each in ranks for rank in each)
        assert row.logit_difference == pytest.approx(float(told[:, :, place, 2].mean()), abs=1e-6)


def test_the_answer_stands_from_the_first_layer_after_which_it_stays() -> None:
    ranks = torch.tensor([[3, 0, 2, 0, 0], [3, 0, 0, 0, 1], [1, 2, 2, 0, 0]])
    assert logit_lens._answered_from(ranks) == 2
    assert logit_lens._answered_from(torch.ones(3, 5)) is None
    assert logit_lens._answered_from(torch.zeros(3, 5)) == 0


def test_what_does_not_add_up_is_no_result(benches, monkeypatch) -> None:
    at = benches("gemma2", "float64", "contrast-pairs")
    request = DirectLogitAttributionInput(contrast("missing"), None, None)
    own = frozen.FrozenNorm.pull
    monkeypatch.setattr(frozen.FrozenNorm, "pull", lambda self, ahead, scale: own(self, ahead, scale * 1.01))
    with pytest.raises(Fault) as fault:
        call(direct_logit_attribution, request, at)
    assert fault.value.code == "does-not-add-up"
    monkeypatch.undo()
    monkeypatch.setattr(frozen.FrozenNorm, "_gained", lambda self, part: part)
    assert refused(direct_logit_attribution, request, at) == "norm-not-linear"
