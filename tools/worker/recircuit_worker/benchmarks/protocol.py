"""What a whole reproduction of function-vector heads costs: search and verification, six tasks, by both engines.

The published procedure runs one whole forward for each prompt and edit; those forwards are counted from the calls. The
reference engine runs them all, in batches and with the needed logits alone, so it is faster than the published code.
"""

import time
from dataclasses import asdict

import torch
from torch import Tensor
from transformers import PreTrainedModel

from recircuit_worker.benchmarks.bars import at_most
from recircuit_worker.benchmarks.protocol_calls import INJECTED, MEANS, SHOWN, TASKS, Call, Half, Protocol
from recircuit_worker.benchmarks.shapes import Shape, make_model
from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.interface import Engine, TokenPrompt
from recircuit_worker.engine.reference import Reference
from recircuit_worker.models.adapter import Parts, find_parts

ORGANISM_TASKS = ("antonym", "synonym", "next-item", "previous-item", "first-of-three", "last-of-three")
ZERO_SHOT_TOKENS = 10
"""of a random prompt; a question without demonstrations"""
NATS = 1e-4
"""largest difference of a log probability in float32"""
HEADER = (
    "half",
    "step",
    "prompts",
    "edits each",
    "published forwards",
    "published layer-tokens",
    "fast layer-tokens",
    "ratio",
    "fast, s",
    "reference, s",
)
TITLE = "Every call of an engine in one reproduction; the clean pass of each prompt is one forward."


def run_protocol(shape: Shape, device: torch.device, dtype: torch.dtype, say) -> dict:
    """Returns the report. On shapes that need a GPU the reference engine is not run."""
    model = make_model(shape, device, dtype)
    parts = find_parts(model)
    halves = {name: _half(shape, model, seed) for seed, name in enumerate(("search", "verification"))}
    fast, told = _run(Fast(model, parts), parts, halves, say)
    slow, expected = ([None] * len(fast), None) if shape.gpu_only else _run(Reference(model, parts), parts, halves, say)
    layers = len(parts.layers)
    rows = [_row(half, call, layers, mine, theirs) for (half, call, mine), theirs in zip(fast, slow, strict=True)]
    rows.append(_total(rows))
    bars = []
    if expected is not None:
        worst = max(float((a - b).abs().max()) for a, b in zip(told, expected, strict=True))
        bars.append(at_most("largest difference between the engines, nats or activations", worst, NATS, decides=True))
    return {
        "about": f"The whole function-vector protocol on {shape.about}, {TASKS} tasks, {dtype}",
        "tables": [{"title": TITLE, "header": HEADER, "rows": rows}],
        "notes": [] if expected else ["reference engine: not run on this shape"],
        "bars": [asdict(bar) for bar in bars],
        "agrees": all(bar.holds for bar in bars if bar.decides),
    }


Ran = tuple[str, Call, tuple[float, int]]
"""half, call, (seconds, layer-tokens)"""


def _run(engine: Engine, parts: Parts, halves: dict[str, Half], say) -> tuple[list[Ran], list[Tensor]]:
    ran, told = [], []
    for name, half in halves.items():
        protocol = Protocol(parts, half)
        for call in protocol.search() if name == "search" else protocol.verification():
            before, begun = engine.counts.layer_tokens, time.perf_counter()
            told.append(call.run(engine))
            seconds = time.perf_counter() - begun
            ran.append((name, call, (seconds, engine.counts.layer_tokens - before)))
            say(f"{engine.name}: {name}, {call.step}: {seconds:.3g} s")
    return ran, told


def _row(half: str, call: Call, layers: int, mine: tuple[float, int], theirs: Ran | None) -> list:
    published = call.tokens * (call.sets + 1) * layers
    seconds, layer_tokens = mine
    return [
        half,
        call.step,
        call.prompts,
        call.sets,
        call.prompts * (call.sets + 1),
        published,
        layer_tokens,
        published / layer_tokens if layer_tokens else None,
        seconds,
        None if theirs is None else theirs[2][0],
    ]


def _total(rows: list[list]) -> list:
    forwards, published, ours, seconds = (sum(row[column] for row in rows) for column in (4, 5, 6, 8))
    slow = None if any(row[9] is None for row in rows) else sum(row[9] for row in rows)
    return ["both", "all of it", None, None, forwards, published, ours, published / ours, seconds, slow]


def _half(shape: Shape, model: PreTrainedModel, seed: int) -> Half:
    if shape.config is None:
        return _organism_half(shape, seed)
    generator = torch.Generator().manual_seed(seed)
    vocabulary = model.config.get_text_config().vocab_size

    def draw(count: int, tokens: int) -> list[TokenPrompt]:
        ids = torch.randint(3, vocabulary, (TASKS * count, tokens + 1), generator=generator).tolist()
        return [TokenPrompt(tuple(row[:-1]), (tokens - 1,), (row[-1],)) for row in ids]

    return Half(draw(MEANS, shape.tokens), draw(SHOWN, shape.tokens), draw(INJECTED, ZERO_SHOT_TOKENS))


def _organism_half(shape: Shape, seed: int) -> Half:
    from recircuit_worker.benchmarks.organism_work import SHOTS, organism_reader, prompts_of

    reader = organism_reader(shape)

    def make(variant: str, shots: int, count: int) -> list[TokenPrompt]:
        prompts = [p for task in ORGANISM_TASKS for p in prompts_of(task, variant, shots, count, seed)]
        ids = [reader.ids(prompt.text) for prompt in prompts]
        right = [reader.first_answer_token(prompt.text, prompt.answer) for prompt in prompts]
        return [TokenPrompt(row, (len(row) - 1,), (answer,)) for row, answer in zip(ids, right, strict=True)]

    return Half(make("clean", SHOTS, MEANS), make("shuffled", SHOTS, SHOWN), make("zero-shot", 0, INJECTED))
