"""Whether a circuit does by itself what the model does (Wang et al. 2023, section 4): faithful, complete, minimal.

F(C) is the mean logit difference with everything outside C replaced at every token. The numbers depend on what replaces
and on what counts as outside more than on the circuit, so that the recipe stands in the result.
"""

import random
from collections.abc import Sequence
from itertools import product

from torch import Tensor

from recircuit_worker.ablation import replacing_edits
from recircuit_worker.address import Head, Mlp, parse_components
from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    AblationRecipe,
    CompletenessRow,
    FaithfulnessInput,
    FaithfulnessOutput,
    FaithfulTask,
    MinimalityRow,
)
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts.contrast_set import other_variant
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.sweeping import expect_sweep, sweep

KIND = "circuit_logit_differences"
Component = Head | Mlp
Set = frozenset[Component]


def run(request: FaithfulnessInput, bench: Bench) -> FaithfulnessOutput:
    """Returns faithfulness, and completeness and minimality over subsets; the artifact is (circuit, prompt) float32.

    Raises:
        Refusal: `mlp-always-kept`, `not-of-the-circuit`; those of `Bench.prompts`, `parse_components`,
            `replacing_edits`.
        Fault: those of `sweep`.
    """
    facts = bench.facts
    circuit = parse_components(request.components, layers=facts.layers, heads=facts.heads)
    every: list[Component] = [Head(*place) for place in product(range(facts.layers), range(facts.heads))]
    if request.outside == "heads-and-mlps":
        every += [Mlp(layer) for layer in range(facts.layers)]
    _check_members(circuit, every)
    subsets = _subsets(request, circuit, bench)
    prompts = bench.prompts(request.prompts)
    kept = _circuits(circuit, every, subsets)
    expect_sweep(prompts, len(kept), 2 * len(prompts.prompts), bench)
    edits = replacing_edits(prompts, request.prompts.counterfactual, every, request.replace_by, None, bench)
    sets = [[edit for component, edit in zip(every, edits, strict=True) if component not in keep] for keep in kept]
    found = sweep(sets, prompts, bench)
    told = dict(zip(kept, (found.before[:, None] + found.changes).T.double(), strict=True))
    told[frozenset(every)] = found.before.double()
    whole, alone, empty = (told[keep] for keep in (frozenset(every), frozenset(circuit), frozenset()))
    rows = tuple(_completeness(subset, circuit, every, told) for subset in subsets)
    tasks = tuple(
        FaithfulTask(group.name, *values, faithfulness=faithfulness(*values), difference=abs(values[0] - values[1]))
        for group in prompts.groups
        for values in [[group.mean(part) for part in (whole, alone, empty)]]
    )
    means = [sum(getattr(task, name) for task in tasks) / len(tasks) for name in ("whole", "circuit", "empty")]
    return FaithfulnessOutput(
        whole=means[0],
        circuit=means[1],
        empty=means[2],
        faithfulness=faithfulness(*means),
        difference=abs(means[0] - means[1]),
        tasks=tasks,
        completeness=rows,
        incompleteness=max((row.difference for row in rows), default=None),
        minimality=(least := tuple(_minimality(each, circuit, subsets, told, means[0]) for each in circuit)),
        least_change=min(row.largest for row in least),
        recipe=_recipe(request, prompts),
        values=bench.write(
            KIND,
            found.changes.T.float() + found.before.float(),
            axes=("circuit", "prompt"),
            unit="logit difference",
            labels={"circuit": [",".join(map(str, sorted(keep, key=every.index))) or "none" for keep in kept]},
        ),
        receipt=bench.receipt(prompts, edited=True, audit=found.audit),
    )


def faithfulness(whole: float, circuit: float, empty: float) -> float | None:
    """Returns (F(C) - F(empty)) / (F(M) - F(empty)); None where replacing everything changes nothing."""
    return None if whole == empty else (circuit - empty) / (whole - empty)


def _circuits(circuit: Sequence[Component], every: Sequence[Component], subsets: Sequence[Set]) -> list[Set]:
    """Returns what is kept in each set that is measured, each once; the whole model is measured anyway."""
    own, whole = frozenset(circuit), frozenset(every)
    kept = [frozenset(), own]
    for subset in [frozenset(), *subsets]:
        kept += [own - subset, whole - subset]
        kept += [own - subset - {each} for each in circuit if each not in subset]
    return [keep for keep in dict.fromkeys(kept) if keep != whole]


def _completeness(subset: Set, circuit: Sequence[Component], every: Sequence[Component], told: dict) -> CompletenessRow:
    without, model = (_mean(told[frozenset(group) - subset]) for group in (circuit, every))
    return CompletenessRow(
        subset=tuple(str(each) for each in circuit if each in subset),
        circuit_without=without,
        model_without=model,
        difference=abs(without - model),
    )


def _minimality(
    component: Component, circuit: Sequence[Component], subsets: Sequence[Set], told: dict, whole: float
) -> MinimalityRow:
    own, changes = frozenset(circuit), []
    for subset in [frozenset(), *(subset for subset in subsets if component not in subset)]:
        changes.append(_mean(told[own - subset - {component}]) - _mean(told[own - subset]))
    largest = max(map(abs, changes))
    return MinimalityRow(
        component=str(component),
        alone=changes[0],
        alone_share=None if whole == 0 else changes[0] / abs(whole),
        largest=largest,
        share=None if whole == 0 else largest / abs(whole),
    )


def _mean(values: Tensor) -> float:
    return float(values.mean())


def _subsets(request: FaithfulnessInput, circuit: Sequence[Component], bench: Bench) -> list[Set]:
    """Returns the subsets given, and random ones: each member with probability 1/2, by the seed of the prompts."""
    found: list[Set] = []
    for names in request.subsets or ():
        subset = parse_components(names, layers=bench.facts.layers, heads=bench.facts.heads)
        other = next((each for each in subset if each not in circuit), None)
        if other is not None:
            raise Refusal(
                "not-of-the-circuit",
                what=f"completeness was asked for without {', '.join(names)}",
                why=f"{other} is not in the circuit",
                instead="name subsets of the circuit's components",
            )
        found.append(frozenset(subset))
    rng = random.Random(f"subsets|{request.prompts.seed}")
    for _ in range(request.random_subsets):
        found.append(frozenset(each for each in circuit if rng.random() < 0.5))
    return list(dict.fromkeys(found))


def _check_members(circuit: Sequence[Component], every: Sequence[Component]) -> None:
    mlp = next((each for each in circuit if each not in every), None)
    if mlp is not None:
        raise Refusal(
            "mlp-always-kept",
            what=f"{mlp} was named as part of the circuit",
            why="outside the circuit only heads are replaced, so that every MLP is kept",
            instead="leave MLPs out, or set outside to heads-and-mlps",
        )


def _recipe(request: FaithfulnessInput, prompts: PromptSet) -> AblationRecipe:
    named = request.replace_by.startswith("counterfactual")
    variant = other_variant(request.prompts.variant, request.prompts.counterfactual, prompts.items) if named else None
    return AblationRecipe(
        replaced=request.outside,
        replace_by=request.replace_by,
        counterfactual=variant,
        positions="all",
        metric="logit difference",
        averaged="over prompts, then over tasks",
    )
