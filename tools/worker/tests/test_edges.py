"""Edge scores against their definition: push one target's reading of the stream a little along one source's change.

What a target then reads comes from a run of the reference engine with an edited stream, and what that does from
another; nothing here takes a gradient.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
from calls import call, refused
from test_direct import BEHIND, linear
from tiny import HEADS, LAYERS, contrast, named
from torch import Tensor

from recircuit_worker.contract import AttributeEdgesInput
from recircuit_worker.engine.edges import Edges
from recircuit_worker.engine.hooks import reading, reading_attention
from recircuit_worker.engine.interface import Edit
from recircuit_worker.engine.reference import Reference
from recircuit_worker.models.trace import first_tensor
from recircuit_worker.prompts.contrast_scores import sides_of
from recircuit_worker.tools import attribute_edges

STEP, EXACT = 1e-4, 1e-6
NAMES = {"q": "query", "k": "key", "v": "value"}
EDGES = (
    "input->a1.h0<q>",
    "a0.h1->a1.h2<k>",
    "a0.h3->a2.h1<v>",
    "a1.h2->a2.h0<q>",
    "m0->a1.h3<v>",
    "m1->a2.h2<k>",
    "a1.h1->m2",
    "a1.h0->m1",
    "m0->m1",
    "input->m1",
    "a2.h3->logits",
    "m1->logits",
)


class Naive:
    """One contrast pair of one model, all numbers by whole passes."""

    def __init__(self, at, architecture: str, recipe, row: int) -> None:
        self.at, self.name, self.engine = at, architecture, Reference(at.model.model, at.parts)
        prompts = at.prompts(recipe)
        self.clean, self.other = prompts.prompts[row], prompts.told(recipe.counterfactual).prompts[row]
        self.sides = sides_of(prompts.items[row : row + 1])
        self.where = torch.arange(len(self.clean.ids))[None]

    def difference(self, edits=()) -> float:
        logits = self.engine.last_logits([self.clean], edits)
        return float(self.sides.difference(logits.gather(-1, self.sides.tokens))[0])

    def change(self, source: str) -> Tensor:
        """Returns what the counterfactual makes of what a source writes, (1, token, d_model)."""
        if source == "input":
            return self._first(self.other) - self._first(self.clean)
        layer = int(source[1 : source.index(".")] if source[0] == "a" else source[1:])
        block = named(self.at.model.model, self.name, layer, "layer")
        with torch.no_grad():
            if source[0] == "a":
                projection, head = named(self.at.model.model, self.name, layer, "projection"), int(source.split("h")[1])
                clean, other = (self.engine.head_outputs([each], self.where)[:, :, layer] for each in self._pair())
                own = torch.zeros_like(clean)
                own[:, :, head] = (other - clean)[:, :, head]
                part = projection(own.flatten(2)) - projection(torch.zeros_like(own.flatten(2)))
                if self.name not in BEHIND:
                    return part
                norm = block.get_submodule(BEHIND[self.name][0])
                return linear(norm, part, projection(clean.flatten(2)), self.name == "gemma2")
            outputs = [self.engine.stream_outputs([each], "mlp", self.where)[:, :, layer] for each in self._pair()]
            if self.name in BEHIND:
                outputs = [block.get_submodule(BEHIND[self.name][1])(output) for output in outputs]
            return outputs[1] - outputs[0]

    def slope(self, edge: str) -> float:
        """Returns the central difference of the logit difference along an edge."""
        source, target = edge.split("->")
        change = self.change(source)
        up, down = (self.difference(self._pushed(target, sign * STEP * change)) for sign in (1, -1))
        return (up - down) / (2 * STEP)

    def _pushed(self, target: str, change: Tensor) -> list[Edit]:
        """Returns the edits that give one target, and no other, what it reads of a stream with a change."""
        if target == "logits":
            return [Edit("residual", LAYERS - 1, "add", change, positions=self.where)]
        layer = int(target[1 : target.index(".")] if target[0] == "a" else target[1:])
        edits = [Edit("residual", layer - 1, "add", change, positions=self.where)]
        if target[0] == "m":  # the layer's heads stay as they are, so that only the MLP sees the change
            own = self.engine.head_outputs([self.clean], self.where)
            for head in range(HEADS):
                edits.append(Edit("head", layer, "replace", own[:, :, layer, head], head, self.where))
            seen: dict[int, Tensor] = {}
            with reading(self.at.parts, mlps=lambda at, output: seen.update({at: output.clone()})):
                self.engine.last_logits([self.clean], edits)
            return [Edit("mlp", layer, "replace", seen[layer], positions=self.where)]
        head, read = int(target[target.index("h") + 1 : target.index("<")]), NAMES[target[-2]]
        told: dict[int, dict[str, Tensor]] = {}
        with reading_attention(self.at.parts, lambda at, reads: told.update({at: reads})):
            self.engine.last_logits([self.clean], edits)
        return [Edit(read, layer, "replace", told[layer][read][:, head], head, self.where)]

    @contextmanager
    def moved(self, share: float) -> Iterator[None]:
        """While open, the embedding of every pass lies so far on the way to the counterfactual."""
        move = share * self.change("input")
        block = named(self.at.model.model, self.name, 0, "layer")

        def add(module, args, kwargs):
            stream = first_tensor((*args, *kwargs.values()))
            swap = lambda value: stream + move if value is stream else value  # noqa: E731
            return tuple(map(swap, args)), {key: swap(value) for key, value in kwargs.items()}

        handle = block.register_forward_pre_hook(add, with_kwargs=True)
        try:
            yield
        finally:
            handle.remove()

    def _pair(self):
        return self.clean, self.other

    def _first(self, prompt) -> Tensor:
        seen: list[Tensor] = []
        block = named(self.at.model.model, self.name, 0, "layer")
        handle = block.register_forward_pre_hook(
            lambda m, args, kwargs: seen.append(first_tensor((*args, *kwargs.values())).clone()), with_kwargs=True
        )
        self.engine.last_logits([prompt])
        handle.remove()
        return seen[0]


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "gpt2", "gpt_neox", "qwen3", "olmo2"])
def test_each_score_is_the_slope_along_one_edge(benches, architecture) -> None:
    at = benches(architecture, "float64", "contrast-pairs")
    recipe = contrast("missing", counterfactual="swap", count=3)
    found = call(attribute_edges, AttributeEdgesInput(recipe, "attribution", None, 400), at)
    told = at.read(found.estimates.sha256, attribute_edges.KIND)
    sources, targets = (told.manifest.labels[axis] for axis in ("source", "target"))
    scores = all_scores(at, recipe, None)
    torch.testing.assert_close(scores.mean(0, keepdim=True).float(), told.tensors["data"], atol=1e-5, rtol=1e-5)
    row, naive = 1, Naive(at, architecture, recipe, 1)
    for edge in EDGES:
        source, target = edge.split("->")
        own = float(scores[row, sources.index(source), targets.index(target)])
        if edge == "a1.h0->m1" and architecture == "gpt_neox":
            assert own == 0  # attention and MLP of a layer read the same stream
            continue
        expected = naive.slope(edge)
        assert own == pytest.approx(expected, rel=1e-4, abs=1e-8) and abs(own) > 1e-6, edge
    best = found.edges[0]
    assert best.edge == f"{best.source}->{best.target}"
    assert best.estimate == pytest.approx(float(told.tensors["data"].flatten()[told.tensors["data"].abs().argmax()]))
    assert found.all_edges == edges_of(parallel=architecture == "gpt_neox") >= len(found.edges)
    assert int((told.tensors["data"] != 0).sum()) <= found.all_edges


def all_scores(at, recipe, steps) -> Tensor:
    prompts = at.prompts(recipe)
    sides, others = sides_of(prompts.items), prompts.told(recipe.counterfactual)
    return Edges(at.model.model, at.parts).scores(
        prompts.prompts,
        others.prompts,
        lambda rows, logits: sides.of(rows).difference(logits.gather(-1, sides.of(rows).tokens)),
        steps,
    )


def edges_of(parallel: bool) -> int:
    total, sources = 0, 1
    for _ in range(LAYERS):
        total += sources * (3 * HEADS + 1) + (0 if parallel else HEADS)
        sources += HEADS + 1
    return total + sources


@pytest.mark.parametrize("architecture", ["gemma2", "gpt2"])
def test_integrated_scores_are_slopes_on_the_way(benches, architecture) -> None:
    at = benches(architecture, "float64", "contrast-pairs")
    recipe = contrast("missing", counterfactual="swap", count=2)
    scores = all_scores(at, recipe, 2)
    sources, targets = Edges(at.model.model, at.parts).names()
    naive = Naive(at, architecture, recipe, 0)
    for edge in ("a0.h1->a1.h2<v>", "m0->m1", "a2.h3->logits"):
        source, target = edge.split("->")
        change, slopes = naive.change(source), []
        for share in (0.25, 0.75):
            with naive.moved(share):
                up, down = (naive.difference(naive._pushed(target, sign * STEP * change)) for sign in (1, -1))
            slopes.append((up - down) / (2 * STEP))
        own = float(scores[0, sources.index(source), targets.index(target)])
        assert own == pytest.approx(sum(slopes) / 2, rel=1e-4, abs=1e-8), edge
        assert abs(slopes[0] - slopes[1]) > 1e-5


def test_all_edges_into_the_logits_say_what_the_last_layer_says(benches) -> None:
    """Direct shares of all sources add up to the slope along the whole change of the last stream."""
    at = benches("llama", "float64", "contrast-pairs")
    recipe = contrast("missing", counterfactual="swap", count=2)
    naive = Naive(at, "llama", recipe, 0)
    last = [naive.engine.stream_outputs([each], "residual", naive.where)[:, :, -1] for each in naive._pair()]
    push = STEP * (last[1] - last[0])
    up, down = (naive.difference(naive._pushed("logits", sign * push)) for sign in (1, -1))
    assert float(all_scores(at, recipe, None)[0, :, -1].sum()) == pytest.approx((up - down) / (2 * STEP), abs=EXACT)


def test_what_cannot_be_is_refused(benches) -> None:
    at = benches("llama", "float64", "contrast-pairs")
    recipe = contrast("missing", counterfactual="swap", count=2)
    assert refused(attribute_edges, AttributeEdgesInput(recipe, "attribution", 5, None), at) == "steps-without-path"
    other = benches("gptj", "float64", "contrast-pairs")
    assert refused(attribute_edges, AttributeEdgesInput(recipe, "attribution", None, None), other) == (
        "no-attention-inputs"
    )
