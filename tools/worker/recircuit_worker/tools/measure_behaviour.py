"""How well the model does the behaviour, with nothing edited."""

from recircuit_worker.bench import Bench
from recircuit_worker.contract import MeasureBehaviourInput, MeasureBehaviourOutput
from recircuit_worker.prompts.scores import overall, per_prompt, task_scores


def run(request: MeasureBehaviourInput, bench: Bench) -> MeasureBehaviourOutput:
    """Returns a row per task (repeated tokens: per block kind); accuracy there is that of the later blocks.

    The artifact is (task, prompt, statistic) float32: correct, probability, log probability in nats.

    Raises:
        Refusal: those of `Bench.prompts`.
    """
    prompts = bench.prompts(request.prompts)
    bench.expect(len(prompts.prompts))
    answers = bench.engine.answers(prompts.prompts)
    scores = task_scores(prompts, answers)
    return MeasureBehaviourOutput(
        tasks=scores,
        accuracy=overall(scores)[0],
        per_prompt=bench.write(
            "behaviour",
            per_prompt(prompts, answers),
            axes=("task", "prompt", "statistic"),
            unit="share, probability, nats",
            labels={"task": prompts.names, "statistic": ("correct", "probability", "log probability")},
        ),
        receipt=bench.receipt(prompts),
    )
