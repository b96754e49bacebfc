"""Path patching: what a sender's change does along its direct paths (Wang et al. 2023; Goldowsky-Dill et al. 2023).

The relative change is the r of Ye, Jia and Ren 2025: change / (baseline - counterpart).
"""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor

from recircuit_worker.address import Head, Mlp, parse_components, parse_heads
from recircuit_worker.bench import Bench
from recircuit_worker.contract import PathPatchInput, PathPatchOutput, PathSender, PathTask
from recircuit_worker.engine.interface import Receiver
from recircuit_worker.errors import Refusal
from recircuit_worker.pathing import Paths, patch_paths
from recircuit_worker.prompts.contrast_scores import ask
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.ranking import default_top

KIND = "path_effects"
LOGITS = "logits"
AT_LEAST = 10
_READS: Mapping[str, tuple[Literal["query", "key", "value"], ...]] = {
    "query": ("query",),
    "key": ("key",),
    "value": ("value",),
    "key-and-value": ("key", "value"),
}


def run(request: PathPatchInput, bench: Bench) -> PathPatchOutput:
    """Returns what each sender changes, (task, prompt, receiver, sender) float32 logit difference, and the strongest.

    Raises:
        Refusal: `no-way`; those of `Bench.prompts`, `parse_components` and `patch_paths`.
        Fault: those of `patch_paths`.
    """
    prompts = bench.prompts(request.prompts)
    others = prompts.told(request.prompts.counterfactual)
    receivers = _receivers(request, bench)
    senders = _senders(request, receivers, bench)
    rows = len(senders) * (1 + len(receivers or ()))
    bench.expect(len(prompts.prompts) * (3 + rows))
    found = patch_paths(prompts, others, senders, receivers, request.positions, bench)
    counterpart = ask(others, bench.engine).difference
    names = [LOGITS] if receivers is None else [_name(group) for group in receivers]
    tasks = tuple(
        PathTask(group.name, len(group.rows), group.mean(found.before), group.mean(counterpart))
        for group in prompts.groups
    )
    return PathPatchOutput(
        baseline=(baseline := _mean([task.baseline for task in tasks])),
        counterpart=(other := _mean([task.counterpart for task in tasks])),
        tasks=tasks,
        senders=_told(_by_task(found, prompts), senders, names, baseline - other, request, bench),
        all_heads=bench.facts.layers * bench.facts.heads,
        effects=bench.write(
            KIND,
            found.changes.float().unflatten(0, (len(prompts.groups), -1)),
            axes=("task", "prompt", "receiver", "sender"),
            unit="logit difference",
            labels={"task": prompts.names, "receiver": names, "sender": [str(sender) for sender in senders]},
        ),
        receipt=bench.receipt(prompts, edited=True, audit=found.audit),
    )


def _receivers(request: PathPatchInput, bench: Bench) -> list[list[Receiver]] | None:
    if request.receivers is None:
        return None
    heads = parse_heads(request.receivers, layers=bench.facts.layers, heads=bench.facts.heads)
    reads = _READS[request.reads]
    each = [[Receiver(head.layer, head.head, read) for read in reads] for head in heads]
    return [[receiver for group in each for receiver in group]] if request.together else each


def _name(group: list[Receiver]) -> str:
    """Returns the heads of a group, each once."""
    return "+".join(dict.fromkeys(f"a{receiver.layer}.h{receiver.head}" for receiver in group))


def _senders(request: PathPatchInput, receivers: list[list[Receiver]] | None, bench: Bench) -> list[Head | Mlp]:
    facts = bench.facts
    if request.senders is not None:
        return parse_components(request.senders, layers=facts.layers, heads=facts.heads)
    highest = facts.layers if receivers is None else max(r.layer for group in receivers for r in group)
    # Heads that receive together are told by what else reaches them, as in Merullo et al. 2023.
    left_out = {Head(r.layer, r.head) for r in (receivers or [[]])[0]} if request.together else set()
    # Below the first layer there is none: that nothing arrives from its own heads is then what is measured.
    heads = [Head(layer, head) for layer in range(max(highest, 1)) for head in range(facts.heads)]
    return [head for head in heads if head not in left_out] or heads


def _by_task(found: Paths, prompts: PromptSet) -> Tensor:
    """Returns (receiver, sender): means over prompts, then over tasks."""
    return found.changes.double().unflatten(0, (len(prompts.groups), -1)).mean((0, 1))


def _told(
    effects: Tensor, senders: list[Head | Mlp], names: list[str], way: float, request: PathPatchInput, bench: Bench
) -> tuple[PathSender, ...]:
    if way == 0:
        raise Refusal(
            "no-way",
            what="changes were to be told as share of the way between prompts and counterfactuals",
            why="the logit difference is the same in both",
            instead="name another counterfactual",
        )
    top = request.top or default_top(bench.facts.layers * bench.facts.heads, AT_LEAST)
    rows = []
    for name, mine in zip(names, effects, strict=True):
        for place in mine.abs().argsort(descending=True, stable=True)[:top].tolist():
            sender, effect = senders[place], float(mine[place])
            depth = sender.layer / bench.facts.layers
            rows.append(PathSender(str(sender), name, effect, effect / way, abs(effect / way), depth))
    return tuple(rows)


def _mean(values: list[float]) -> float:
    return float(torch.tensor(values, dtype=torch.float64).mean())
