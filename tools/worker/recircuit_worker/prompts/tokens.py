"""Text to token ids, and which token stands for an answer. The only place that knows about the beginning-of-text token.

A task is scored by the first token of its answer. Whether that is fair on a given tokenizer is decided here too.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from transformers import PreTrainedTokenizerBase

from recircuit_worker.contract import Template
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts.in_context import segments

MAY_COLLIDE = 0.2
"""A task is scorable while another answer of it, drawn at random, has the same first token at most this often."""

BosRule = Literal["added-by-tokenizer", "prepended", "none"]


@dataclass(frozen=True)
class Reader:
    """Reads text as the model will: beginning-of-text token first, if this tokenizer has one."""

    tokenizer: PreTrainedTokenizerBase
    rule: BosRule
    start: tuple[int, ...]
    """what stands before every text: the beginning-of-text token, or nothing"""

    def ids(self, text: str) -> tuple[int, ...]:
        """Returns the token ids of a text, beginning-of-text token included."""
        return (*self.start, *self.tokenizer.encode(text, add_special_tokens=False))

    def first_answer_token(self, text: str, answer: str) -> int | None:
        """Returns the token after `text` in `text + answer`; None if the answer changes how the text is cut."""
        before, after = self.ids(text), self.ids(text + answer)
        return after[len(before)] if len(after) > len(before) and after[: len(before)] == before else None

    def only_answer_token(self, text: str, answer: str) -> int | None:
        """Returns the token of an answer that is one token behind `text`; None for any other answer."""
        before, after = self.ids(text), self.ids(text + answer)
        return after[-1] if len(after) == len(before) + 1 and after[:-1] == before else None

    def read(self, text: str, ends: Mapping[str, Sequence[int]]) -> tuple[tuple[int, ...], dict[str, tuple[int, ...]]]:
        """Returns the token ids of a text, and by name the tokens that hold the characters before these places.

        Raises:
            Refusal: `no-offsets` for a tokenizer that does not tell which characters a token stands for.
        """
        if not self.tokenizer.is_fast:
            raise Refusal(
                "no-offsets",
                what="named positions were looked for in a prompt",
                why="this tokenizer does not tell which characters a token stands for",
                instead="use a model with a tokenizer.json",
            )
        read = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        ids, spans, before = read["input_ids"], read["offset_mapping"], len(self.start)
        token_of: dict[int, int] = {}
        for token, (first, last) in enumerate(spans):
            token_of.update((character, token) for character in range(first, last))
        places = {name: tuple(before + token_of[end - 1] for end in each) for name, each in ends.items()}
        return (*self.start, *ids), places

    def vocabulary(self, size: int) -> tuple[int, ...]:
        """Returns the ids below `size` that stand for text, in order."""
        added = self.tokenizer.added_tokens_decoder
        special = {*self.tokenizer.all_special_ids, *(index for index, token in added.items() if token.special)}
        return tuple(index for index in range(min(size, len(self.tokenizer))) if index not in special)


def find_reader(tokenizer: PreTrainedTokenizerBase) -> Reader:
    """Returns the reader of a tokenizer.

    If the tokenizer adds its beginning-of-text token itself, nothing more is added; else, if it has one, that is put in
    front (as published for GPT-2, GPT-J and NeoX); else texts start bare.

    Raises:
        Refusal: `unknown-special-tokens` if the tokenizer adds anything else.
    """
    bos = tokenizer.bos_token_id
    bare, full = (tokenizer.encode("A", add_special_tokens=special) for special in (False, True))
    if full == bare:
        return Reader(tokenizer, "none", ()) if bos is None else Reader(tokenizer, "prepended", (bos,))
    if bos is not None and full == [bos, *bare]:
        return Reader(tokenizer, "added-by-tokenizer", (bos,))
    raise Refusal(
        "unknown-special-tokens",
        what="the tokenizer was asked what it puts around a text",
        why=f"it makes {full} of {bare}, which is more than a beginning-of-text token ({bos}) in front",
        instead="use a decoder's tokenizer that adds nothing at the end",
    )


def why_unscorable(pairs: Sequence[tuple[str, str]], template: Template, reader: Reader) -> str | None:
    """Returns why the first answer token says too little about the answers of a task, or None if it says enough.

    A task is unscorable if an answer changes how the prompt is cut or has no token of its own, if all answers start
    alike, or if two pairs with different answers share their first token more often than `MAY_COLLIDE`.
    """
    firsts: list[int] = []
    for given, produced in pairs:
        text = "".join(piece for piece, _ in segments([], given, template))
        token = reader.first_answer_token(text, f" {produced}")
        if token is None:
            return f"the answer {produced!r} is not cut off from the prompt before it"
        if token == reader.tokenizer.unk_token_id:
            return f"the tokenizer does not know the answer {produced!r}"
        firsts.append(token)
    if len(set(firsts)) < 2:
        return "all its answers start with the same token"
    same_answer = _chance_of_equal([produced for _, produced in pairs])
    collide = (_chance_of_equal(firsts) - same_answer) / (1 - same_answer)
    if collide > MAY_COLLIDE:
        return f"{collide:.0%} of other answers start with the same token, more than {MAY_COLLIDE:.0%}"
    return None


def _chance_of_equal(items: Sequence[object]) -> float:
    """Returns the probability that two draws, with replacement, are equal."""
    return sum(count * count for count in Counter(items).values()) / len(items) ** 2
