"""bfloat16 against float32: the fast engine may not be further from the truth than the published loop is.

The truth is the published loop on the same weights in float32, without TF32, on the heads that it was timed on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from recircuit_worker.agreement import spearman
from recircuit_worker.benchmarks.bars import Bar, at_most
from recircuit_worker.benchmarks.loops import PublishedLoop
from recircuit_worker.benchmarks.ours import Ours
from recircuit_worker.benchmarks.rounds import Outcome
from recircuit_worker.benchmarks.told import Told
from recircuit_worker.benchmarks.work import Work

NOISE_FACTOR = 1.5
RANKS = 0.999
SINGLE = 1e-3
"""largest difference of a logit between the two in float32, at 7 to 9 billion parameters"""


def half_precision_bars(work: Work, outcomes: Mapping[str, Outcome], cells: Sequence[int]) -> list[Bar]:
    """Returns the bars on numbers in bfloat16. The model is in float32 afterwards."""
    half = {key: outcomes[key].told for key in ("R1", "F")}
    model = work.model.float()
    single = replace(work, model=model, means=work.means.float())
    truth, ours = Told(single), Told(single)
    loop = PublishedLoop(single)
    loop.clean(truth)
    loop.sweep(list(cells), truth)
    Ours(single).sweep(list(range(single.cells)), ours)
    chosen = torch.tensor(cells, device=work.device)
    bars = []
    for name, of in (("logit difference", Told.difference), ("probability", Told.effect)):
        exact, published, fast = (of(told)[:, chosen].double() for told in (truth, half["R1"], half["F"]))
        noise = _largest(published - exact)
        bars.append(
            at_most(
                f"F in bfloat16, error of a change of {name}, in errors of R1 ({noise:.2g})",
                _largest(fast - exact) / noise,
                NOISE_FACTOR,
                decides=True,
            )
        )
        ranks = spearman(fast.mean(0), exact.mean(0)) or 0.0
        published_ranks = spearman(published.mean(0), exact.mean(0)) or 0.0
        says = f"F in bfloat16, Spearman of {name} with float32: at least {RANKS} (R1's own is {published_ranks:.5f})"
        bars.append(Bar(says, ranks, ranks >= RANKS, decides=True))
    difference = _largest(ours.logits[:, chosen] - truth.logits[:, chosen])
    bars.append(at_most("F in float32, largest difference of a logit from R1", difference, SINGLE, decides=True))
    return bars


def _largest(difference: Tensor) -> float:
    return float(difference.abs().max())
