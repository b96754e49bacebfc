"""The number that a sweep follows: the answer's probability, or for contrast pairs answer against rivals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from torch import Tensor

from recircuit_worker.engine.interface import Edit, Engine
from recircuit_worker.prompts.contrast_scores import Sides, sides_of
from recircuit_worker.prompts.sets import PromptSet
from recircuit_worker.receipts import AUDIT_TOLERANCE


class Metric(Protocol):
    """What is said after the last token, as one number for each prompt."""

    name: ClassVar[Literal["probability", "logit difference"]]
    tolerance: ClassVar[Mapping[str, float]]
    """largest difference between two routes to one number, by dtype"""

    def each(self, engine: Engine, sets: Sequence[Sequence[Edit]]) -> tuple[Tensor, Tensor]:
        """Returns the numbers under each set of edits, and unedited beside them: (set, prompt)."""
        ...

    def alone(self, engine: Engine, row: int, edits: Sequence[Edit]) -> float:
        """Returns the number of one prompt, by a whole pass; the edits are of this prompt alone."""
        ...


@dataclass(frozen=True)
class Probability:
    """Of the first answer token, softmax in float32."""

    prompts: PromptSet
    name: ClassVar[Literal["probability"]] = "probability"
    tolerance: ClassVar[Mapping[str, float]] = AUDIT_TOLERANCE

    def each(self, engine: Engine, sets: Sequence[Sequence[Edit]]) -> tuple[Tensor, Tensor]:
        found = engine.answers_each(self.prompts.prompts, sets)
        return found.edited.probability[:, :, -1], found.clean.probability[:, :, -1]

    def alone(self, engine: Engine, row: int, edits: Sequence[Edit]) -> float:
        return float(engine.answers([self.prompts.prompts[row]], edits).probability[0, -1])


@dataclass(frozen=True)
class LogitDifference:
    """Answer against rivals, as `contrast_scores.py` has it."""

    prompts: PromptSet
    sides: Sides
    name: ClassVar[Literal["logit difference"]] = "logit difference"
    tolerance: ClassVar[Mapping[str, float]] = {"float32": 1e-3, "float64": 1e-9, "bfloat16": 0.5}
    """seen on small models, whose logits stay below 6: 3e-6 in float32; real ones reach some hundred, where the last
    place of bfloat16 is 0.5"""

    def each(self, engine: Engine, sets: Sequence[Sequence[Edit]]) -> tuple[Tensor, Tensor]:
        found = engine.logits_each(self.prompts.prompts, sets, self.sides.tokens)
        return self.sides.difference(found.edited[:, :, -1]), self.sides.difference(found.clean[:, :, -1])

    def alone(self, engine: Engine, row: int, edits: Sequence[Edit]) -> float:
        logits = engine.last_logits([self.prompts.prompts[row]], edits)
        here = self.sides.of(slice(row, row + 1))
        return float(here.difference(logits.gather(-1, here.tokens))[0])


def metric_of(prompts: PromptSet) -> Metric:
    """Returns what is measured on these prompts."""
    return LogitDifference(prompts, sides_of(prompts.items)) if prompts.items else Probability(prompts)
