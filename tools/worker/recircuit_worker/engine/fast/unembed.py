"""From residual streams to logits, through the model's own final norm, head, scale and soft cap."""

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel

from recircuit_worker.engine.fast.clean import Clean
from recircuit_worker.engine.hooks import forward_replaced
from recircuit_worker.models.adapter import Parts, matrix


def logits_of(model: PreTrainedModel, parts: Parts, clean: Clean, stream: Tensor, only: Tensor | None = None) -> Tensor:
    """Returns the logits (row, position, vocabulary) of streams (row, position, d_model).

    Args:
        only: token ids; if given, the last axis is these tokens and nothing else is computed.
    """
    weight = parts.final_norm.weight
    normed = parts.final_norm(stream.to(weight.device))
    one = clean.batch.ids[:1, :1]
    with _returning(parts.base, clean, normed), _only(parts.unembedding, only):
        return model(input_ids=one, use_cache=False).logits


@contextmanager
def _returning(base: nn.Module, clean: Clean, hidden: Tensor) -> Iterator[None]:
    """While open, the base model runs nothing and returns these hidden states, as the class it returns itself."""

    def forward(*args: object, **kwargs: object) -> object:
        return type(clean.output)(last_hidden_state=hidden)

    with forward_replaced(base, forward):
        yield


@contextmanager
def _only(unembedding: nn.Module, tokens: Tensor | None) -> Iterator[None]:
    if tokens is None:
        yield
        return
    rows, bias = _rows_of(unembedding, tokens)
    with forward_replaced(unembedding, lambda hidden: functional.linear(hidden, rows, bias)):
        yield


def _rows_of(unembedding: nn.Module, tokens: Tensor) -> tuple[Tensor, Tensor | None]:
    """Returns the weight (token, d_model) and bias (token,) of some tokens."""
    bias = getattr(unembedding, "bias", None)
    return matrix(unembedding)[:, tokens].T, None if bias is None else bias[tokens]
