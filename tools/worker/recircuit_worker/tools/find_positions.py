"""At which tokens of contrast pairs the answer's information lies, layer by layer: the map of `sweep_layers`, read.

The residual stream of the counterfactual is put in at one named position after one layer; where that brings the
counterfactual answer about, what decides it stood there.
"""

from collections.abc import Sequence

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    CarriedLayer,
    CarryingPosition,
    FindPositionsInput,
    FindPositionsOutput,
    PositionsTask,
    SweepLayersInput,
)
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.sweeping import recovery
from recircuit_worker.tools import sweep_layers

HALF = 0.5
"""of the way to the counterfactual: more is decided here than anywhere else"""


def run(request: FindPositionsInput, bench: Bench) -> FindPositionsOutput:
    """Returns the recovery of each position and layer; the artifact is (task, prompt, layer, position) float32.

    Raises:
        Refusal: `no-common-position`; those of `sweep_layers`.
        Fault: those of `sweep_layers`.
    """
    prompts = bench.prompts(request.prompts)
    asked = request.positions or named_positions(prompts)
    found = sweep_layers.run(SweepLayersInput(request.prompts, "residual", "counterfactual", tuple(asked)), bench)
    effects = bench.read(found.effects.sha256, sweep_layers.KIND).tensors["data"].double().mean(1).mean(0)
    baseline = sum(task.baseline for task in found.tasks) / len(found.tasks)
    counterpart = sum(task.counterpart for task in found.contrasts) / len(found.contrasts)
    rows = [_position(name, effects[:, place], baseline, counterpart) for place, name in enumerate(asked)]
    return FindPositionsOutput(
        baseline=baseline,
        counterpart=counterpart,
        positions=tuple(rows),
        layers=tuple(_layer(layer, effects[layer], asked, baseline, counterpart) for layer in range(len(effects))),
        tasks=tuple(
            PositionsTask(
                task=task.task,
                prompts=task.prompts,
                baseline=task.baseline,
                counterpart=other.counterpart,
                position=task.strongest.position,
                layer=task.strongest.layer,
                recovery=other.recovery,
            )
            for task, other in zip(found.tasks, found.contrasts, strict=True)
        ),
        effects=found.effects,
        receipt=found.receipt,
    )


def named_positions(prompts: PromptSet) -> tuple[str, ...]:
    """Returns the slots that all pairs have, in the order of the first pair; of two at one token the first.

    Raises:
        Refusal: `no-common-position`.
    """
    first, *others = prompts.items
    names = [name for name in first.positions if all(name in item.positions for item in others)]
    chosen: list[str] = []
    for name in sorted(names, key=lambda name: first.positions[name]):
        if not any(set(item.positions[name]) & set(item.positions[one]) for item in prompts.items for one in chosen):
            chosen.append(name)
    if not chosen:
        raise Refusal(
            "no-common-position",
            what="the named positions of these contrast pairs were asked for",
            why="their tasks have no slot in common",
            instead="ask for one task, or name positions",
        )
    return tuple(chosen)


def _position(name: int | str, effects: Tensor, baseline: float, counterpart: float) -> CarryingPosition:
    """Returns the row of a position, of effects (layer,)."""
    shares = [recovery(effect, baseline, counterpart) for effect in effects.tolist()]
    carries = [layer for layer, share in enumerate(shares) if share is not None and share >= HALF]
    best = int(effects.abs().argmax())
    return CarryingPosition(
        position=name,
        layer=best,
        effect=float(effects[best]),
        recovery=shares[best],
        recoveries=tuple(shares),
        carries=tuple(carries),
    )


def _layer(
    layer: int, effects: Tensor, asked: Sequence[int | str], baseline: float, counterpart: float
) -> CarriedLayer:
    """Returns where most of the answer lies after a layer, of effects (position,)."""
    best = int(effects.abs().argmax())
    return CarriedLayer(layer, asked[best], recovery(float(effects[best]), baseline, counterpart))
