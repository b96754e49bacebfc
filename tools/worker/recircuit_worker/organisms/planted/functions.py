"""What tokens are to an organism that knows forms of words: which word each is, and which form of it.

A task is a form: the words that its questions name stand in their plain form, its answers are another form of the same
words. A token keeps its first meaning; what else it would be is not known. Heads that use all this are in `motifs.py`.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize
from transformers import PreTrainedTokenizerFast

from recircuit_worker.contract import InContextMaterial, Material, PlantedFunctionsRecipe
from recircuit_worker.errors import Refusal
from recircuit_worker.organisms.planted.codes import CODE, PUSH, PUSHES, SHARPNESS
from recircuit_worker.organisms.planted.lexicon import LOGIT, Lexicon, Neurons, check_said_in
from recircuit_worker.organisms.planted.space import CONSTANT, FUNCTIONS

PLAIN = 0
"""the form of words that questions name; the others are the tasks of the recipe, in its order"""
UNTOLD = 0.5
"""how much the plain form is said where a token asks for an answer; the form of a task is said with 1, if it is told"""

Pairs = Mapping[str, Sequence[tuple[int, int]]]
"""by task: question and first token of its answer"""


def read_functions(
    recipe: PlantedFunctionsRecipe,
    materials: Sequence[Material],
    tokenizer: PreTrainedTokenizerFast,
    generator: torch.Generator,
) -> Lexicon:
    """Returns the tokens of a recipe, and the neurons by which the form of a task comes to be said.

    Raises:
        Refusal: `no-such-task`, `no-such-layer`, `too-many-tasks`.
    """
    pairs = _pairs(materials, tokenizer)
    _check(recipe, pairs)
    word, form = _meanings(recipe.tasks, pairs)
    codes, forms = _spread(1 + max(word.values()), generator), torch.eye(CODE, dtype=torch.float64)
    embedding = torch.zeros(len(tokenizer), FUNCTIONS.numbers, dtype=torch.float64)
    unembedding = torch.zeros_like(embedding)
    embedding[list(word), FUNCTIONS["token"]] = codes[list(word.values())]
    embedding[list(form), FUNCTIONS["form"]] = forms[list(form.values())]
    for said, known in (("said", "token"), ("form-said", "form")):
        unembedding[:, FUNCTIONS[said]] = LOGIT * embedding[:, FUNCTIONS[known]]
    embedding[:, FUNCTIONS["constant"]] = CONSTANT
    embedding[tokenizer.bos_token_id, FUNCTIONS["first"]] = 1
    asking = tokenizer.convert_tokens_to_ids(list(recipe.asks_answer))
    embedding[asking, FUNCTIONS["asks-answer"]] = 1
    embedding[asking, FUNCTIONS["form-said"]] = UNTOLD * forms[PLAIN]
    return Lexicon(FUNCTIONS, embedding, unembedding, {recipe.said_in: _neurons(len(recipe.tasks))})


def _pairs(materials: Sequence[Material], tokenizer: PreTrainedTokenizerFast) -> Pairs:
    """Returns the pairs of all tasks of both halves; questions of several tokens are left out."""
    found: dict[str, list[tuple[int, int]]] = {}
    for task in (task for part in materials if isinstance(part, InContextMaterial) for task in part.tasks):
        for pair in task.pairs:
            asked, answer = (
                tokenizer.encode(f" {word}", add_special_tokens=False) for word in (pair.input, pair.output)
            )
            if len(asked) == 1:
                found.setdefault(task.task, []).append((asked[0], answer[0]))
    return found


def _check(recipe: PlantedFunctionsRecipe, pairs: Pairs) -> None:
    missing = [task for task in recipe.tasks if task not in pairs]
    if missing:
        raise Refusal(
            "no-such-task",
            what=f"the tasks {', '.join(missing)} were to be planted",
            why="the vocabulary of the recipe has no task of that name whose questions are one token",
            instead="name tasks of an in-context behaviour in the vocabulary",
        )
    check_said_in(recipe.said_in, recipe.layers)
    if len(recipe.tasks) >= CODE:
        raise Refusal(
            "too-many-tasks",
            what=f"{len(recipe.tasks)} tasks were to be planted",
            why=f"the stream has room for {CODE} forms of words, one of which is the plain one",
            instead=f"name at most {CODE - 1} tasks",
        )


def _meanings(planted: Sequence[str], pairs: Pairs) -> tuple[dict[int, int], dict[int, int]]:
    """Returns which word each token is, and which form; an answer of another task is a word of its own, of no form."""
    word: dict[int, int] = {}
    form: dict[int, int] = {}
    for asked, _ in (pair for task in planted for pair in pairs[task]):
        word.setdefault(asked, len(word))
        form[asked] = PLAIN
    for place, task in enumerate(planted):
        for asked, answer in pairs[task]:
            if answer not in word:
                word[answer], form[answer] = word[asked], PLAIN + 1 + place
    others = {token for each in pairs.values() for pair in each for token in pair}
    free = 1 + max(word.values())
    return {**word, **{token: free + place for place, token in enumerate(sorted(others - set(word)))}}, form


def _spread(count: int, generator: torch.Generator) -> Tensor:
    """Returns (count, CODE) unit vectors that have moved away from those nearest to them."""
    codes = normalize(torch.randn(count, CODE, generator=generator, dtype=torch.float64), dim=-1)
    for _ in range(PUSHES):
        near = torch.exp(SHARPNESS * (codes @ codes.T - 1)).fill_diagonal_(0)
        codes = normalize(codes - PUSH * (near @ codes) / near.sum(-1, keepdim=True), dim=-1)
    return codes


def _neurons(tasks: int) -> Neurons:
    """Returns one neuron for each task, which says its form where it is told."""
    read = torch.zeros(FUNCTIONS.numbers, tasks, dtype=torch.float64)
    write = torch.zeros(tasks, FUNCTIONS.numbers, dtype=torch.float64)
    form = torch.arange(tasks)
    read[FUNCTIONS["task"].start + PLAIN + 1 + form, form] = 1
    write[form, FUNCTIONS["form-said"].start + PLAIN + 1 + form] = 1
    return Neurons(read, write)
