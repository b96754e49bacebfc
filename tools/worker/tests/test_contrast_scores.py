"""Answers against rivals: each number of `measure_behaviour` held against the logits of one whole pass per prompt."""

import pytest
import torch
from calls import call
from tiny import contrast

from recircuit_worker.contract import MeasureBehaviourInput
from recircuit_worker.tools import measure_behaviour


@pytest.mark.parametrize("variant", ["clean", "swap"])
def test_numbers_of_one_answer_and_one_rival(benches, variant) -> None:
    at = benches("gemma2", "float64", "contrast-pairs")
    recipe = contrast("missing", variant=variant, count=40)  # more than are held at once
    found = call(measure_behaviour, MeasureBehaviourInput(recipe), at)
    prompts = at.prompts(recipe)
    logits = torch.cat([at.engine.last_logits([prompt]) for prompt in prompts.prompts])
    answers, rivals = (torch.tensor([getattr(item, side) for item in prompts.items]) for side in ("answers", "rivals"))
    difference = (logits.gather(1, answers) - logits.gather(1, rivals))[:, 0]
    shares = logits.softmax(-1)
    (score,), (row,) = found.contrasts, found.tasks
    assert (score.task, score.variant, score.prompts) == ("missing", variant, 40) == (row.task, variant, row.prompts)
    assert score.logit_difference == pytest.approx(float(difference.mean()), abs=1e-9)
    assert score.sem == pytest.approx(float(difference.std()) / 40**0.5, abs=1e-9)
    assert score.preferred == float((difference > 0).double().mean())
    assert 0 < score.preferred < 1
    assert (
        score.accuracy == row.accuracy == found.accuracy == float((logits.argmax(-1) == answers[:, 0]).double().mean())
    )
    assert score.rival_accuracy == float((logits.argmax(-1) == rivals[:, 0]).double().mean())
    between = shares.gather(1, answers) - shares.gather(1, rivals)
    assert score.probability_difference == pytest.approx(float(between.mean()), abs=1e-9)
    assert row.probability == pytest.approx(float(shares.gather(1, answers).mean()), abs=1e-9)
    assert row.loss == pytest.approx(-float(shares.gather(1, answers).log().mean()), abs=1e-9)
    tensor = at.read(found.per_prompt.sha256, "behaviour").tensors["data"]
    assert tensor.shape == (1, 40, 5)
    assert torch.allclose(tensor[0, :, 3].double(), difference, atol=1e-5)
    assert found.receipt.forwards == 40 and found.receipt.engine == "none"


def test_sets_of_answers_count_together(benches) -> None:
    at = benches("gemma2", "float64", "contrast-pairs")
    recipe = contrast("later", "shifted", count=12)
    found = call(measure_behaviour, MeasureBehaviourInput(recipe), at)
    prompts = at.prompts(recipe)
    logits, chosen = at.engine.last_logits(prompts.prompts), []
    for row, item in enumerate(prompts.items):
        answers, rivals = (logits[row].softmax(-1)[list(side)].sum() for side in (item.answers, item.rivals))
        best = int(logits[row].argmax())
        chosen.append([answers.log() - rivals.log(), answers - rivals, best in item.answers, best in item.rivals])
    by_task = torch.tensor(chosen, dtype=torch.float64).unflatten(0, (2, 12)).mean(1)
    for score, expected in zip(found.contrasts, by_task.tolist(), strict=True):
        told = [score.logit_difference, score.probability_difference, score.accuracy, score.rival_accuracy]
        assert told == pytest.approx(expected, abs=1e-9)
    places = [len(item.answers) for item in prompts.items[:12]]
    most = max(sum(token in item.answers for item in prompts.items[:12]) for token in range(60))
    assert found.tasks[0].majority == most / 12 and len(set(places)) > 2
