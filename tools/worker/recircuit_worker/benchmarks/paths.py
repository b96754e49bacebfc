"""Path patching: what the two-run loop costs, and what the fast engine needs for the same numbers.

The loop is the published one (Wang et al. 2023; INK-USC/function-induction): for each sender and receiver one whole
forward with all heads frozen and the sender changed, and one with the receiver's input replaced. The reference engine
runs it; where it saves a forward that the published code does not, both counts are told.
"""

from dataclasses import asdict, dataclass, replace
from random import Random
from statistics import median

import torch
from transformers import Gemma2Config

from recircuit_worker.benchmarks.bars import at_least, at_most
from recircuit_worker.benchmarks.clock import busy_note, spend
from recircuit_worker.benchmarks.rounds import Tokens
from recircuit_worker.benchmarks.shapes import Shape, make_model
from recircuit_worker.benchmarks.work import Work, random_work
from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.interface import Edit, EditedLogits, Engine, Receiver
from recircuit_worker.engine.reference import Reference

LAYERS, HEADS, TOKENS, PROMPTS = 12, 8, 30, 4
RECEIVING = 9
"""layer of the receivers, three below the top as in the published run"""
CHECKED_SENDERS = 12
EXACT = 1e-9
HEADER = (
    "receiver",
    "sender's tokens",
    "published forwards",
    "loop's forwards",
    "ours",
    "fewer than published",
    "fewer than the loop",
    "loop's s",
    "ours, s",
    "times as fast",
    "largest effect",
    "max Δlogit, float64",
)
TITLE = (
    f"Gemma-2 architecture, {LAYERS} layers of {HEADS} heads, {PROMPTS} prompts of {TOKENS} tokens; every head below "
    "the receiver is a sender, in turn. Forwards: tokens through layers, in forwards of one prompt, for each prompt."
)


@dataclass(frozen=True)
class Case:
    """One kind of path."""

    says: str
    positions: str
    receivers: tuple[Receiver, ...] | None
    """each measured by itself; None: the final residual stream"""
    least: float | None
    """how many times fewer forward-equivalents are asked, if any"""

    def senders(self) -> list[tuple[int, int]]:
        """Returns (layer, head) of every sender."""
        layers = LAYERS if self.receivers is None else RECEIVING
        return [(layer, head) for layer in range(layers) for head in range(HEADS)]


def _values(count: int) -> tuple[Receiver, ...]:
    return tuple(Receiver(RECEIVING, head, "value") for head in range(count))


CASES = (
    Case("final residual", "last", None, 50),
    Case("value input of one head", "last", _values(1), 10),
    Case("value inputs of eight heads, each by itself", "last", _values(8), 10),
    Case("value input of one head", "all", _values(1), None),
    Case("value inputs of eight heads, each by itself", "all", _values(8), None),
)


def run_paths(device: torch.device, say, rounds: int) -> dict:
    """Returns the report. Times are in float32, agreement is in float64."""
    shape = Shape("paths", "Gemma-2 architecture", PROMPTS, TOKENS, _config)
    work = random_work(shape, make_model(shape, device, torch.float32))
    double = random_work(shape, make_model(shape, device, torch.float64))
    rows, bars, others = [], [], []
    for case in CASES:
        say(f"{case.says}, {case.positions}")
        row, busy = _measure(case, work, rounds)
        effect, difference = _compare(case, double)
        rows.append([*row, effect, difference])
        others += busy
        name = f"{case.says}, senders at {case.positions} tokens"
        if case.least is not None:
            bars.append(replace(at_least(f"{name}, times fewer forwards", row[5], case.least), decides=True))
        bars.append(at_most(f"{name}, difference in float64", difference, EXACT, decides=True))
    return {
        "about": "Path patching against the two-run loop",
        "tables": [{"title": TITLE, "header": HEADER, "rows": rows}],
        "notes": [
            "the published code runs two forwards for every sender and receiver; the loop that was timed runs the "
            "first once for all receivers of a sender, and no second one for the final residual stream",
            busy_note(others),
        ],
        "bars": [asdict(bar) for bar in bars],
        "agrees": all(bar.holds for bar in bars if bar.decides),
    }


def _measure(case: Case, work: Work, rounds: int) -> tuple[list, list[float | None]]:
    senders, slow, fast = case.senders(), [], []
    run = {Reference: lambda: _paths(Reference, case, work, senders), Fast: lambda: _paths(Fast, case, work, senders)}
    counted = {}
    for engine, times in ((Reference, slow), (Fast, fast)):
        tokens = Tokens(work.parts)
        times.append(spend(run[engine], work.device))
        tokens.stop()
        counted[engine] = tokens.layers / (LAYERS * TOKENS * PROMPTS)
    fast.clear()  # the first was a warm-up
    for _ in range(rounds):
        fast.append(spend(run[Fast], work.device))
    published = 2 * len(senders) * len(case.receivers or (None,))
    seconds = [median(spent.seconds for spent in times) for times in (slow, fast)]
    row = [
        case.says,
        case.positions,
        published,
        counted[Reference],
        counted[Fast],
        published / counted[Fast],
        counted[Reference] / counted[Fast],
        *seconds,
        seconds[0] / seconds[1],
    ]
    return row, [spent.others for spent in (*slow, *fast)]


def _compare(case: Case, work: Work) -> tuple[float, float]:
    """Returns the largest effect on a logit, and the largest difference between the engines."""
    senders = sorted(Random(0).sample(case.senders(), CHECKED_SENDERS))
    slow, fast = (_paths(engine, case, work, senders) for engine in (Reference, Fast))
    return tuple(float(part.abs().max()) for part in (slow.edited - slow.clean, slow.edited - fast.edited))


def _paths(engine: type[Engine], case: Case, work: Work, senders: list[tuple[int, int]]) -> EditedLogits:
    edits = [[Edit("head", layer, "replace", work.means[layer, head], head, case.positions)] for layer, head in senders]
    groups = None if case.receivers is None else [[receiver] for receiver in case.receivers]
    return engine(work.model, work.parts).paths(work.token_prompts(), edits, groups, work.answers.cpu())


def _config() -> Gemma2Config:
    return Gemma2Config(
        vocab_size=8192,
        hidden_size=384,
        intermediate_size=1536,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=HEADS // 2,
        head_dim=64,
        query_pre_attn_scalar=64,
        sliding_window=16,
        tie_word_embeddings=False,
        initializer_range=0.05,
    )
