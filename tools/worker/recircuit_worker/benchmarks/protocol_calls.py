"""The calls of an engine that one reproduction of function-vector heads makes, search and verification.

The numbers are those of `protocols/findings/function-vector-heads/protocol.yaml`; a test holds them together. Tools,
artifacts, audits and the record are left out: here only what engines compute is counted and timed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor

from recircuit_worker.address import Head
from recircuit_worker.engine.interface import Edit, Engine, TokenPrompt
from recircuit_worker.engine.sweeps import head_sets
from recircuit_worker.models.adapter import Parts, head_matrix

TASKS = 6
SHOWN, MEANS, SWEPT, INJECTED = 25, 100, 25, 20
"""prompts of each task: behaviour, means, sweep, injection and ablation"""
TOP = 10
SCALES = (1, 2, 4)
RANDOM_SETS, RANDOM_ABLATED = 20, 5


@dataclass(frozen=True)
class Half:
    """Prompts of one half, task by task."""

    clean: list[TokenPrompt]
    """100 of each task; steps that want fewer take the first"""
    shuffled: list[TokenPrompt]
    zero_shot: list[TokenPrompt]


@dataclass(frozen=True)
class Call:
    """One step, as an engine is asked."""

    step: str
    prompts: int
    sets: int
    """edited copies of each prompt"""
    tokens: int
    """of all its prompts together, once"""
    run: Callable[[Engine], Tensor]
    """returns what it found, to be compared between engines"""


class Protocol:
    """Makes the calls of a half one after the other; later ones need what earlier ones found."""

    def __init__(self, parts: Parts, half: Half) -> None:
        self._parts, self._half = parts, half
        self._layers = list(range(len(parts.layers)))
        self._means = self._effects = torch.empty(0)

    def search(self) -> list[Call]:
        """Returns the published procedure."""
        zero_shot = len(self._layers) * len(SCALES)
        return [
            self._answers("behaviour", self._half.clean, SHOWN),
            self._answers("shuffled labels", self._half.shuffled, SHOWN),
            *self._find_heads(),
            self._inject("injection, all layers and scales", zero_shot, self._grid),
            self._ablate("ablation", 1),
        ]

    def verification(self) -> list[Call]:
        """Returns the measurements and their controls."""
        layers = len(self._layers)
        controls = RANDOM_SETS * layers * len(SCALES)
        return [
            self._answers("shuffled labels", self._half.shuffled, SHOWN),
            *self._find_heads(),
            self._inject("injection", 1, lambda: [self._edit(0, 1, self._best())]),
            self._inject("injection, every layer", layers, lambda: self._curve(self._best())),
            self._inject("injection through the norm", layers, lambda: self._curve(self._best())),
            self._inject("another task's vector", 1, lambda: [self._edit(0, 1, self._best(), other=True)]),
            self._inject("twenty random head sets", controls, self._random_grids),
            self._ablate("ablation", 1),
            self._ablate("ablation of five random sets", RANDOM_ABLATED),
        ]

    def _find_heads(self) -> list[Call]:
        parts, half = self._parts, self._half
        swept = _first(half.shuffled, SWEPT)

        def means(engine: Engine) -> Tensor:
            found = engine.head_means(half.clean, _groups(MEANS), TASKS, False).means
            self._means = found
            return found

        def sweep(engine: Engine) -> Tensor:
            values = self._means[_groups(SWEPT)]
            found = engine.answers_each(swept, head_sets(len(self._layers), parts.heads, values, "last"))
            self._effects = (found.edited.probability - found.clean.probability)[:, :, -1].double().mean(1)
            return found.edited.log_probability

        cells = len(self._layers) * parts.heads
        return [Call("means", len(half.clean), 0, _tokens(half.clean), means), _call("sweep", swept, cells, sweep)]

    def _answers(self, step: str, prompts: list[TokenPrompt], count: int) -> Call:
        chosen = _first(prompts, count)
        return Call(step, len(chosen), 0, _tokens(chosen), lambda engine: engine.answers(chosen).log_probability)

    def _inject(self, step: str, sets: int, edits: Callable[[], list[list[Edit]]]) -> Call:
        prompts = _first(self._half.zero_shot, INJECTED)

        def run(engine: Engine) -> Tensor:
            wanted = edits()
            # A control is a call of its own in the protocol: one for each random set.
            at_once = len(wanted) // RANDOM_SETS if len(wanted) == RANDOM_SETS * len(self._grid()) else len(wanted)
            parts = [wanted[start : start + at_once] for start in range(0, len(wanted), at_once)]
            return torch.cat([engine.answers_each(prompts, part).edited.log_probability for part in parts])

        return _call(step, prompts, sets, run)

    def _ablate(self, step: str, sets: int) -> Call:
        prompts = _first(self._half.clean, INJECTED)

        def run(engine: Engine) -> Tensor:
            found = []
            for number in range(sets):
                heads = self._best() if sets == 1 else self._random(number)
                values = engine.component_means(prompts, heads, "last")
                edits = [Edit("head", h.layer, "replace", v, h.head) for h, v in zip(heads, values, strict=True)]
                found.append(engine.answers_each(prompts, [edits]).edited.log_probability)
            return torch.cat(found)

        # The mean over these prompts is a pass over each, for every set.
        return Call(step, len(prompts) * sets, 2, _tokens(prompts) * sets, run)

    def _best(self) -> list[Head]:
        best = self._effects.argsort(descending=True)[:TOP].tolist()
        return [Head(*divmod(cell, self._parts.heads)) for cell in best]

    def _random(self, number: int) -> list[Head]:
        cells = Random(number).sample(range(len(self._layers) * self._parts.heads), TOP)
        return [Head(*divmod(cell, self._parts.heads)) for cell in cells]

    def _curve(self, heads: list[Head]) -> list[list[Edit]]:
        return [self._edit(layer, 1, heads) for layer in self._layers]

    def _grid(self, heads: list[Head] | None = None) -> list[list[Edit]]:
        return [self._edit(layer, scale, heads or self._best()) for layer in self._layers for scale in SCALES]

    def _random_grids(self) -> list[list[Edit]]:
        return [edits for number in range(RANDOM_SETS) for edits in self._grid(self._random(number))]

    def _edit(self, layer: int, scale: float, heads: list[Head], *, other: bool = False) -> list[Edit]:
        vectors = sum(
            self._means[:, head.layer, head.head] @ head_matrix(self._parts, head.layer, head.head).to(self._means)
            for head in heads
        )
        mine = (vectors.roll(1, 0) if other else vectors)[_groups(INJECTED)]
        return [Edit("residual", layer, "add", scale * mine)]


def _call(step: str, prompts: list[TokenPrompt], sets: int, run: Callable[[Engine], Tensor]) -> Call:
    return Call(step, len(prompts), sets, _tokens(prompts), run)


def _tokens(prompts: list[TokenPrompt]) -> int:
    return sum(len(prompt.ids) for prompt in prompts)


def _groups(count: int) -> list[int]:
    return [task for task in range(TASKS) for _ in range(count)]


def _first(prompts: list[TokenPrompt], count: int) -> list[TokenPrompt]:
    """Returns the first prompts of each task."""
    each = len(prompts) // TASKS
    return [prompts[task * each + row] for task in range(TASKS) for row in range(count)]
