"""What every engine can do, and the data that goes in and out. No engine's arithmetic belongs here.

Prompts are token ids, edits are data, numbers come back on the CPU. Two engines that are given the same prompts and
edits must give the same numbers; the audit of a sweep and the tests hold them to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from torch import Tensor

from recircuit_worker.address import Head, Mlp


@dataclass(frozen=True)
class TokenPrompt:
    """One prompt as the model reads it."""

    ids: tuple[int, ...]
    scored: tuple[int, ...]
    """positions whose next token is scored; the last position for an in-context prompt"""
    targets: tuple[int, ...]
    """the right next token at each scored position"""


@dataclass(frozen=True)
class Edit:
    """One intervention, made in every prompt of a call.

    `head` edits a head's output (input of the output projection, width head_dim), `mlp` an MLP's output, `residual` the
    stream after a layer (both of width d_model). A value is (width,) for all prompts or (prompt, width).
    """

    site: Literal["head", "mlp", "residual"]
    layer: int
    op: Literal["replace", "add", "zero"]
    value: Tensor | None = None
    head: int | None = None
    positions: Literal["last", "all"] = "last"


@dataclass(frozen=True)
class Answers:
    """What the model says at the scored positions, each (prompt, scored position)."""

    correct: Tensor
    """bool: the most likely next token is the target"""
    probability: Tensor
    log_probability: Tensor
    """nats"""


@dataclass(frozen=True)
class HeadMeans:
    """Mean head outputs at the last token."""

    means: Tensor
    """(group, layer, head, head_dim); NaN for a group of no prompts"""
    kept: Tensor
    """(group,) int64, prompts that entered the mean"""


@dataclass(frozen=True)
class Sweep:
    """Probabilities of the target at the last token."""

    before: Tensor
    """(prompt,), nothing replaced"""
    after: Tensor
    """(prompt, layer, head), that one head replaced"""


@dataclass
class Counts:
    """What an engine did since the call began."""

    forwards: int = 0
    """passes over one prompt; a pass over its last token with a frozen prefix counts as one"""
    edits_requested: int = 0
    edits_fired: int = 0


@dataclass
class Watch:
    """How an engine tells that it lives and learns that it should stop."""

    progress: Callable[[int], None] = field(default=lambda rows: None)
    """called with the number of rows just done"""
    check_cancelled: Callable[[], None] = field(default=lambda: None)
    """raises when the caller no longer wants the answer"""


class Engine(Protocol):
    """Runs the model. Contract: leaves no hook behind, also after an exception.

    Raises (every method): Refusal for an edit that this model cannot have; Fault `edit-did-not-fire`, `nan-from-model`.
    """

    name: str
    counts: Counts
    watch: Watch

    def last_logits(self, prompts: Sequence[TokenPrompt], edits: Sequence[Edit] = ()) -> Tensor:
        """Returns the logits after the last token, (prompt, vocabulary). For few prompts: nothing is reduced."""
        ...

    def answers(self, prompts: Sequence[TokenPrompt], edits: Sequence[Edit] = ()) -> Answers:
        """Returns the answers at the scored positions; all prompts have equally many of them."""
        ...

    def answers_each(self, prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]]) -> list[Answers]:
        """Returns the answers under each set of edits, as `answers` gives them one by one."""
        ...

    def head_means(
        self, prompts: Sequence[TokenPrompt], group_of: Sequence[int], groups: int, only_correct: bool
    ) -> HeadMeans:
        """Returns the mean head outputs of each group, over all its prompts or those answered correctly."""
        ...

    def component_means(
        self, prompts: Sequence[TokenPrompt], components: Sequence[Head | Mlp], positions: Literal["last", "all"]
    ) -> list[Tensor]:
        """Returns each component's mean output, (head_dim,) or (d_model,), over prompts and, for `all`, tokens."""
        ...

    def sweep(self, prompts: Sequence[TokenPrompt], sources: Tensor, source_of: Sequence[int]) -> Sweep:
        """Replaces each head in turn at the last token by `sources[source_of[prompt], layer, head]`."""
        ...

    def attention(self, prompts: Sequence[TokenPrompt], reduce: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns (prompt, layer, head): `reduce` of each layer's attention (row, head, query, key) -> (row, head).

        Prompts must have equal lengths.
        """
        ...
