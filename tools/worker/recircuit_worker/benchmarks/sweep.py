"""The head sweep: every contender on one model, in one process, in interleaved rounds."""

import gc
from collections.abc import Callable
from dataclasses import asdict
from random import Random

import torch

from recircuit_worker.benchmarks.attribution import Attribution, AttributionOfMeans
from recircuit_worker.benchmarks.bars import Bar, agreement_bars, cpu_time_bars, gpu_time_bars
from recircuit_worker.benchmarks.careful import CarefulUser, CarefulUserAnswers, ExpertUser, ExpertUserAnswers
from recircuit_worker.benchmarks.clock import busy_note
from recircuit_worker.benchmarks.halves import half_precision_bars
from recircuit_worker.benchmarks.libraries import make_libraries
from recircuit_worker.benchmarks.loops import BatchedLoop, PublishedLoop
from recircuit_worker.benchmarks.ours import Ours, OursAnswers, OursSingly, OursWithSource
from recircuit_worker.benchmarks.rounds import Outcome, run_rounds
from recircuit_worker.benchmarks.shapes import Shape, make_model
from recircuit_worker.benchmarks.sweep_table import sweep_table
from recircuit_worker.benchmarks.told import compare
from recircuit_worker.benchmarks.work import Work, random_work

Say = Callable[[str], None]
LEFT_OUT = "left out by --rivals none"
EVERYONE = (
    PublishedLoop,
    BatchedLoop,
    Attribution,
    AttributionOfMeans,
    CarefulUser,
    CarefulUserAnswers,
    ExpertUser,
    ExpertUserAnswers,
    Ours,
    OursAnswers,
    OursSingly,
    OursWithSource,
)


def run_sweep(shape: Shape, device: torch.device, dtype: torch.dtype, say: Say, *, rounds: int, rivals: bool) -> dict:
    """Returns the report of one shape; `agrees` says whether the numbers do."""
    model = make_model(shape, device, dtype)
    work = make_sweep(shape, model)
    cells = list(range(work.cells))
    if shape.sampled is not None and shape.sampled < work.cells:
        cells = sorted(Random(0).sample(cells, shape.sampled))
    contenders = [make(work) for make in EVERYONE]
    libraries, missing = make_libraries(work) if rivals else ([], {"R4": LEFT_OUT, "R5": LEFT_OUT})
    outcomes, too_large = run_rounds([*contenders, *libraries], cells, say, rounds)
    missing |= too_large
    by_key = {outcome.contender.key: outcome for outcome in outcomes}
    rows = [_row(outcome, by_key, work) for outcome in outcomes]
    bars = _bars(work, by_key, rows, cells)
    return {
        "about": f"Head sweep of {describe(work)}",
        "rows": rows,
        "missing": missing,
        "tables": [sweep_table(rows, missing, work.cells)],
        "notes": [busy_note([row["others"] for row in rows])],
        "bars": [asdict(bar) for bar in bars],
        "agrees": all(bar.holds for bar in bars if bar.decides),
    }


def describe(work: Work) -> str:
    """Returns the model and the prompts in words."""
    dtype = str(work.parts.unembedding.weight.dtype).removeprefix("torch.")
    return (
        f"{work.shape.about}: {work.layers} layers of {work.parts.heads} heads, {len(work.ids)} prompts of "
        f"{work.ids.shape[1]} tokens, {dtype}"
    )


def make_sweep(shape: Shape, model: torch.nn.Module) -> Work:
    """Returns the sweep of a shape."""
    if shape.config is not None:
        return random_work(shape, model)
    from recircuit_worker.benchmarks.organism_work import organism_work  # needs a YAML reader, which others do not

    return organism_work(shape, model)


def _bars(work: Work, outcomes: dict[str, Outcome], rows: list[dict], cells: list[int]) -> list[Bar]:
    times: list[Bar] = []
    if work.shape.name == "gpt2-small" and work.device.type == "cpu":
        times = cpu_time_bars(outcomes)
    if work.shape.gpu_only:
        times = gpu_time_bars(outcomes, len(work.ids), _bytes(work))
    if work.parts.unembedding.weight.dtype != torch.bfloat16:
        return [*times, *agreement_bars(rows)]
    gc.collect()
    return [*times, *half_precision_bars(work, outcomes, cells)]


def _row(outcome: Outcome, outcomes: dict[str, Outcome], work: Work) -> dict:
    contender = outcome.contender
    compared = contender.compared_with if contender.compared_with in outcomes else None
    agreement = None if compared is None else asdict(compare(outcome.told, outcomes[compared].told))
    median = outcome.seconds.median
    return {
        "key": contender.key,
        "about": contender.about,
        "exact": contender.exact,
        "seconds": asdict(outcome.seconds),
        "measured_cells": outcome.measured_cells,
        "faster_than_r1": outcomes["R1"].seconds.median / median,
        "over_f": median / outcomes["F"].seconds.median,
        "compared_with": compared,
        **(agreement or {"cells": 0, "logits": None, "compared_tokens": 0, "log_probability": None}),
        **({} if agreement else {"same_top": None, "spearman": None}),
        "layer_tokens": round(outcome.layer_tokens),
        "forwards": outcome.layer_tokens / (work.layers * work.ids.shape[1]),
        "logit_rows": round(outcome.logit_rows),
        "peak_bytes": outcome.peak_bytes,
        "others": outcome.others,
    }


def _bytes(work: Work) -> int:
    return sum(parameter.numel() * parameter.element_size() for parameter in work.model.parameters())
