"""What a tool is handed: the open model, its prompts, an engine that reports and stops, and a place for tensors.

One bench lives as long as the worker; `begin` starts each call. What to measure belongs in the tools.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from recircuit_worker.artifacts import MAIN, Artifact, ArtifactWriter
from recircuit_worker.canonical import hash_of
from recircuit_worker.contract import (
    ArtifactRef,
    Audit,
    ContrastMaterial,
    ContrastPrompts,
    InContextMaterial,
    InContextPrompts,
    OpenRequest,
    Producer,
    Prompts,
    Receipt,
    RepeatedPrompts,
    UnscorableTask,
)
from recircuit_worker.decode import encode
from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.fast.finished import Finished
from recircuit_worker.engine.fast.trial import try_rows
from recircuit_worker.engine.interface import Counts, Engine, TokenPrompt, Watch
from recircuit_worker.engine.reference import Reference
from recircuit_worker.errors import Refusal
from recircuit_worker.models.load import LoadedModel
from recircuit_worker.models.selftest import trial_prompts
from recircuit_worker.prompts.sets import (
    PromptSet,
    contrast_set,
    in_context_set,
    refuse_unscorable,
    repeated_set,
    unscorable_tasks,
)
from recircuit_worker.receipts import make_receipt
from recircuit_worker.versions import versions

Progress = Callable[[float, float, str, str], None]
ENGINES = {"fast": Fast, "reference": Reference}


class Bench:
    """A model, one half of a behaviour, and an artifacts folder."""

    def __init__(self, model: LoadedModel, request: OpenRequest, artifacts: ArtifactWriter) -> None:
        self.model, self.facts, self.parts, self.reader = model, model.facts, model.parts, model.reader
        self.material = request.material
        self.engine: Engine = ENGINES[request.engine](model.model, model.parts)
        if isinstance(self.engine, Fast):
            whole, other = trial_prompts(self.reader, self.engine.vocabulary)
            shorter = TokenPrompt(other.ids[:-3], (len(other.ids) - 4,), other.targets)
            try_rows(self.engine, [whole, shorter], 10 * self.facts.self_test.tolerance)
        self._artifacts = artifacts
        self.begin(lambda *what: None, lambda: None, "none", "0" * 64)

    def begin(self, progress: Progress, check_cancelled: Callable[[], None], tool: str, request_sha256: str) -> None:
        """Starts a call: counts from zero, and reports to this caller."""
        self._progress, self._done, self._total = progress, 0, 0
        self._tool, self._request_sha256 = tool, request_sha256
        self.check_cancelled = check_cancelled
        self.engine.counts = Counts()
        self.engine.watch = Watch(self._rows_done, check_cancelled)
        self._unfinished = self._artifacts.folder / "unfinished" / self._call_name()
        if isinstance(self.engine, Fast):
            self.engine.finished = Finished(self._unfinished)

    def end(self) -> None:
        """Ends a call that was answered: what was kept for its repetition goes."""
        shutil.rmtree(self._unfinished, ignore_errors=True)

    def expect(self, passes: int) -> None:
        """Says how many passes and rows over one prompt this call will make, so that progress has a total."""
        self._total = passes

    def prompts(self, recipe: Prompts, *, scored: bool = True) -> PromptSet:
        """Returns the prompts of a recipe on this worker's material.

        Args:
            scored: whether answers will be scored, so that tasks without single-step answers are refused.

        Raises:
            Refusal: `other-behaviour`, `prompt-too-long`, and those of `prompts.sets`.
        """
        material = self.material
        if isinstance(recipe, InContextPrompts) and isinstance(material, InContextMaterial):
            found = in_context_set(recipe, material, self.reader)
            if scored:
                refuse_unscorable(recipe.tasks, material, self.reader)
        elif isinstance(recipe, ContrastPrompts) and isinstance(material, ContrastMaterial):
            found = contrast_set(recipe, material, self.reader, scored=scored)[0]
        elif isinstance(recipe, RepeatedPrompts):
            found = repeated_set(recipe, material, self.reader, self.facts.vocabulary)
        else:
            raise Refusal(
                "other-behaviour",
                what=f"prompts of kind {recipe.kind} were asked for",
                why=f"this worker was opened with {material.behaviour}, whose prompts are {material.kind}",
                instead=f"ask for {material.kind} prompts",
            )
        self._check_length(found)
        return found

    def unscorable(self, recipe: Prompts) -> tuple[UnscorableTask, ...]:
        """Returns the tasks of a recipe that this tokenizer cannot score in one step."""
        if isinstance(recipe, InContextPrompts) and isinstance(self.material, InContextMaterial):
            return tuple(unscorable_tasks(recipe.tasks, self.material, self.reader))
        if isinstance(recipe, ContrastPrompts) and isinstance(self.material, ContrastMaterial):
            return contrast_set(recipe, self.material, self.reader, scored=False)[1]
        return ()

    def write(
        self,
        kind: str,
        data: Tensor,
        *,
        axes: Sequence[str],
        unit: str,
        labels: Mapping[str, Sequence[str]] | None = None,
    ) -> ArtifactRef:
        """Writes a tensor as an artifact of this call and returns the reference to it."""
        facts = self.facts
        producer = Producer(self._tool, self._request_sha256, facts.model, facts.weights_sha256, versions())
        return self._artifacts.write(kind, {MAIN: data}, axes=axes, unit=unit, producer=producer, labels=labels)

    def read(self, sha256: str, kind: str) -> Artifact:
        """Returns an artifact that was measured on this model.

        Raises:
            Refusal: `unknown-artifact`, `wrong-kind`, `other-model`.
        """
        return self._artifacts.read(sha256, kind, weights_sha256=self.facts.weights_sha256)

    def receipt(self, prompts: PromptSet | None = None, *, edited: bool = False, audit: Audit | None = None) -> Receipt:
        """Returns the receipt of this call so far."""
        return make_receipt(
            facts=self.facts,
            reader=self.reader,
            split=self.material.split,
            engine=self.engine.name if edited else "none",
            counts=self.engine.counts,
            prompts=prompts,
            audit=audit,
        )

    def _call_name(self) -> str:
        """Returns a name for this request on this model, in this dtype, on this device, by these versions."""
        facts, made_by = self.facts, versions()
        about = [self._tool, self._request_sha256, facts.weights_sha256, facts.dtype, facts.device, encode(made_by)]
        return hash_of([*about, self.material.split])[:32]

    def _rows_done(self, rows: int) -> None:
        self._done += rows
        self._progress(self._done, max(self._total, self._done), "forwards", "")

    def _check_length(self, prompts: PromptSet) -> None:
        longest = max(len(prompt.ids) for prompt in prompts.prompts)
        limit = getattr(self.model.model.config.get_text_config(), "max_position_embeddings", None)
        if limit is not None and longest > limit:
            raise Refusal(
                "prompt-too-long",
                what=f"prompts of up to {longest} tokens were asked for",
                why=f"this model has {limit} positions",
                instead="ask for fewer shots, or for shorter or fewer blocks",
            )
