"""The tools that read and estimate, held against models whose circuit was written by hand: they find what was planted.

Thresholds are those of the findings; the truth is the plan of the model. That the motifs work is in `test_planted.py`.
"""

import pytest
from calls import call
from planted_words import material, recipe
from planting import planted_by
from tiny import bench, contrast

from recircuit_worker.contract import (
    AttributeEdgesInput,
    DirectLogitAttributionInput,
    FaithfulnessInput,
    FindPositionsInput,
    SuccessorScoresInput,
    SuppressionScoresInput,
)
from recircuit_worker.tools import (
    attribute_edges,
    direct_logit_attribution,
    faithfulness,
    find_positions,
    successor_scores,
    suppression_scores,
)

MOTIFS = recipe()["circuit"]
ROW = contrast("abba", counterfactual="s2-swap", count=8)


class Opened:
    """A planted model in a bench, with its truth."""

    def __init__(self, place, architecture: str, circuit=MOTIFS) -> None:
        halves = [material("search"), material("held-out")]
        made, tokenizer = planted_by("PlantedRecipe", recipe(architecture=architecture, circuit=circuit), halves)
        made.model.save_pretrained(place / "model")
        tokenizer.save_pretrained(place / "model")
        self.roles = {motif: [str(head) for head in heads] for motif, heads in made.roles.items()}
        self.bench = bench(place / "model", place / "artifacts", of=material())

    def ordinals(self):
        request = SuccessorScoresInput(None, "embedding-and-mlp", ("days",), None)
        return call(successor_scores, request, self.bench)

    def suppression(self, components=None):
        return call(suppression_scores, SuppressionScoresInput(components, ROW, None), self.bench)


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def planted(request, tmp_path_factory):
    return Opened(tmp_path_factory.mktemp("planted"), request.param)


def test_the_successor_head_is_the_planted_one(planted) -> None:
    found = planted.ordinals()
    assert [found.heads[0].component] == planted.roles["successor"]
    assert found.heads[0].score == 1 and found.best_other <= 0.5


def test_the_suppressor_is_the_planted_one_and_suppression_is_all_it_does(planted) -> None:
    found = planted.suppression()
    assert [found.heads[0].component] == planted.roles["negative-name-mover"]
    assert found.heads[0].score > 0.85 and found.heads[1].score < 0.3
    assert found.kept[0].recovered > 0.8
    movers = planted.suppression(tuple(planted.roles["name-mover"]))
    assert movers.recovered < 0.1 and movers.mean < 0.1


def test_movers_speak_for_the_name_and_suppressors_against_it(planted) -> None:
    found = call(direct_logit_attribution, DirectLogitAttributionInput(ROW, None, 40), planted.bench)
    shares = {row.component: row.contribution for row in found.components}
    movers = [shares[head] for head in planted.roles["name-mover"]]
    others = set(shares) - {head for role in planted.roles.values() for head in role}
    assert min(movers) > 0.5 and all(shares[head] < -0.1 for head in planted.roles["negative-name-mover"])
    assert max(abs(shares[head]) for head in others) < min(movers) / 3


def test_the_answer_goes_from_the_second_name_to_the_end(planted) -> None:
    found = call(find_positions, FindPositionsInput(ROW, ("IO", "S1", "S2", "END")), planted.bench)
    assert [row.position for row in found.layers][0] == "S2" and found.layers[-1].position == "END"
    last = max(int(head[1 : head.index(".")]) for head in planted.roles["s-inhibition"])
    assert found.layers[last].position == "END"


def test_the_planted_circuit_is_faithful_and_half_of_it_is_not(planted) -> None:
    names = (
        "duplicate-token",
        "previous-token",
        "s-inhibition",
        "name-mover",
        "backup-name-mover",
        "negative-name-mover",
    )
    names = (*names, "induction")
    circuit = tuple(head for motif in names for head in planted.roles[motif])
    without = tuple(head for head in circuit if head not in planted.roles["s-inhibition"])
    whole, part = (
        call(faithfulness, FaithfulnessInput(ROW, heads, "heads", "counterfactual", None, 0), planted.bench)
        for heads in (circuit, without)
    )
    assert whole.faithfulness > 0.9 and part.faithfulness < 0.5


def test_edges_of_the_circuit_are_among_the_strongest(planted) -> None:
    found = call(attribute_edges, AttributeEdgesInput(ROW, "integrated", None, 40), planted.bench)
    told = {(edge.source, edge.target.split("<")[0]) for edge in found.edges}
    roles = {**planted.roles, "second name": ["input"]}
    for sender, receiver in (("second name", "s-inhibition"), ("s-inhibition", "name-mover")):
        assert any((a, b) in told for a in roles[sender] for b in roles[receiver]), (sender, receiver)
    assert any((mover, "logits") in told for mover in planted.roles["name-mover"])


def test_a_twin_without_them_has_neither(tmp_path) -> None:
    left = [group for group in MOTIFS if group["motif"] not in ("successor", "negative-name-mover")]
    twin = Opened(tmp_path, "gpt2", left)
    assert twin.ordinals().heads[0].score <= 0.5
    assert twin.suppression().heads[0].score < 0.3
