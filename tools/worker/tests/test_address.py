"""Addresses: one spelling per component, and a refusal for every other."""

import pytest

from recircuit_worker.address import Head, Mlp, parse, parse_components, parse_heads
from recircuit_worker.errors import Refusal


@pytest.mark.parametrize("text", ["a0.h0", "a9.h6", "a31.h127", "m0", "m3"])
def test_an_address_is_read_and_written_the_same(text):
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "a1", "a01.h2", "a1.h02", "A1.h2", "a1.h2 ", "a1.h2\n", "a1h2", "m", "a12345.h1", "a١.h2"]
)
def test_every_other_spelling_is_refused(text):
    with pytest.raises(Refusal) as caught:
        parse(text)
    assert caught.value.code == "bad-address"


def test_components_keep_their_order():
    assert parse_components(["m1", "a0.h3"], layers=2, heads=4) == [Mlp(1), Head(0, 3)]
    assert parse_heads(["a1.h0", "a0.h3"], layers=2, heads=4) == [Head(1, 0), Head(0, 3)]


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (["a2.h0"], "no-such-component"),
        (["a0.h4"], "no-such-component"),
        (["m2"], "no-such-component"),
        (["a0.h1", "a0.h1"], "duplicate-component"),
        (["a0.h1", "m0"], "not-a-head"),
    ],
)
def test_what_this_model_does_not_have_is_refused(texts, code):
    with pytest.raises(Refusal) as caught:
        parse_heads(texts, layers=2, heads=4)
    assert caught.value.code == code


def test_the_refusal_names_the_last_component_there_is():
    with pytest.raises(Refusal, match=r"a1\.h3 or m1"):
        parse_components(["a7.h0"], layers=2, heads=4)
