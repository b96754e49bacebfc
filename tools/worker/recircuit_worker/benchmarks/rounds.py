"""Runs the contenders in interleaved rounds, so that a machine that slows down slows all of them.

Loops that take one head at a time do a share of the heads in each round, and every one of their heads is measured once
over all rounds; a round's time is scaled to the whole sweep. The others do the whole sweep in every round.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

import torch
from torch import nn

from recircuit_worker.benchmarks.clock import Seconds, Spent, spend, summed_up
from recircuit_worker.benchmarks.contenders import Contender
from recircuit_worker.benchmarks.told import Told
from recircuit_worker.models.adapter import Parts

ROUNDS = 5


@dataclass
class Outcome:
    """What one contender did."""

    contender: Contender
    told: Told
    seconds: Seconds
    measured_cells: int
    peak_bytes: int | None
    """beyond the model"""
    others: float | None
    """median share of our cores that other processes took"""
    layer_tokens: float
    """of a whole sweep"""
    logit_rows: float
    """residual streams that went through the unembedding, of a whole sweep"""


class Tokens:
    """Counts, for everyone alike, the tokens that go through the layers and the unembedding of the model."""

    def __init__(self, parts: Parts) -> None:
        self.layers = self.logits = 0
        modules = [(layer.module, self._on_layer) for layer in parts.layers]
        modules.append((parts.unembedding, self._on_logits))
        self._handles = [m.register_forward_pre_hook(hook, with_kwargs=True) for m, hook in modules]

    def stop(self) -> None:
        """Stops counting."""
        for handle in self._handles:
            handle.remove()

    def _on_layer(self, module: nn.Module, args: tuple, kwargs: dict) -> None:
        self.layers += _tokens(args, kwargs)

    def _on_logits(self, module: nn.Module, args: tuple, kwargs: dict) -> None:
        self.logits += _tokens(args, kwargs)


def _tokens(args: tuple, kwargs: dict) -> int:
    stream = args[0] if args else kwargs["hidden_states"]
    return stream.numel() // stream.shape[-1]


def run_rounds(
    contenders: Sequence[Contender], cells: Sequence[int], say: Callable[[str], None], rounds: int = ROUNDS
) -> tuple[list[Outcome], dict[str, str]]:
    """Returns what each contender did, and of those that ran out of memory their key and name, and that.

    Args:
        cells: those that loops by head measure.
    """
    states = [_State(contender, cells, rounds) for contender in contenders]
    for state in states:
        say(f"{state.contender.key}: {state.contender.about}")
        state.attempt(state.prepare)
    for number in range(rounds):
        turn = number % len(states)
        for state in [*states[turn:], *states[:turn]]:
            state.attempt(partial(state.go, number))
        took = ", ".join(f"{state.contender.key} {state.spent[-1].seconds:.3g} s" for state in states if state.fits)
        say(f"round {number + 1} of {rounds}: {took}")
    too_large = [state.contender for state in states if not state.fits]
    return (
        [state.outcome() for state in states if state.fits],
        {f"{contender.key} {contender.about}:": "out of memory" for contender in too_large},
    )


class _State:
    def __init__(self, contender: Contender, cells: Sequence[int], rounds: int) -> None:
        self.contender, self.work, self.fits = contender, contender.work, True
        self.told, self.spent = Told(self.work), list[Spent]()
        everything = list(range(self.work.cells))
        by_head = contender.by_head
        self._shares = [list(cells[number::rounds]) if by_head else everything for number in range(rounds)]
        self._tokens = self._logits = 0.0

    def attempt(self, run: Callable[[], None]) -> None:
        """Runs, unless this contender has run out of memory: that costs it its row, not everyone the table."""
        try:
            if self.fits:
                run()
        except torch.OutOfMemoryError:
            self.fits = False
            torch.cuda.empty_cache()

    def prepare(self) -> None:
        """Warms up; those that do the whole sweep at a time say all their numbers here, untimed, and are counted."""
        self.contender.clean(self.told)
        if self.contender.by_head:
            self.contender.sweep(self._shares[0][:1], Told(self.work, keeps=False))
            return
        self.contender.sweep(self._shares[0], self.told)
        self._count(lambda: self.contender.sweep(self._shares[0], Told(self.work, keeps=False)), 1)

    def go(self, number: int) -> None:
        share = self._shares[number]
        if not self.contender.by_head:
            told = Told(self.work, keeps=False)
            self.spent.append(spend(lambda: self.contender.sweep(share, told), self.work.device))
            return
        scale = self.work.cells / len(share)
        spent = self._count(lambda: self._spend(share), scale)
        self.spent.append(replace(spent, seconds=spent.seconds * scale))

    def _spend(self, share: list[int]) -> Spent:
        return spend(lambda: self.contender.sweep(share, self.told), self.work.device)

    def _count(self, run: Callable, scale: float):
        tokens = Tokens(self.contender.parts)
        try:
            return run()
        finally:
            tokens.stop()
            self._tokens, self._logits = tokens.layers * scale, tokens.logits * scale

    def outcome(self) -> Outcome:
        others = [spent.others for spent in self.spent if spent.others is not None]
        peaks = [spent.peak_bytes for spent in self.spent if spent.peak_bytes is not None]
        return Outcome(
            contender=self.contender,
            told=self.told,
            seconds=summed_up([spent.seconds for spent in self.spent]),
            measured_cells=sum(len(share) for share in self._shares) if self.contender.by_head else self.work.cells,
            peak_bytes=max(peaks, default=None),
            others=median(others) if others else None,
            layer_tokens=self._tokens,
            logit_rows=self._logits,
        )
