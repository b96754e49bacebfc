"""A small vocabulary for planted organisms: people, places, colors, things and days, in two behaviours."""

from recircuit_worker.contract import Material
from recircuit_worker.decode import decode

LISTS = {
    "names": ["Mary", "John", "Tom", "James", "Sarah", "David", "Anna", "Paul"],
    "places": ["store", "park", "garden", "school"],
    "colors": ["red", "blue", "green", "black"],
    "things": ["pen", "cup", "book", "ball"],
    "days": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
}
NAMED = "When {IO} and {S1} came to the {place}, {S2} gave the {thing} to"
ROW = {"demonstration": None, "shots": 0, "where": [], "apart": [], "each": []}
FOUR = [
    {"kind": "choice", "slots": ["A", "B", "C", "IO", "S1"], "list": "names"},
    {"kind": "choice", "slots": ["place"], "list": "places"},
    {"kind": "choice", "slots": ["thing"], "list": "things"},
    {"kind": "same", "slot": "S2", "of": "S1"},
]
SWAP = {"name": "s2-swap", "about": "the other one", "slots": [{"kind": "same", "slot": "S2", "of": "IO"}]}
TASK = {
    **ROW,
    "task": "abba",
    "slots": FOUR,
    "queries": [NAMED],
    "answer": " {IO}",
    "rivals": [" {S1}"],
    "split_by": ["IO", "S1"],
    "counterfactuals": [SWAP],
}


def material(split: str = "held-out") -> Material:
    """Returns one half of a behaviour with all lists and one task."""
    body = {"kind": "contrast-pairs", "behaviour": "people", "split": split, "split_seed": 1}
    return decode("Material", {**body, "lists": LISTS, "tasks": [TASK]})


def recipe(**changes) -> dict:
    """Returns the recipe of a small circuit, one or two heads of each motif."""
    words = {"behaviour": "people"}
    return {
        "kind": "planted",
        "architecture": "gpt2",
        "layers": 7,
        "heads": 5,
        "seed": 3,
        "noise": 0.002,
        "stored": "float16",
        "vocabulary": ["people"],
        "words": {
            "names": [{**words, "list": "names"}],
            "colors": [{**words, "list": "colors"}],
            "things": [{**words, "list": "things"}],
            "ordered": [{**words, "list": "days"}],
            "asks_name": [" to"],
            "asks_color": [":"],
        },
        "circuit": [
            {"motif": "previous-token", "layers": [0, 0]},
            {"motif": "sink", "layers": [0]},
            {"motif": "duplicate-token", "layers": [1, 1]},
            {"motif": "induction", "layers": [1, 2]},
            {"motif": "s-inhibition", "layers": [3, 3, 3]},
            {"motif": "successor", "layers": [3]},
            {"motif": "name-mover", "layers": [4, 4, 4]},
            {"motif": "negative-name-mover", "layers": [5]},
            {"motif": "backup-name-mover", "layers": [6, 6]},
        ],
        "decoys": [
            {"motif": "name-mover", "keeps": "attention", "layers": [5]},
            {"motif": "name-mover", "keeps": "writing", "layers": [5]},
        ],
        **changes,
    }
