"""What the reference engine is held to: one prompt, one forward, plain hooks placed by name, and attention written out.

Nothing here uses an engine or the adapter. Float64 throughout, under `ExactDouble`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from tiny import HEADS, LAYERS, WINDOW, named, tiny_model
from torch import Tensor

from recircuit_worker.engine.double import ExactDouble
from recircuit_worker.engine.interface import TokenPrompt

VOCABULARY = 60
Change = Callable[[Tensor], Tensor]
READABLE = ("llama", "gpt2", "gemma2")
"""architectures whose attention is written out here"""


def prompts() -> list[TokenPrompt]:
    """Four prompts of three lengths, all longer than the sliding window."""
    made = []
    for row, length in enumerate((9, 12, 9, 7)):
        generator = torch.Generator().manual_seed(row)
        ids = tuple(torch.randint(3, VOCABULARY, (length,), generator=generator).tolist())
        made.append(TokenPrompt(ids, (length - 1,), (3 + row,)))
    return made


class Hand:
    """One model, by its parts' names."""

    def __init__(self, architecture: str) -> None:
        self.name = architecture
        self.model = tiny_model(architecture, VOCABULARY)
        self.width = self.outputs((1, 2))[0].shape[-1] // HEADS

    def logits(self, ids: tuple[int, ...], *changes: tuple[str, int, Change]) -> Tensor:
        """Returns all logits (token, vocabulary); each change is made to a projection's input or to a part's output."""
        handles = [self._hook(*change) for change in changes]
        try:
            with torch.no_grad(), ExactDouble():
                return self.model(torch.tensor([ids])).logits[0]
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, part: str, layer: int, change: Change):
        module = named(self.model, self.name, layer, part)
        if part == "projection":
            return module.register_forward_pre_hook(lambda m, args: (change(args[0].clone()),))
        return module.register_forward_hook(lambda m, args, out: _with_first(out, change))

    def head(self, layer: int, head: int, value: Tensor | float, places: object = -1) -> tuple[str, int, Change]:
        """Returns the change that replaces a head's output at these places."""

        def change(z: Tensor) -> Tensor:
            z[0, places, head * self.width : (head + 1) * self.width] = value
            return z

        return ("projection", layer, change)

    def outputs(self, ids: tuple[int, ...], *changes: tuple[str, int, Change]) -> list[Tensor]:
        """Returns the head outputs of each layer, (token, heads * head_dim)."""
        seen: list[Tensor] = []
        keep = [("projection", layer, lambda z: seen.append(z[0].clone()) or z) for layer in range(LAYERS)]
        self.logits(ids, *changes, *keep)
        return seen

    def reads(self, ids: tuple[int, ...], layer: int, *changes: tuple[str, int, Change]) -> dict[str, Tensor]:
        """Returns what the heads of a layer read, each (token, head, head_dim), keys and values once per query head."""
        with self._attention_input(layer) as given:
            self.logits(ids, *changes)
        module, tokens = named(self.model, self.name, layer, "attention"), len(ids)
        if self.name == "gpt2":
            q, k, v = (x.view(tokens, HEADS, self.width) for x in module.c_attn(given[0]).chunk(3, dim=-1))
            return {"query": q, "key": k, "value": v}
        q, k, v = (getattr(module, f"{x}_proj")(given[0]).view(tokens, -1, self.width) for x in ("q", "k", "v"))
        angles = torch.arange(tokens)[:, None] * self.model.model.rotary_emb.inv_freq.double()
        return {
            "query": _turned(q, angles),
            "key": _turned(k, angles).repeat_interleave(2, dim=1),
            "value": v.repeat_interleave(2, dim=1),
        }

    def attend(self, reads: dict[str, Tensor], layer: int) -> Tensor:
        """Returns head outputs (token, head, head_dim)."""
        scores = torch.einsum("qhd,khd->hqk", reads["query"], reads["key"]) / self.width**0.5
        back = torch.arange(scores.shape[-1])[:, None] - torch.arange(scores.shape[-1])
        hidden = back < 0
        if self.name == "gemma2":
            scores = 2.0 * torch.tanh(scores / 2.0)
            hidden = hidden | ((back >= WINDOW) if layer % 2 == 0 else False)
        return torch.einsum("hqk,khd->qhd", scores.masked_fill(hidden, -torch.inf).softmax(-1), reads["value"])

    @contextmanager
    def _attention_input(self, layer: int) -> Iterator[list[Tensor]]:
        given: list[Tensor] = []

        def keep(module: torch.nn.Module, args: tuple, kwargs: dict) -> None:
            given.append((args[0] if args else kwargs["hidden_states"])[0].clone())

        module = named(self.model, self.name, layer, "attention")
        handle = module.register_forward_pre_hook(keep, with_kwargs=True)
        try:
            yield given
        finally:
            handle.remove()


def _with_first(output: Tensor | tuple, change: Change) -> Tensor | tuple:
    if isinstance(output, tuple):
        return (change(output[0].clone()), *output[1:])
    return change(output.clone())


def _turned(x: Tensor, angles: Tensor) -> Tensor:
    """Returns x (token, head, head_dim) with its halves turned against each other by angles (token, head_dim / 2)."""
    first, second = x.chunk(2, dim=-1)
    sin, cos = angles.sin()[:, None], angles.cos()[:, None]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
