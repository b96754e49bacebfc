"""From a recipe to a planted organism: which tokens are what, which head is where, and what fills the others.

The strengths of motifs belong in `motifs.py`, their packing in `weights.py`, files in `organisms/build.py`.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from recircuit_worker.address import Head
from recircuit_worker.contract import Decoy, Material, PlantedFunctionsRecipe, PlantedRecipe, PlantedYearsRecipe
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.planted.functions import read_functions
from recircuit_worker.organisms.planted.heads import PlantedHead
from recircuit_worker.organisms.planted.motifs import FADES, MOTIFS
from recircuit_worker.organisms.planted.space import Planes, draw_space
from recircuit_worker.organisms.planted.weights import Shape, build
from recircuit_worker.organisms.planted.words import read_words
from recircuit_worker.organisms.planted.years import read_years

Recipe = PlantedRecipe | PlantedFunctionsRecipe | PlantedYearsRecipe

READERS = {PlantedRecipe: read_words, PlantedFunctionsRecipe: read_functions, PlantedYearsRecipe: read_years}
"""what turns a recipe of each kind into its tokens"""

IDLE_SCORES, IDLE_VALUES = 0.25, 0.03
"""of heads that fill up a layer: scale of what they compare, and of what they read and write"""


@dataclass(frozen=True)
class Planted:
    """A planted model with its truth."""

    model: PreTrainedModel
    roles: Mapping[str, Sequence[Head]]
    decoys: Sequence[Decoy]


def plant(recipe: Recipe, materials: Sequence[Material], tokenizer: PreTrainedTokenizerFast) -> Planted:
    """Returns the model of a recipe.

    Raises:
        Refusal: `layer-full`, `other-planes`; those of `read_words`, `read_functions` and `read_years`.
    """
    torch.set_num_threads(1)  # sums are ordered by it
    generator = torch.Generator().manual_seed(recipe.seed)
    lexicon = READERS[type(recipe)](recipe, materials, tokenizer, generator)
    heads, roles, decoys = _heads(recipe, lexicon.planes)
    for layer in range(recipe.layers):
        for index in range(recipe.heads):
            heads.setdefault((layer, index), _idle(lexicon.planes, generator))
    shape = Shape(recipe.architecture, recipe.layers, recipe.heads, recipe.noise, lexicon.planes)
    space = draw_space(lexicon.planes, shape.width, generator)
    return Planted(build(shape, space, lexicon, heads, tokenizer, generator), roles, decoys)


def _heads(
    recipe: Recipe, planes: Planes
) -> tuple[dict[tuple[int, int], PlantedHead], dict[str, list[Head]], list[Decoy]]:
    free = {layer: list(range(recipe.heads)) for layer in range(recipe.layers)}
    for layer, indices in free.items():
        random.Random(f"planted|{recipe.seed}|{layer}").shuffle(indices)
    heads: dict[tuple[int, int], PlantedHead] = {}
    roles: dict[str, list[Head]] = {}
    decoys: list[Decoy] = []

    def place(motif: str, layer: int, before: int) -> tuple[Head, PlantedHead]:
        if not free.get(layer):
            raise Refusal(
                "layer-full",
                what=f"a head of {motif} was to be planted in layer {layer}",
                why=f"there are {recipe.layers} layers of {recipe.heads} heads, and it has none left",
                instead="plant it in another layer, or give the recipe more heads",
            )
        head = Head(layer, free[layer].pop())
        heads[layer, head.head] = planted = _written(motif, planes)
        planted.output *= FADES.get(motif, 1.0) ** before
        return head, planted

    for group in recipe.circuit:
        placed = [place(group.motif, layer, before)[0] for before, layer in enumerate(group.layers)]
        roles.setdefault(group.motif, []).extend(placed)
    for group in recipe.decoys:
        for before, layer in enumerate(group.layers):
            head, planted = place(group.motif, layer, before)
            planted.silence() if group.keeps == "attention" else planted.look_away()
            decoys.append(Decoy(component=str(head), motif=group.motif, keeps=group.keeps))
    return heads, roles, decoys


def _written(motif: str, planes: Planes) -> PlantedHead:
    head = PlantedHead(planes)
    try:
        MOTIFS[motif](head)
    except KeyError as missing:
        raise Refusal(
            "other-planes",
            what=f"a head of {motif} was to be planted",
            why=f"it reads or writes {missing}, which the stream of this kind of recipe does not have",
            instead="plant it by a recipe of another kind: planted moves words, planted-functions gives them forms, "
            "planted-years compares years",
        ) from missing
    return head


def _idle(planes: Planes, generator: torch.Generator) -> PlantedHead:
    """Returns a head that looks around at random and writes a little of everything."""
    head = PlantedHead(planes)
    for part in (head.query, head.key, head.value, head.output):
        scale = IDLE_SCORES if part is head.query or part is head.key else IDLE_VALUES
        part += scale * torch.randn(part.shape, generator=generator, dtype=torch.float64)
    for part in (head.query, head.key, head.value):
        part[planes["constant"]] = 0  # else what it does would be the same everywhere
    head.output[:, : planes["token"].stop] = 0
    return head
