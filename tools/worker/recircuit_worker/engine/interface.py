"""What every engine can do, and the data that goes in and out. No engine's arithmetic belongs here.

Prompts are token ids, edits are data, numbers come back on the CPU. Two engines that are given the same prompts and
edits must give the same numbers; the audit of a sweep and the tests hold them to it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from torch import Tensor

from recircuit_worker.address import Head, Mlp

Site = Literal["head", "mlp", "residual", "query", "key", "value"]
"""where an edit is made: a head's output (input of the output projection), an MLP's output, the residual stream after
a layer, or what a head's attention reads (after rotary positions, of one query head alone where heads share keys)"""


@dataclass(frozen=True)
class TokenPrompt:
    """One prompt as the model reads it."""

    ids: tuple[int, ...]
    scored: tuple[int, ...]
    """positions whose next token is scored; the last position for an in-context prompt"""
    targets: tuple[int, ...]
    """the right next token at each scored position"""


@dataclass(frozen=True, eq=False)
class Edit:
    """One intervention, made in every prompt of a call.

    `positions` are the last token, all tokens, or (prompt, place) int64 counted from 0, where -1 names no token. A
    value is (width,) for all prompts, (prompt, width), or (prompt, place, width) where places are named; width is
    d_model for `mlp` and `residual`, else head_dim.
    """

    site: Site
    layer: int
    op: Literal["replace", "add", "zero"]
    value: Tensor | None = None
    head: int | None = None
    positions: Literal["last", "all"] | Tensor = "last"


@dataclass(frozen=True)
class Receiver:
    """What a head's attention reads, as the end of a path."""

    layer: int
    head: int
    reads: Literal["query", "key", "value"]


@dataclass(frozen=True)
class Answers:
    """What the model says at the scored positions: (prompt, position), or (set, prompt, position)."""

    correct: Tensor
    """bool: the most likely next token is the target"""
    probability: Tensor
    log_probability: Tensor
    """nats"""


@dataclass(frozen=True)
class EditedAnswers:
    """Answers under each set of edits, and those of the unedited prompts computed beside them."""

    edited: Answers
    """(set, prompt, scored position)"""
    clean: Answers
    """(set, prompt, scored position): of one matrix product with the set's row, so that in bfloat16 the difference is
    the edit's and not that of two batch shapes"""

    def each(self) -> list[Answers]:
        """Returns the answers under each set, (prompt, scored position)."""
        told = self.edited
        return [Answers(*three) for three in zip(told.correct, told.probability, told.log_probability, strict=True)]

    def unedited(self) -> Answers:
        """Returns the answers of the unedited prompts, (prompt, scored position), as computed beside the first set."""
        return Answers(self.clean.correct[0], self.clean.probability[0], self.clean.log_probability[0])


@dataclass(frozen=True)
class EditedLogits:
    """Logits of named tokens, each (set, prompt, scored position, token); `clean` as in `EditedAnswers`.

    Where by causality no change can arrive, the fast engine gives the clean logits to the last bit.
    """

    edited: Tensor
    clean: Tensor


@dataclass(frozen=True)
class HeadMeans:
    """Mean head outputs at the last token."""

    means: Tensor
    """(group, layer, head, head_dim); NaN for a group of no prompts"""
    kept: Tensor
    """(group,) int64, prompts that entered the mean"""


@dataclass
class Counts:
    """What the results since the call began rest on."""

    forwards: int = 0
    """whole passes over one prompt, also those kept from an earlier call"""
    rows: int = 0
    """edited copies of a prompt, however they were computed"""
    layer_tokens: int = 0
    """tokens that went through one layer; a whole pass over one prompt is layers x tokens of it"""
    edits_requested: int = 0
    edits_fired: int = 0
    noise: float | None = None
    """largest difference, in nats or logits, between an unedited row and the whole pass over the same prompt; None
    where nothing was computed twice"""


@dataclass
class Watch:
    """How an engine tells that it lives and learns that it should stop."""

    progress: Callable[[int], None] = field(default=lambda rows: None)
    """called with the number of rows just done"""
    check_cancelled: Callable[[], None] = field(default=lambda: None)
    """raises when the caller no longer wants the answer"""


@dataclass(frozen=True)
class Readouts:
    """What is read after the scored positions, each (set, prompt, scored position, ...)."""

    logits: Tensor
    """(..., token) of the tokens asked for"""
    first: Tensor
    """(...) int64, the most likely token of the whole vocabulary"""
    total: Tensor
    """(...) log of the summed exp of all logits, nats"""


@dataclass(frozen=True)
class EditedReadouts:
    """Under each set of edits; `clean` as in `EditedAnswers`."""

    edited: Readouts
    clean: Readouts


class Engine(Protocol):
    """Runs the model. Contract: leaves no hook behind, also after an exception.

    Raises (every method): Refusal for an edit that this model cannot have; Fault `edit-did-not-fire`, `nan-from-model`,
    `out-of-memory`.
    """

    name: Literal["reference", "fast"]
    counts: Counts
    watch: Watch

    def last_logits(self, prompts: Sequence[TokenPrompt], edits: Sequence[Edit] = ()) -> Tensor:
        """Returns the logits after the last token, (prompt, vocabulary). For few prompts: nothing is reduced."""
        ...

    def answers(self, prompts: Sequence[TokenPrompt], edits: Sequence[Edit] = ()) -> Answers:
        """Returns the answers by whole passes; all prompts have equally many scored positions."""
        ...

    def answers_each(self, prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]]) -> EditedAnswers:
        """Returns the answers under each set of edits, as `answers` gives them one by one."""
        ...

    def logits_each(
        self, prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]], tokens: Tensor
    ) -> EditedLogits:
        """Returns the logits of `tokens`, (prompt, token), under each set: cheaper where no probability is wanted."""
        ...

    def readouts_each(
        self, prompts: Sequence[TokenPrompt], edit_sets: Sequence[Sequence[Edit]], tokens: Tensor
    ) -> EditedReadouts:
        """Returns what `logits_each` does, and what else says which token is most likely, and how likely it is."""
        ...

    def paths(
        self,
        prompts: Sequence[TokenPrompt],
        senders: Sequence[Sequence[Edit]],
        receivers: Sequence[Sequence[Receiver]] | None,
        tokens: Tensor,
    ) -> EditedLogits:
        """Path patching (Wang et al. 2023, section 3.1): a change of the senders that reaches the receivers alone.

        All other heads keep their clean outputs on the way, MLPs answer to the change. Receivers of one group are
        patched together, and everything above them is live. `receivers=None`: the final residual stream.

        Args:
            senders: sets of edits of heads or MLPs.
            tokens: (prompt, token), whose logits are told.

        Returns:
            logits (sender, prompt, scored position, token), or (sender, group, prompt, scored position, token). A
            receiver in the sender's own layer or below receives nothing.
        """
        ...

    def head_means(
        self, prompts: Sequence[TokenPrompt], group_of: Sequence[int], groups: int, only_correct: bool
    ) -> HeadMeans:
        """Returns the mean head outputs of each group, over all its prompts or those answered correctly."""
        ...

    def head_outputs(self, prompts: Sequence[TokenPrompt], positions: Tensor) -> Tensor:
        """Returns head outputs (prompt, place, layer, head, head_dim) at (prompt, place) positions; 0 at place -1."""
        ...

    def stream_outputs(
        self, prompts: Sequence[TokenPrompt], site: Literal["mlp", "residual"], positions: Tensor
    ) -> Tensor:
        """Returns MLP outputs, or the stream after each layer, (prompt, place, layer, d_model); 0 at place -1."""
        ...

    def component_means(
        self, prompts: Sequence[TokenPrompt], components: Sequence[Head | Mlp], positions: Literal["last", "all"]
    ) -> list[Tensor]:
        """Returns each component's mean output, (head_dim,) or (d_model,), over prompts and, for `all`, tokens."""
        ...

    def component_outputs(
        self, prompts: Sequence[TokenPrompt], components: Sequence[Head | Mlp], positions: Tensor
    ) -> list[Tensor]:
        """Returns each component's outputs (prompt, place, head_dim or d_model) at (prompt, place); 0 at place -1."""
        ...

    def head_values(self, prompts: Sequence[TokenPrompt], heads: Sequence[Head], positions: Tensor) -> list[Tensor]:
        """Returns the values that each head may attend to, (prompt, place, head_dim) at (prompt, place); 0 at place -1.

        Raises also Refusal `no-attention-inputs`.
        """
        ...

    def attention(self, prompts: Sequence[TokenPrompt], reduce: Callable[[Tensor], Tensor]) -> Tensor:
        """Returns (prompt, layer, head): `reduce` of each layer's attention (row, head, query, key) -> (row, head).

        Prompts must have equal lengths.
        """
        ...
