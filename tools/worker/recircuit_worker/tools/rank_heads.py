"""From effects per prompt to a ranking: average indirect effect, mean over prompts, then over tasks."""

from torch import Tensor

from recircuit_worker.address import Head
from recircuit_worker.bench import Bench
from recircuit_worker.contract import RankedHead, RankHeadsInput, RankHeadsOutput
from recircuit_worker.errors import Refusal
from recircuit_worker.ranking import best_first, default_top
from recircuit_worker.standard_error import standard_error
from recircuit_worker.tools.sweep_heads import KIND as EFFECTS

AT_LEAST = 10
"""as in the released script of Todd et al. 2024"""


def run(request: RankHeadsInput, bench: Bench) -> RankHeadsOutput:
    """Returns the top heads, best first, and the top heads by the even and by the odd prompts alone.

    Raises:
        Refusal: `unknown-artifact`, `wrong-kind`, `other-model`, or `too-few-prompts` for two halves.
    """
    sweep = bench.read(request.sweep, EFFECTS)
    effects = sweep.tensors["data"].double()
    if effects.shape[1] < 2:
        raise Refusal(
            "too-few-prompts",
            what="a ranking with two halves was asked for",
            why="the sweep has one prompt per task",
            instead="sweep at least two prompts per task",
        )
    by_task = effects.mean(1)
    average = by_task.mean(0)
    layers, heads = average.shape
    top = min(request.top or default_top(layers * heads, AT_LEAST), layers * heads)
    chosen = best_first(average)[:top]
    return RankHeadsOutput(
        heads=tuple(_ranked(head, average, by_task) for head in chosen),
        half_a=_half(effects[:, 0::2], top),
        half_b=_half(effects[:, 1::2], top),
        all_heads=layers * heads,
        mean_depth=sum(head.layer for head in chosen) / top / layers,
        average=bench.write("average_effects", average.float(), axes=("layer", "head"), unit=sweep.manifest.ref.unit),
        receipt=bench.receipt(),
    )


def _ranked(head: Head, average: Tensor, by_task: Tensor) -> RankedHead:
    tasks = by_task[:, head.layer, head.head]
    sem = standard_error(tasks)
    return RankedHead(component=str(head), effect=float(average[head.layer, head.head]), sem=sem)


def _half(effects: Tensor, top: int) -> tuple[str, ...]:
    return tuple(str(head) for head in best_first(effects.mean(1).mean(0))[:top])
