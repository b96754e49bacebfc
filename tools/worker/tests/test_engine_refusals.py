"""What the engines refuse, and what they never do in silence: edits that did not happen, numbers that are none."""

from collections.abc import Callable

import pytest
import torch
from by_hand import VOCABULARY, prompts
from tiny import FAMILIES, HEADS, LAYERS, WIDTH, named, request, save, tiny_model
from transformers import (
    AutoModelForCausalLM,
    FalconConfig,
    MambaConfig,
    MptConfig,
    OPTConfig,
    PreTrainedConfig,
    StableLmConfig,
)

from recircuit_worker.engine.fast.engine import Fast
from recircuit_worker.engine.fast.trial import try_rows
from recircuit_worker.engine.hooks import hook_count
from recircuit_worker.engine.interface import Counts, Edit, EditedLogits, Receiver, Watch
from recircuit_worker.engine.passes import Passes
from recircuit_worker.engine.reference import Reference
from recircuit_worker.engine.sweeps import head_sets
from recircuit_worker.errors import Cancelled, Fault, Refusal
from recircuit_worker.models import load
from recircuit_worker.models.adapter import find_parts


@pytest.fixture(params=[Reference, Fast])
def kind(request) -> type[Passes]:
    return request.param


def made(kind: type[Passes], architecture: str = "llama") -> Passes:
    model = tiny_model(architecture, VOCABULARY)
    return kind(model, find_parts(model))


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as refusal:
        call()
    return refusal.value.code


@pytest.mark.parametrize("architecture", FAMILIES)
def test_hooks_go_also_after_a_cancellation(architecture: str) -> None:
    engine, calls = made(Reference, architecture), iter(range(100))

    def stop() -> None:
        if next(calls) == 5:
            raise Cancelled

    engine.watch = Watch(check_cancelled=stop)
    with pytest.raises(Cancelled):
        engine.answers_each(prompts(), head_sets(LAYERS, HEADS, None, "last"))
    assert hook_count(engine.model) == 0


def test_progress_counts_prompt_rows() -> None:
    engine, rows = made(Reference), []
    engine.watch = Watch(progress=rows.append)
    engine.answers(prompts())
    assert sum(rows) == 4


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (Edit("head", 0, "zero", head=HEADS), "no-such-component"),
        (Edit("head", LAYERS, "zero", head=0), "no-such-component"),
        (Edit("head", 0, "zero"), "no-such-component"),
        (Edit("head", 0, "replace", torch.zeros(5), 0), "wrong-source-shape"),
        (Edit("residual", 0, "add", torch.zeros(3, WIDTH)), "wrong-source-shape"),
        (Edit("residual", 0, "add"), "edit-without-value"),
        (Edit("query", 0, "zero", head=-1), "no-such-component"),
        (Edit("value", 0, "replace", torch.zeros(WIDTH), 0), "wrong-source-shape"),
        (Edit("head", 0, "replace", torch.zeros(4, 2, 6), 0), "wrong-source-shape"),
        (Edit("head", 0, "zero", head=0, positions=torch.tensor([[0]] * 3)), "no-such-position"),
        (Edit("head", 0, "zero", head=0, positions=torch.tensor([[9]] * 4)), "no-such-position"),
        (Edit("head", 0, "zero", head=0, positions=torch.zeros(4, 0, dtype=torch.long)), "no-such-position"),
    ],
)
def test_impossible_edits_are_refused(kind: type[Passes], edit: Edit, code: str) -> None:
    engine, tokens = made(kind), torch.full((4, 1), 5)
    assert refused(lambda: engine.last_logits(prompts(), [edit])) == code
    assert refused(lambda: engine.answers_each(prompts(), [[], [edit]])) == code
    assert refused(lambda: engine.logits_each(prompts(), [[edit]], tokens)) == code
    if edit.site == "head":
        assert refused(lambda: engine.paths(prompts(), [[edit]], None, tokens)) == code
    assert engine.counts == Counts()  # before anything was run


def test_paths_start_at_components_and_end_at_heads(kind: type[Passes]) -> None:
    engine, tokens = made(kind), torch.full((4, 1), 5)
    sender = [[Edit("head", 0, "zero", head=0)]]
    for site, head in (("residual", None), ("query", 1), ("value", 1)):
        edit = Edit(site, 0, "zero", head=head)
        assert refused(lambda edit=edit: engine.paths(prompts(), [[edit]], None, tokens)) == "no-sender"
    for receiver in (Receiver(1, HEADS, "query"), Receiver(LAYERS, 0, "key"), Receiver(1, -1, "value")):
        groups = [[receiver]]
        assert refused(lambda g=groups: engine.paths(prompts(), sender, g, tokens)) == "no-such-component"


def test_what_attention_reads_is_out_of_reach_outside_the_registry(kind: type[Passes]) -> None:
    engine, sender = made(kind, "gptj"), [[Edit("head", 0, "zero", head=0)]]
    receivers = [[Receiver(1, 0, "key")]]
    assert refused(lambda: engine.answers_each(prompts(), [[Edit("key", 1, "zero", head=0)]])) == "no-attention-inputs"
    assert refused(lambda: engine.paths(prompts(), sender, receivers, torch.full((4, 1), 5))) == "no-attention-inputs"


def test_an_unknown_argument_of_attention_is_refused_and_never_swallowed() -> None:
    """Attention sinks, position biases: the function that takes the place of a model's own must know them or refuse."""
    engine, edits = made(Fast), [[Edit("head", 0, "zero", head=0)]]
    attention = named(engine.model, "llama", 1, "attention")
    for name in ("s_aux", "position_bias", "attention_mask"):  # the last: one that the attention made itself
        hook = attention.register_forward_pre_hook(
            lambda m, args, kwargs, name=name: (args, {**kwargs, name: torch.zeros(1, 1, 1, 1)}), with_kwargs=True
        )
        assert refused(lambda: engine.answers_each(prompts(), edits)) == "unknown-attention-argument"
        hook.remove()
    engine.answers_each(prompts(), edits)


def test_layers_that_are_told_no_mask_are_refused() -> None:
    engine = made(Fast)
    engine.model.set_attn_implementation("sdpa")  # which leaves the mask out where all prompts have one length
    assert refused(lambda: engine.answers_each(prompts()[:1], [[]])) == "no-layer-mask"


@pytest.mark.parametrize(
    ("architecture", "codes"), [("llama", {"not-eager"}), ("gemma2", {"not-eager", "model-not-loadable"})]
)
def test_another_attention_than_asked_for_is_refused_at_load(
    tmp_path, monkeypatch, architecture: str, codes: set
) -> None:
    """Some versions of transformers drop a soft cap without a word where attention is `sdpa`, others raise."""
    monkeypatch.setitem(load.load_model.__globals__, "AutoModelForCausalLM", _Sdpa)
    folder = save(tmp_path / "model", architecture)
    assert refused(lambda: load.open_model(request(folder, tmp_path), lambda *what: None, lambda: None)) in codes


class _Sdpa:
    @staticmethod
    def from_pretrained(folder, **options):
        return AutoModelForCausalLM.from_pretrained(folder, **{**options, "attn_implementation": "sdpa"})


def test_half_precision_cannot_be_asked_for() -> None:
    """Gemma's activations overflow in float16."""
    assert set(load.DTYPES) == {"float32", "float64", "bfloat16"}


def test_an_edit_that_does_not_fire_is_a_fault(kind: type[Passes]) -> None:
    engine = made(kind)
    attention = named(engine.model, "llama", 1, "attention")
    projection = attention.o_proj
    attention.o_proj = torch.nn.Module()  # the parts still point to the old module, which is called no more
    attention.o_proj.forward = lambda z: z @ projection.weight.T
    with pytest.raises(Fault) as fault:
        engine.answers_each(prompts(), [[Edit("head", 1, "zero", head=0)]])
    assert fault.value.code == "edit-did-not-fire"


def test_nan_is_a_fault(kind: type[Passes]) -> None:
    clean, edits, tokens = made(kind), [Edit("residual", 1, "add", torch.full((WIDTH,), torch.nan))], torch.ones(4, 1)
    broken = made(kind)
    broken.model.lm_head.weight[5] = torch.nan
    for ask in (
        lambda: broken.answers(prompts()),
        lambda: broken.answers_each(prompts(), [[]]),
        lambda: clean.answers_each(prompts(), [edits]),
        lambda: clean.logits_each(prompts(), [edits], tokens.long()),
    ):
        with pytest.raises(Fault) as fault:
            ask()
        assert fault.value.code == "nan-from-model"


SMALL = {"vocab_size": VOCABULARY, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
MPT = MptConfig(vocab_size=VOCABULARY, d_model=32, n_layers=2, n_heads=4, max_seq_len=64)
OPT = OPTConfig(**SMALL, ffn_dim=64, max_position_embeddings=64, word_embed_proj_dim=32)


@pytest.mark.parametrize(
    ("config", "code"),
    [
        (FalconConfig(**SMALL, alibi=True), "rows-unlike-passes"),
        (MPT, "rows-unlike-passes"),
        (OPT, "rows-unlike-passes"),
        (MambaConfig(vocab_size=VOCABULARY, hidden_size=32, num_hidden_layers=2), "unknown-structure"),
        (FalconConfig(**SMALL, alibi=False), None),
        (StableLmConfig(**SMALL, num_key_value_heads=2, intermediate_size=64), None),
    ],
    ids=lambda given: given.model_type if isinstance(given, PreTrainedConfig) else str(given),
)
def test_an_architecture_never_seen_is_exact_or_refused(config: PreTrainedConfig, code: str | None) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="eager").double().eval()

    def tried() -> None:
        try_rows(Fast(model, find_parts(model)), prompts(), 1e-9)

    if code is None:
        tried()
    else:
        assert refused(tried) == code


def test_a_trial_notices_rows_that_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = made(Fast)
    truth = engine.logits_each
    monkeypatch.setattr(engine, "logits_each", lambda *given: EditedLogits(truth(*given).edited + 1e-3, None))
    assert refused(lambda: try_rows(engine, prompts(), 1e-4)) == "rows-unlike-passes"
