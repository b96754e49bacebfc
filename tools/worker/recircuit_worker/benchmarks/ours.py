"""The fast engine, as the worker's tools call it. A fresh engine each time: nothing is kept from the last sweep."""

import torch
from torch import Tensor

from recircuit_worker.benchmarks.contenders import Contender
from recircuit_worker.benchmarks.told import Told
from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.interface import TokenPrompt
from recircuit_worker.engine.sweeps import head_sets


class Ours(Contender):
    """All prompts in one call; the probability of the answer over the whole vocabulary."""

    key, about = "F", "fast engine"
    whole = True

    def sweep(self, cells: list[int], told: Told) -> None:
        self._call(self.work.token_prompts(), self._means(len(self.work.ids)), slice(None), told)

    def _means(self, prompts: int) -> Tensor:
        return self.work.means.expand(prompts, *self.work.means.shape)

    def _call(self, prompts: list[TokenPrompt], values: Tensor, rows: slice, told: Told) -> None:
        work = self.work
        engine, sets = Fast(work.model, work.parts), head_sets(work.layers, work.parts.heads, values, "last")
        if self.whole:
            found = engine.answers_each(prompts, sets)
            told.log_probability[rows] = found.edited.log_probability[:, :, -1].T.to(told.log_probability)
            told.clean_log_probability[rows] = found.clean.log_probability[:, :, -1].T.to(told.log_probability)
        if not self.whole or told.logits is not None:
            pair = engine.logits_each(prompts, sets, work.answers[rows].cpu())
            told.answers[rows] = pair.edited[:, :, -1].transpose(0, 1).to(told.answers)
            told.clean_answers[rows] = pair.clean[:, :, -1].transpose(0, 1).to(told.answers)
        if told.logits is not None:
            every = work.checked.cpu().expand(len(prompts), -1)
            told.logits[rows] = (
                engine.logits_each(prompts, sets, every).edited[:, :, -1].transpose(0, 1).to(told.logits)
            )


class OursAnswers(Ours):
    """The logits of the two answers only."""

    key, about = "Fa", "fast engine, answers' logits only"
    whole = False


class OursSingly(Ours):
    """One prompt per call, as in an interactive session."""

    key, about = "F1", "fast engine, one prompt at a time"

    def sweep(self, cells: list[int], told: Told) -> None:
        for row, prompt in enumerate(self.work.token_prompts()):
            self._call([prompt], self._means(1), slice(row, row + 1), told)


class OursWithSource(Ours):
    """With a source pass of its own: heads are replaced by what a counterfactual prompt had there."""

    key, about = "Fs", "fast engine, counterfactual source run by itself"
    compared_with = None

    def sweep(self, cells: list[int], told: Told) -> None:
        work = self.work
        others = work.token_prompts(work.other_ids)
        last = torch.full((len(others), 1), work.ids.shape[1] - 1)
        values = Fast(work.model, work.parts).head_outputs(others, last)[:, 0]
        self._call(work.token_prompts(), values, slice(None), told)
