"""The worker verbs that build organisms: train, then write the folder whole or not at all."""

import hashlib
import json
import time
from dataclasses import asdict
from pathlib import Path

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from recircuit_worker.contract import (
    BuildRequest,
    CurriculumCard,
    CurriculumRequest,
    InContextMaterial,
    OrganismCard,
    PlantedCard,
    PlantedRequest,
)
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms import curriculum
from recircuit_worker.organisms.exam import examine
from recircuit_worker.organisms.folder import free, whole
from recircuit_worker.organisms.planted.plan import plant
from recircuit_worker.organisms.train import CARD_PROMPTS, Report, card_tasks, prepare, train
from recircuit_worker.organisms.vocabulary import library_tokenizer
from recircuit_worker.versions import versions


def build_organism(request: BuildRequest, report: Report) -> OrganismCard:
    """Trains the organism and returns its card; `report(step, steps, note)` may raise to cancel.

    The card is measured on the weights as they are stored.

    Raises:
        Refusal: if the folder exists, or the material lacks a half.
    """
    target = free(request.folder, "built")
    started = time.monotonic()
    search, held_out = _halves(request)
    course = prepare(request.recipe, search, held_out)
    model, curve = train(request.recipe, course, report)
    with whole(target) as scratch:
        weights = _save(model.to(getattr(torch, request.recipe.stored)), course.tokenizer, scratch)
        card = OrganismCard(
            organism=request.organism,
            weights_sha256=weights,
            recipe_sha256=_hash(asdict(request.recipe)),
            data_sha256=_hash({task: sorted(pairs) for task, pairs in course.tasks.items()}),
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            versions=versions(),
            curve=tuple(curve),
            tasks=tuple(card_tasks(model.float(), course, request.recipe.shots)),
            seconds=round(time.monotonic() - started, 1),
        )
        _write_card(card, scratch)
    return card


def build_curriculum(request: CurriculumRequest, report: Report) -> CurriculumCard:
    """Trains an organism on several behaviours and returns its card; `report(step, steps, note)` may raise to cancel.

    The card is measured on the weights as they are stored.

    Raises:
        Refusal: if the folder exists, or the material of a lesson is missing.
    """
    target, recipe = free(request.folder, "built"), request.recipe
    started = time.monotonic()
    course = curriculum.prepare(recipe, request.material, library_tokenizer(request.material))
    model, curve = curriculum.train(course, report)
    with whole(target) as scratch:
        weights = _save(model.to(getattr(torch, recipe.stored)), course.tokenizer, scratch)
        card = CurriculumCard(
            kind="curriculum",
            organism=request.organism,
            weights_sha256=weights,
            recipe_sha256=_hash(asdict(recipe)),
            data_sha256=_hash([asdict(material) for material in request.material]),
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            versions=versions(),
            curve=tuple(curve),
            tasks=tuple(
                examine(model.float(), course.tokenizer, recipe.lessons.values(), request.material, CARD_PROMPTS)
            ),
            seconds=round(time.monotonic() - started, 1),
        )
        _write_card(card, scratch)
    return card


def build_planted(request: PlantedRequest, report: Report) -> PlantedCard:
    """Writes an organism by hand and returns its card, with the truth; `report(step, steps, note)` may raise to cancel.

    The card is measured on the weights as they are stored.

    Raises:
        Refusal: if the folder exists; those of `plant`.
    """
    target, recipe = free(request.folder, "built"), request.recipe
    started = time.monotonic()
    tokenizer = library_tokenizer(request.material)
    planted = plant(recipe, request.material, tokenizer)
    report(1, 2, "written")
    with whole(target) as scratch:
        model = planted.model.to(getattr(torch, recipe.stored))
        weights = _save(model, tokenizer, scratch)
        card = PlantedCard(
            kind="planted",
            organism=request.organism,
            weights_sha256=weights,
            recipe_sha256=_hash(asdict(recipe)),
            data_sha256=_hash([asdict(material) for material in request.material]),
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            versions=versions(),
            planted={role: tuple(map(str, heads)) for role, heads in planted.roles.items()},
            decoys=tuple(planted.decoys),
            tasks=tuple(examine(model.float(), tokenizer, (), request.material, CARD_PROMPTS)),
            seconds=round(time.monotonic() - started, 1),
        )
        _write_card(card, scratch)
    report(2, 2, "measured")
    return card


def _save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, folder: Path) -> str:
    """Writes a model and its tokenizer and returns the sha256 of the weights as they are stored."""
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def _write_card(card: OrganismCard | CurriculumCard | PlantedCard, folder: Path) -> None:
    (folder / "card.json").write_text(json.dumps(asdict(card), indent=1) + "\n", encoding="utf-8")


def _halves(request: BuildRequest) -> tuple[InContextMaterial, InContextMaterial]:
    halves = {part.split: part for part in request.material if isinstance(part, InContextMaterial)}
    if set(halves) != {"search", "held-out"}:
        raise Refusal(
            "material-incomplete",
            what=f"{request.organism} was to be built",
            why="a recipe needs both halves of an in-context behaviour",
            instead="send the search and the held-out half",
        )
    return halves["search"], halves["held-out"]


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
