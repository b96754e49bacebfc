"""How a sweep grows with layers, heads, tokens and prompts: the tokens that go through layers, exactly, and the time.

Every row changes one of the four. The number of layer-tokens is known beforehand, so it decides whether the report
agrees; the published loop is timed on a few heads and scaled.
"""

from collections.abc import Iterator
from dataclasses import asdict

import torch
from transformers import LlamaConfig

from recircuit_worker.benchmarks.bars import Bar, at_most
from recircuit_worker.benchmarks.clock import busy_note
from recircuit_worker.benchmarks.loops import PublishedLoop
from recircuit_worker.benchmarks.ours import Ours
from recircuit_worker.benchmarks.rounds import run_rounds
from recircuit_worker.benchmarks.shapes import Shape, make_model
from recircuit_worker.benchmarks.told import compare
from recircuit_worker.benchmarks.work import Work, random_work

MIDDLE = {"layers": 6, "heads": 8, "tokens": 64, "prompts": 4}
TRIED = {"layers": (3, 6, 12), "heads": (4, 8, 16, 32), "tokens": (32, 64, 128, 256), "prompts": (1, 4, 16, 64)}
WIDTH, VOCABULARY = 512, 8192
LOOP_CELLS = 6
HEADER = (
    "changed",
    "layers",
    "heads",
    "tokens",
    "prompts",
    "layer-tokens",
    "by formula",
    "loop's layer-tokens",
    "ratio",
    "s",
    "loop's s",
    "times as fast",
)
TITLE = "Llama architecture, width 512, random weights. Loop: the published one, timed on six heads and scaled."


def run_growth(device: torch.device, dtype: torch.dtype, say, rounds: int) -> dict:
    """Returns the report."""
    rows, others, worst, counted = [], [], 0.0, 0
    for changed, size in _sizes():
        say(f"{changed} {size[changed]}")
        work = random_work(_shape(size), make_model(_shape(size), device, dtype))
        cells = list(range(0, work.cells, max(1, work.cells // LOOP_CELLS)))
        (ours, loop), _ = run_rounds([Ours(work), PublishedLoop(work)], cells, lambda line: None, rounds)
        others += [ours.others, loop.others]
        worst = max(worst, compare(ours.told, loop.told).logits or 0.0)
        expected = layer_tokens(work)
        counted += int(round(ours.layer_tokens) != expected)
        whole = work.cells * work.layers * work.ids.numel()
        seconds, slow = ours.seconds.median, loop.seconds.median
        rows.append(
            [
                changed,
                *size.values(),
                round(ours.layer_tokens),
                expected,
                whole,
                whole / ours.layer_tokens,
                seconds,
                slow,
                slow / seconds,
            ]
        )
    bars = [
        at_most("sizes at which the counted layer-tokens differ from the formula", counted, 0, decides=True),
        _logits_bar(worst, dtype),
    ]
    return {
        "about": "Growth of a head sweep with layers, heads, tokens and prompts",
        "tables": [{"title": TITLE, "header": HEADER, "rows": rows}],
        "notes": [
            "formula, for N prompts of P tokens, L layers of H heads: N (L P + sum over layers l of (1 + H (l + 1)))",
            busy_note(others),
        ],
        "bars": [asdict(bar) for bar in bars],
        "agrees": all(bar.holds for bar in bars if bar.decides),
    }


def layer_tokens(work: Work) -> int:
    """Returns the tokens that must go through layers: the clean pass, and one token of each row from its layer on."""
    rows = sum(1 + work.parts.heads * (layer + 1) for layer in range(work.layers))
    return len(work.ids) * (work.layers * work.ids.shape[1] + rows)


def _logits_bar(worst: float, dtype: torch.dtype) -> Bar:
    says = "largest difference of a logit from the published loop"
    # Random weights at this size differ by far more than an effect in bfloat16; the sweep's report judges that.
    return at_most(says, worst, 1e-4, decides=True) if dtype == torch.float32 else Bar(says, worst, True)


def _sizes() -> Iterator[tuple[str, dict[str, int]]]:
    for changed, values in TRIED.items():
        for value in values:
            yield changed, {**MIDDLE, changed: value}


def _shape(size: dict[str, int]) -> Shape:
    def config() -> LlamaConfig:
        return LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=WIDTH,
            intermediate_size=4 * WIDTH,
            num_hidden_layers=size["layers"],
            num_attention_heads=size["heads"],
            num_key_value_heads=size["heads"],
            initializer_range=0.05,
        )

    return Shape("growth", "Llama architecture", size["prompts"], size["tokens"], config)
