"""The two libraries that people use, on a copy of the same weights. They may be missing: then the table says so.

Each works on a copy, since the one rewires the model it is given and the other wraps its modules. Both ask for a
tokenizer though they are given token ids; a dummy will do.
"""

import copy
from collections.abc import Callable
from importlib import metadata

import torch
from tokenizers import Tokenizer, models
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from recircuit_worker.benchmarks.contenders import Contender
from recircuit_worker.benchmarks.told import Told
from recircuit_worker.benchmarks.work import Work
from recircuit_worker.models.adapter import find_parts


class Library(Contender):
    """A contender with a model of its own."""

    by_head = True

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self.model = copy.deepcopy(work.model)
        self.parts = find_parts(self.model)


class TransformerLens(Library):
    """`patching.get_act_patch_attn_head_out_by_pos` of TransformerLens 4 on a `TransformerBridge`.

    The metric sees the logits of every prompt and position; here it also notes them, so that logits can be compared.
    """

    key = "R4"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        import pandas
        from transformer_lens import patching
        from transformer_lens.model_bridge import TransformerBridge

        patching.tqdm = list  # its progress bar would be drawn into our table

        self.about = f"TransformerLens {metadata.version('transformer-lens')}, patching helper, all prompts per forward"
        weight = work.parts.unembedding.weight
        self._bridge = TransformerBridge.boot_transformers(
            work.shape.name, hf_model=self.model, tokenizer=_tokenizer(), device=str(work.device), dtype=weight.dtype
        )
        self._sweep, self._table = patching.get_act_patch_attn_head_out_by_pos, pandas.DataFrame
        prompts, tokens = work.ids.shape
        self._cache = {
            f"blocks.{layer}.attn.hook_z": work.means[layer].to(weight).expand(prompts, tokens, -1, -1)
            for layer in range(work.layers)
        }

    @torch.inference_mode()
    def sweep(self, cells: list[int], told: Told) -> None:
        last = self.work.ids.shape[1] - 1
        places = [(layer, last, head) for layer, head in map(self.work.split, cells)]
        remaining = iter(cells)

        def metric(logits: Tensor) -> Tensor:
            told.put(slice(None), [next(remaining)], logits[:, -1:])
            return logits[:, -1, 0]

        self._sweep(
            self._bridge,
            self.work.ids,
            self._cache,
            metric,
            index_df=self._table(places, columns=["layer", "pos", "head"]),
            index_axis_names=None,  # else the helper sweeps all positions
            reduce="none",
        )

    @torch.inference_mode()
    def clean(self, told: Told) -> None:
        told.put_clean(slice(None), self._bridge(self.work.ids)[:, -1])


class NNsight(Library):
    """One `trace` of nnsight for each head, all prompts in it."""

    key = "R5"

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        from nnsight.modeling.transformers import TransformersModel

        self.about = f"nnsight {metadata.version('nnsight')}, one trace per head, all prompts in it"
        name_of = {module: name for name, module in self.model.named_modules()}
        names = [name_of[layer.projection] for layer in self.parts.layers]
        self._traced = TransformersModel(self.model, tokenizer=_tokenizer(), task="text-generation")
        self._projections = [self._traced.get(name) for name in names]

    @torch.inference_mode()
    def sweep(self, cells: list[int], told: Told) -> None:
        width = self.work.parts.head_dim
        for cell in cells:
            layer, head = self.work.split(cell)
            projection, mean = self._projections[layer], self.work.means[layer, head]
            here = slice(head * width, (head + 1) * width)
            with self._traced.trace(self.work.ids):
                projection.input[:, -1, here] = mean
                logits = self._traced.output.logits[:, -1].save()
            told.put(slice(None), [cell], logits[:, None])

    @torch.inference_mode()
    def clean(self, told: Told) -> None:
        with self._traced.trace(self.work.ids):
            logits = self._traced.output.logits[:, -1].save()
        told.put_clean(slice(None), logits)


LIBRARIES: dict[str, Callable[[Work], Library]] = {"TransformerLens": TransformerLens, "nnsight": NNsight}


def make_libraries(work: Work) -> tuple[list[Contender], dict[str, str]]:
    """Returns the libraries that can be used here, and for each of the others why not."""
    found, missing = [], {}
    for name, make in LIBRARIES.items():
        if work.shape.gpu_only:
            missing[f"{make.key} {name}"] = "not run: it needs a second copy of the weights"
            continue
        try:
            found.append(make(work))
        except ImportError as error:
            missing[f"{make.key} {name}"] = f"not installed ({error})"
        except Exception as error:  # a library that fails on this model loses its row, not the whole table
            missing[f"{make.key} {name}"] = f"failed on this model ({type(error).__name__}: {error})"
    return found, missing


def _tokenizer() -> PreTrainedTokenizerFast:
    words = Tokenizer(models.WordLevel({"a": 0, "b": 1}, unk_token="a"))
    # Without a beginning-of-text token, or TransformerLens looks for the files that the tokenizer came from.
    return PreTrainedTokenizerFast(tokenizer_object=words, eos_token="a", pad_token="a", unk_token="a")
