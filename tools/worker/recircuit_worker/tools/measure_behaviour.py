"""How well the model does the behaviour, with nothing edited."""

from collections.abc import Sequence

from torch import Tensor

from recircuit_worker.bench import Bench
from recircuit_worker.contract import (
    ArtifactRef,
    ContrastPrompts,
    MeasureBehaviourInput,
    MeasureBehaviourOutput,
)
from recircuit_worker.prompts import contrast_scores
from recircuit_worker.prompts.scores import overall, per_prompt, task_scores
from recircuit_worker.prompts.sets import PromptSet

STATISTICS = ("correct", "probability", "log probability")


def run(request: MeasureBehaviourInput, bench: Bench) -> MeasureBehaviourOutput:
    """Returns a row per task (repeated tokens: per block kind); accuracy there is that of the later blocks.

    The artifact is (task, prompt, statistic) float32: correct, probability, log probability in nats; of contrast pairs
    the logit difference and the probability difference too.

    Raises:
        Refusal: those of `Bench.prompts`.
    """
    prompts = bench.prompts(request.prompts)
    both = isinstance(request.prompts, ContrastPrompts) and request.prompts.counterfactual is not None
    bench.expect(len(prompts.prompts) * (2 if both else 1))
    if isinstance(request.prompts, ContrastPrompts):
        said = contrast_scores.ask(prompts, bench.engine)
        scores = contrast_scores.task_scores(prompts, said)
        contrasts = contrast_scores.contrast_scores(prompts, said, request.prompts.variant)
        if request.prompts.counterfactual is not None:
            other = prompts.told(request.prompts.counterfactual)
            heard = contrast_scores.ask(other, bench.engine)
            contrasts += contrast_scores.contrast_scores(other, heard, request.prompts.counterfactual)
        each = said.statistics().float().unflatten(0, (len(prompts.groups), -1))
        artifact = _write(each, contrast_scores.STATISTICS, prompts, bench)
    else:
        answers = bench.engine.answers(prompts.prompts)
        scores, contrasts = task_scores(prompts, answers), None
        artifact = _write(per_prompt(prompts, answers), STATISTICS, prompts, bench)
    return MeasureBehaviourOutput(
        tasks=scores,
        accuracy=overall(scores)[0],
        contrasts=contrasts,
        per_prompt=artifact,
        receipt=bench.receipt(prompts),
    )


def _write(each: Tensor, statistics: Sequence[str], prompts: PromptSet, bench: Bench) -> ArtifactRef:
    units = ("share", "probability", "nats", "logit difference", "probability")
    return bench.write(
        "behaviour",
        each,
        axes=("task", "prompt", "statistic"),
        unit=", ".join(units[: len(statistics)]),
        labels={"task": prompts.names, "statistic": statistics},
    )
