"""Tools called as the server calls them, and the requests that several tests make."""

import dataclasses

import pytest
from tiny import in_context

from recircuit_worker.contract import InjectVectorInput, MeanActivationsInput
from recircuit_worker.decode import encode_checked
from recircuit_worker.errors import Refusal
from recircuit_worker.tools import mean_activations


def call(module, request, at):
    """Calls a tool as the server does, and holds the answer to the schema."""
    name = module.__name__.rsplit(".", 1)[1]
    at.begin(lambda *what: None, lambda: None, name, "a" * 64)
    answer = module.run(request, at)
    encode_checked("".join(word.capitalize() for word in name.split("_")) + "Output", answer)
    return answer


def means(at, *tasks: str, **recipe):
    return call(mean_activations, MeanActivationsInput(in_context(*tasks, **recipe), False), at)


def refused(module, request, at) -> str:
    with pytest.raises(Refusal) as found:
        call(module, request, at)
    return found.value.code


def injection(at, source: str, *tasks: str, **changes) -> InjectVectorInput:
    base = InjectVectorInput(
        in_context(*tasks, variant="zero-shot"), source, ("a0.h1", "a2.h3"), None, (1.0,), "own-task", "raw"
    )
    return dataclasses.replace(base, **changes)
