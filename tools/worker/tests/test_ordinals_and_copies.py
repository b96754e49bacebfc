"""Successor and suppression scores: against modules called by name, and on heads whose weights are set by hand."""

import pytest
import torch
from by_hand import Hand, prompts
from calls import call, refused
from test_direct import FINAL, linear
from tiny import HEADS, LAYERS, bench, contrast, contrast_material, named, repeats, save, tiny_model, tokenizer
from torch import Tensor

from recircuit_worker.address import Head
from recircuit_worker.contract import SuccessorScoresInput, SuppressionScoresInput
from recircuit_worker.engine.effective import Effective
from recircuit_worker.engine.suppression import KEPT, Suppression
from recircuit_worker.models.adapter import find_parts
from recircuit_worker.tools import successor_scores, suppression_scores

TOKENS = [7, 3, 20, 41]


def first_layer(architecture: str, model: torch.nn.Module) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the embeddings, what the first MLP makes of them, and the stream after the first layer, by name."""
    embedding = model.get_input_embeddings()(torch.tensor(TOKENS))  # Gemma scales it there
    block = named(model, architecture, 0, "layer")
    if architecture == "gpt2":
        values = block.attn.c_attn(block.ln_1(embedding)).chunk(3, dim=-1)[2]
        middle = embedding + block.attn.c_proj(values)
        return embedding, block.mlp(block.ln_2(embedding)), middle + block.mlp(block.ln_2(middle))
    if architecture == "gpt_neox":
        attention, made = block.attention, block.mlp(block.post_attention_layernorm(embedding))
        packed = attention.query_key_value(block.input_layernorm(embedding)).view(len(TOKENS), HEADS, -1)
        values = packed[..., 2 * packed.shape[-1] // 3 :].flatten(1)
        return embedding, made, embedding + attention.dense(values) + made
    attention = block.self_attn
    values = attention.v_proj(block.input_layernorm(embedding)).view(len(TOKENS), -1, attention.head_dim)
    wrote = attention.o_proj(values.repeat_interleave(2, dim=1).flatten(1))
    if architecture == "gemma2":
        wrote = block.post_attention_layernorm(wrote)

        def mlp(stream: Tensor) -> Tensor:
            return block.post_feedforward_layernorm(block.mlp(block.pre_feedforward_layernorm(stream)))
    else:

        def mlp(stream: Tensor) -> Tensor:
            return block.mlp(block.post_attention_layernorm(stream))

    middle = embedding + wrote
    return embedding, mlp(embedding), middle + mlp(middle)


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "gpt2", "gpt_neox", "qwen3"])
def test_a_token_by_itself_is_the_first_layer_called_by_name(architecture) -> None:
    model = tiny_model(architecture)
    effective = Effective(model, find_parts(model))
    with torch.inference_mode(), effective._exact():
        embedding, made, stream = first_layer(architecture, model)
    for kind, expected in (("mlp", made), ("embedding-and-mlp", embedding + made), ("stream", stream)):
        told = effective.embeddings(TOKENS, kind)
        torch.testing.assert_close(told[0], embedding, atol=1e-9, rtol=0)
        torch.testing.assert_close(told[1], expected, atol=1e-9, rtol=0)


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "gpt2"])
def test_what_a_head_writes_is_its_values_and_weights_by_name(architecture) -> None:
    model = tiny_model(architecture)
    effective, read = Effective(model, find_parts(model)), torch.randn(5, 24, dtype=torch.float64)
    said = torch.stack(list(effective.said(1, read)))
    (alone,) = effective.said(1, read, torch.tensor([7, 3]), [2])
    torch.testing.assert_close(alone, said[2][:, [7, 3]])
    block, final = named(model, architecture, 1, "layer"), model.get_submodule(FINAL.get(architecture, "model.norm"))
    gemma = architecture == "gemma2"
    with torch.inference_mode(), effective._exact():
        ones = torch.ones_like(read)
        if architecture == "gpt2":
            given = linear(block.ln_1, read, read, gemma) @ block.attn.c_attn.weight[:, 48:]
            values, weight = given.view(5, HEADS, -1), block.attn.c_proj.weight
        else:
            given = block.self_attn.v_proj(linear(block.input_layernorm, read, read, gemma))
            values = given.view(5, 2, -1).repeat_interleave(2, dim=1)
            weight = block.self_attn.o_proj.weight.T
        width = values.shape[-1]
        for head in range(HEADS):
            out = values[:, head] @ weight[head * width : (head + 1) * width]
            if gemma:
                out = linear(block.post_attention_layernorm, out, ones, gemma)
            expected = linear(final, out, ones if not isinstance(final, torch.nn.LayerNorm) else read, gemma)
            expected = expected @ model.get_output_embeddings().weight.T
            shares = said[head] / expected  # one factor for each token, and it is positive
            assert bool((shares > 0).all())
            torch.testing.assert_close(shares, shares[:, :1].expand_as(shares), atol=0, rtol=1e-6)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    """A Llama whose a1.h2 says the successor of what it attends to, a2.h1 lowers just that, and a2.h3 raises it."""
    place = tmp_path_factory.mktemp("planted")
    words = tokenizer()
    model = tiny_model("llama", len(words), dtype=torch.float32, hidden_size=64, head_dim=64, num_key_value_heads=4)
    with torch.no_grad():  # what a token is must still be seen in its stream two layers on
        for layer, block in enumerate(model.model.layers):
            block.self_attn.o_proj.weight *= 1e-3
            block.mlp.down_proj.weight *= 1e-3 if layer else 1
    effective = Effective(model, find_parts(model))
    xs = [words.convert_tokens_to_ids(f" x{i}") for i in range(12)]
    every = list(range(len(words)))
    _set(model, effective, Head(1, 2), xs, [*xs[1:], xs[0]], "mlp", 1.0)
    _set(model, effective, Head(2, 1), every, every, "stream", -3.0)
    _set(model, effective, Head(2, 3), every, every, "stream", 3.0)
    save(place / "model", "llama")
    model.save_pretrained(place / "model")
    return bench(place / "model", place / "artifacts", of=contrast_material())


def _set(model, effective: Effective, head: Head, given: list[int], said: list[int], kind: str, size: float) -> None:
    """Sets W_V and W_O of a head so that attending to `given[i]` raises `said[i]` more than any other."""
    block, width = model.model.layers[head.layer], 64
    at = slice(head.head * width, (head.head + 1) * width)
    read = block.input_layernorm(effective.embeddings(given, kind)[1].clone())
    unembedding = model.lm_head.weight * model.model.norm.weight
    along = unembedding / unembedding.norm(dim=-1, keepdim=True)
    with torch.no_grad():
        block.self_attn.q_proj.weight[at] = 0  # it attends to all tokens alike
        block.self_attn.v_proj.weight[at] = 0
        block.self_attn.v_proj.weight[at][: len(given)] = torch.linalg.pinv(read).T
        block.self_attn.o_proj.weight[:, at] = 0
        block.self_attn.o_proj.weight[:, at][:, : len(given)] = size * along[said].T


def test_a_planted_successor_head_is_found_and_no_other(planted) -> None:
    found = call(successor_scores, SuccessorScoresInput(None, "mlp", None, None), planted)
    assert found.heads[0].component == "a1.h2" and found.heads[0].score == 1 and len(found.heads) == 3
    assert found.best_other is not None and found.heads[1].score < 0.5
    assert (found.lists[0].best, found.lists[0].items, found.lists[0].chance) == ("a1.h2", 12, 1 / 12)
    asked = call(successor_scores, SuccessorScoresInput(("a1.h2",), "mlp", ("xs",), None), planted)
    assert asked.mean == 1 and asked.best_other == found.heads[1].score
    shares = planted.read(found.scores.sha256, successor_scores.KIND)
    assert shares.tensors["data"].shape == (1, LAYERS, HEADS) and shares.manifest.labels["list"] == ("xs",)


def test_a_planted_suppressor_is_found_and_its_effect_is_suppression(planted) -> None:
    request = SuppressionScoresInput(None, contrast("missing"), None)
    found = call(suppression_scores, request, planted)
    assert found.heads[0].component == "a2.h1" and found.heads[0].score > 0.95 and found.heads[1].score < 0.5
    assert found.tokens == len(planted.reader.vocabulary(planted.facts.vocabulary))
    assert found.chance == 10 / planted.facts.vocabulary
    assert found.effect == pytest.approx(sum(row.mean_ablated for row in found.kept) / len(found.kept))
    four_words = repeats(length=4, repeats=2, count=4)  # none is too many to be kept
    heads = SuppressionScoresInput(("a2.h1", "a2.h3"), four_words, None)
    asked = call(suppression_scores, heads, planted)
    minus, plus = asked.kept
    assert asked.best_other is None and found.best_other is not None
    scores = planted.read(asked.scores.sha256, suppression_scores.KIND).tensors["data"]
    assert int((scores == -1).sum()) == LAYERS * HEADS - 2  # the others are not measured
    assert minus.recovered > 0.5 and plus.recovered < 0.1
    assert call(suppression_scores, SuppressionScoresInput(("a2.h3",), None, None), planted).heads[0].score < 0.1


def test_a_head_that_says_nothing_suppresses_nothing(planted) -> None:
    weight = planted.parts.layers[2].projection.weight
    own = weight.detach().clone()
    with torch.no_grad():
        weight[:, :64] = 0  # a2.h0
        found = call(suppression_scores, SuppressionScoresInput(("a2.h0", "a2.h1"), None, None), planted)
        weight.copy_(own)
    assert found.heads[0].score == 0 and found.heads[1].score > 0.95


@pytest.mark.parametrize("architecture", ["llama", "gemma2", "gpt2"])
def test_the_divergences_are_those_of_one_destination_after_another(architecture) -> None:
    hand = Hand(architecture)
    suppression = Suppression(hand.model, find_parts(hand.model))

    asked, heads = prompts(), [Head(1, 2), Head(0, 3), Head(2, 0)]
    found = suppression.measure(asked, heads, special={0, 1, 2})
    for head, told in zip(heads, found, strict=True):
        expected = naive(hand, head, [prompt.ids for prompt in asked])
        assert (told.mean_ablated, told.suppressing) == pytest.approx(expected, abs=1e-9)
        assert told.mean_ablated > 1e-3


def naive(hand: Hand, head: Head, rows: list[tuple[int, ...]]) -> tuple[float, float]:
    """Means of KL divergence at the last tokens, everything by name and in loops."""
    model, width = hand.model, hand.width
    block = named(model, hand.name, head.layer, "layer")
    projection = named(model, hand.name, head.layer, "projection")
    weight = projection.weight if hand.name == "gpt2" else projection.weight.T
    writes = weight[head.head * width : (head.head + 1) * width]
    final = model.get_submodule(FINAL.get(hand.name, "model.norm"))
    unembedding = model.get_output_embeddings().weight
    gemma = hand.name == "gemma2"

    def said(stream: Tensor) -> Tensor:
        logits = final(stream) @ unembedding.T
        return (3.0 * torch.tanh(logits / 3.0) if gemma else logits).log_softmax(-1)

    lasts, wholes, lowered = [], [], []
    with torch.no_grad(), Suppression(model, find_parts(model))._exact():
        for ids in rows:
            seen: list[Tensor] = []
            handles = [
                projection.register_forward_hook(lambda m, a, out, s=seen: s.append(out[0, -1])),
                final.register_forward_pre_hook(lambda m, a, s=seen: s.append(a[0][0, -1])),
            ]
            told = model(torch.tensor([ids]), output_attentions=True, output_hidden_states=True)
            for handle in handles:
                handle.remove()
            wrote, last = seen
            keys = told.attentions[head.layer][0, head.head, -1]
            values = hand.reads(ids, head.layer)["value"][:, head.head]
            before = told.hidden_states[head.layer][0, -1]
            torch.testing.assert_close(said(last), told.logits[0, -1].log_softmax(-1), atol=1e-9, rtol=0)

            def share(output: Tensor, wrote: Tensor = wrote) -> Tensor:
                out = output @ writes
                return linear(block.post_attention_layernorm, out, wrote, gemma) if gemma else out

            ahead = {}
            for token in set(ids) - {0, 1, 2}:
                gain = (1 + final.weight if gemma else final.weight) * unembedding[token]
                ahead[token] = gain - gain.mean() if hand.name == "gpt2" else gain
            best = sorted(ahead, key=lambda token: -float(before @ ahead[token]))[:KEPT]
            kept = torch.zeros_like(last)
            for place, token in enumerate(ids):
                if token in best:
                    along = ahead[token] / ahead[token].norm()
                    kept += min(0.0, float(share(keys[place] * values[place]) @ along)) * along
            lasts.append(last)
            lowered.append(kept)
            wholes.append(share((keys[:, None] * values).sum(0)))
        mean, rest = sum(wholes) / len(rows), sum(wholes) / len(rows) - sum(lowered) / len(rows)
        sums = [0.0, 0.0]
        for last, whole, kept in zip(lasts, wholes, lowered, strict=True):
            clean = said(last)
            for index, other in enumerate((mean, kept + rest)):
                sums[index] += float((clean.exp() * (clean - said(last + other - whole))).sum())
    return sums[0] / len(rows), sums[1] / len(rows)


def test_words_without_order_have_no_successors(benches, planted) -> None:
    assert refused(successor_scores, SuccessorScoresInput(None, "mlp", None, None), benches()) == "no-ordered-lists"
    assert refused(successor_scores, SuccessorScoresInput(None, "mlp", ("ys",), None), planted) == "unknown-list"
    other = benches("gptj", "float64", "contrast-pairs")  # its values cannot be read
    prompted = SuppressionScoresInput(None, contrast("missing", count=2), None)
    assert refused(suppression_scores, prompted, other) == "no-attention-inputs"
