"""One tokenizer for all behaviours of the library: organisms that share it can be asked every behaviour's prompts.

Numbers are cut into pairs of digits, so that the year 1732 is a century and a year of it, as in GPT-2; punctuation and
line ends stand alone, and a word carries its leading space. Which behaviours are meant is the caller's business.
"""

import random
from collections.abc import Iterable, Sequence

from tokenizers import Regex, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from recircuit_worker.contract import ContrastMaterial, InContextMaterial, Material
from recircuit_worker.organisms.words import SPECIAL, word_level
from recircuit_worker.prompts.contrast import Drawer
from recircuit_worker.prompts.in_context import segments

PIECES = r"\n\n|\n| ?->| ?[0-9]{1,2}| ?[^\s0-9:,.?+=]+|[:,.?+=]"
DRAWS = 200
"""items of each task and half whose words are taken; the words of lists are taken whether drawn or not"""


def library_tokenizer(materials: Sequence[Material]) -> PreTrainedTokenizerFast:
    """Returns a tokenizer that knows every piece of these behaviours, in alphabetical order, after `SPECIAL`."""
    splitter = pre_tokenizers.Split(Regex(PIECES), "isolated")
    pieces = {f"{number:02}" for number in range(100)} | {str(number) for number in range(10)}
    for text in _texts(materials):
        pieces.update(piece for piece, _ in splitter.pre_tokenize_str(text))
    vocabulary = {token: index for index, token in enumerate((*SPECIAL, *sorted(pieces)))}
    return word_level(vocabulary, splitter)


def _texts(materials: Sequence[Material]) -> Iterable[str]:
    for material in materials:
        if isinstance(material, InContextMaterial):
            for task in material.tasks:
                pairs = [(pair.input, pair.output) for pair in task.pairs]
                yield "".join(text for text, _ in segments(pairs, pairs[0][0], material.template))
        elif isinstance(material, ContrastMaterial):
            yield from (f" {item}" for items in material.lists.values() for item in items if not item.isdigit())
            yield from _drawn(material)


def _drawn(material: ContrastMaterial) -> Iterable[str]:
    for task in material.tasks:
        drawer = Drawer(task, material, task.shots)
        for index in range(DRAWS):
            item = drawer.draw(random.Random(f"{material.behaviour}|{task.task}|{material.split}|{index}"))
            yield from (told.text for told in item.told.values())
            yield from (item.told["clean"].text + answer for group in (item.answers, *item.rivals) for answer in group)
