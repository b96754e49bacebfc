"""Which tokens a request means: counted from the end, or slots of contrast pairs by name."""

import difflib
from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from recircuit_worker.engine.sweeps import from_the_end
from recircuit_worker.errors import Refusal
from recircuit_worker.prompts.sets import PromptSet

Asked = Sequence[int | str] | None
"""positions of a request; None: every token"""


def find_places(asked: Asked, prompts: PromptSet) -> list[Tensor]:
    """Returns for each position asked for its tokens (prompt, token), -1 where a prompt has none.

    A number names one token of each prompt; a slot as many as the prompt has lines in which it stands. Without
    positions there is one entry, every token.

    Raises:
        Refusal: `position-twice`, `position-before-prompt`, `no-named-positions`, `unknown-position`.
    """
    if asked is None:
        return [from_the_end(prompts.prompts, None)]
    found = [_named(each, prompts) if isinstance(each, str) else _counted(each, prompts) for each in asked]
    for row in torch.cat(found, dim=1).tolist():
        twice = [place for place, count in Counter(row).items() if place >= 0 and count > 1]
        if twice:
            raise Refusal(
                "position-twice",
                what=f"the positions {', '.join(map(str, asked))} were asked for",
                why=f"two of them are token {twice[0]} of a prompt, and a token is replaced once",
                instead="name each token once",
            )
    return found


def needs_equal_lengths(asked: Asked) -> bool:
    """Returns whether a position corresponds to that of another prompt only where both are equally long."""
    return asked is None or any(isinstance(each, int) and each != -1 for each in asked)


def _counted(offset: int, prompts: PromptSet) -> Tensor:
    places = from_the_end(prompts.prompts, (offset,))
    if bool((places < 0).any()):
        raise Refusal(
            "position-before-prompt",
            what=f"outputs were to be replaced {-offset} tokens from the end",
            why="the shortest prompt of the call is not that long",
            instead="ask for later tokens, or for more shots",
        )
    return places


def _named(name: str, prompts: PromptSet) -> Tensor:
    if not prompts.items:
        raise Refusal(
            "no-named-positions",
            what=f"the position {name} was asked for",
            why="only contrast pairs have named positions",
            instead="count from the end: -1 is the last token",
        )
    known = [{**item.placed, **item.positions} for item in prompts.items]
    for item, positions in zip(prompts.items, known, strict=True):
        if name not in positions:
            near = difflib.get_close_matches(name, positions, n=1)
            raise Refusal(
                "unknown-position",
                what=f"the position {name} was asked for",
                why=f"prompts of {item.task} have {', '.join(item.positions)}",
                instead=f"ask for {near[0]}" if near else "ask for one of these, or leave the task out",
            )
    places = [positions[name] for positions in known]
    longest = max(map(len, places))
    return torch.tensor([[*each, *[-1] * (longest - len(each))] for each in places])
