"""The network of an organism: a Hugging Face config, random weights, and the attention it trains with.

Training belongs in `train.py`; loading for measurements in `recircuit_worker.models`, which knows nothing of this file.
"""

import torch
from transformers import AttentionInterface, AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast
from transformers.modeling_utils import PreTrainedModel

from recircuit_worker.contract import CurriculumRecipe, OrganismRecipe


def build_model(recipe: OrganismRecipe | CurriculumRecipe, tokenizer: PreTrainedTokenizerFast) -> PreTrainedModel:
    """Returns the recipe's architecture with random weights drawn from its seed, eager attention, float32."""
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in recipe.config.items()}
    config = AutoConfig.for_model(
        recipe.architecture,
        vocab_size=len(tokenizer),
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.pad_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **given,
    )
    torch.manual_seed(recipe.seed)
    return AutoModelForCausalLM.from_config(config, attn_implementation="eager", dtype=torch.float32)


LONGEST_ROW = 128
"""tokens; no recipe draws longer rows of an architecture with windows"""


def _fused(module, query, key, value, attention_mask, scaling=None, dropout=0.0, softcap=None, **_):
    """Causal attention in one kernel, without the soft cap on scores.

    Rows are padded on the right and shorter than any window, so causality is the whole mask.
    """
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)
    out = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register("organism_training", _fused)


def use_fused_attention(model: PreTrainedModel) -> None:
    """Switches to the fused kernel: half the time of a step on a CPU. Not where a window may be shorter than a row.

    At the score sizes of an organism a cap of 50 changes little, and every recipe ends with steps of its own, capped
    attention (`use_own_attention`), so what is saved was trained and is measured with its cap.
    """
    window = getattr(model.config, "sliding_window", None)
    if window is None or window >= LONGEST_ROW:
        model.set_attn_implementation("organism_training")


def use_own_attention(model: PreTrainedModel) -> None:
    """Switches back to the architecture's eager attention, soft cap and window included."""
    model.set_attn_implementation("eager")
