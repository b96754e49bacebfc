"""JSON to contract objects and back: exact types, readable paths, nothing let through."""

import dataclasses
import json

import pytest

from recircuit_worker import contract
from recircuit_worker.decode import decode, encode, encode_checked, first_error
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.versions import SCHEMA_FILE

PROMPTS = {"kind": "in-context", "tasks": ["antonym"], "variant": "clean", "shots": 10, "count": 4, "seed": 1}
MATERIAL = {
    "kind": "in-context",
    "behaviour": "b",
    "split": "search",
    "template": {"input_prefix": "Q:", "output_prefix": "A:", "separator": "\n", "end": "\n\n"},
    "tasks": [{"task": "antonym", "domain": "adjective", "pairs": [{"input": "hot", "output": "cold"}]}],
}
OPEN = {
    "model": "m",
    "folder": "/f",
    "repository": None,
    "revision": None,
    "weights_sha256": None,
    "dtype": "float32",
    "device": "cpu",
    "engine": "fast",
    "expect": None,
    "material": MATERIAL,
    "artifacts": "/a",
}
INJECT = {
    "prompts": PROMPTS,
    "source": "0" * 64,
    "components": ["a0.h1"],
    "layers": None,
    "scales": [1, 2.5],
    "vector": "own-task",
    "norm": "raw",
}


def test_classes_tuples_and_unions():
    request = decode("OpenRequest", OPEN)
    assert isinstance(request.material, contract.InContextMaterial)
    assert request.material.tasks[0].pairs == (contract.Pair("hot", "cold"),)
    assert request.expect is None
    other = {"kind": "repeated-tokens", "behaviour": "b", "split": "held-out", "namespace": "n"}
    assert decode("Material", other) == contract.RepeatedTokensMaterial(**other)
    assert decode("MeasureBehaviourInput", {"prompts": PROMPTS}).prompts.tasks == ("antonym",)


def test_whole_numbers_become_floats_only_where_a_float_is_meant():
    scales = decode("InjectVectorInput", INJECT).scales
    assert scales == (1.0, 2.5) and all(type(scale) is float for scale in scales)
    assert decode("InjectVectorInput", INJECT | {"layers": [3]}).layers == (3,)
    schema = json.loads(SCHEMA_FILE.read_text())["$defs"]["OrganismRecipe"]["properties"]["config"]
    assert schema["additionalProperties"]["type"] == ["string", "number", "boolean", "null"]
    config = {"hidden_size": 64, "cap": 50.5, "tie": True, "act": "silu", "window": None}
    assert [type(value) for value in decode("OrganismRecipe", recipe(config)).config.values()] == [
        int,
        float,
        bool,
        str,
        type(None),
    ]


@pytest.mark.parametrize(
    ("name", "value", "path"),
    [
        ("OpenRequest", [], "the whole: "),
        ("OpenRequest", OPEN | {"extra": 1}, "the whole: .*'extra' was unexpected"),
        ("OpenRequest", {key: OPEN[key] for key in OPEN if key != "dtype"}, "'dtype' is a required property"),
        ("OpenRequest", OPEN | {"dtype": "float16"}, "dtype: "),
        ("OpenRequest", OPEN | {"material": MATERIAL | {"kind": "nothing"}}, "material: "),
        ("OpenRequest", OPEN | {"material": MATERIAL | {"tasks": []}}, r"material\.tasks: "),
        (
            "OpenRequest",
            OPEN | {"material": MATERIAL | {"tasks": [MATERIAL["tasks"][0] | {"pairs": [{"input": "x"}]}]}},
            r"material\.tasks\[0\]\.pairs\[0\]: 'output' is a required",
        ),
        (
            "MeasureBehaviourInput",
            {"prompts": PROMPTS | {"seed": 1.0}},
            r"prompts\.seed: 1\.0 is not of type 'integer'",
        ),
        ("MeasureBehaviourInput", {"prompts": PROMPTS | {"seed": True}}, r"prompts\.seed: "),
        ("MeasureBehaviourInput", {"prompts": PROMPTS | {"seed": -1}}, r"prompts\.seed: "),
        ("MeasureBehaviourInput", {"prompts": PROMPTS | {"tasks": "antonym"}}, r"prompts\.tasks: "),
        ("MeasureBehaviourInput", {"prompts": PROMPTS | {"tasks": ["antonym\n"]}}, r"prompts\.tasks\[0\]: "),
        ("MeasureBehaviourInput", {"prompts": None}, "prompts: "),
        ("InjectVectorInput", INJECT | {"components": ["a1.h2\n"]}, r"components\[0\]: "),
        ("InjectVectorInput", INJECT | {"components": ["a١.h2"]}, r"components\[0\]: "),
        ("InjectVectorInput", INJECT | {"components": ["m1"] * 513}, "components: "),
        ("InjectVectorInput", INJECT | {"layers": [0.5]}, r"layers"),
        ("InjectVectorInput", INJECT | {"scales": [True]}, r"scales\[0\]: "),
    ],
)
def test_what_does_not_fit_is_refused_with_its_path(name, value, path):
    with pytest.raises(Refusal, match=path) as caught:
        decode(name, value)
    assert caught.value.code == "bad-request"
    assert len(str(caught.value)) < 600


def test_what_is_encoded_is_decoded_to_the_same():
    for name, value in {"OpenRequest": OPEN, "InjectVectorInput": INJECT}.items():
        assert encode_checked(name, decode(name, value)) == value


def test_a_result_that_breaks_the_contract_is_a_fault():
    for wrong in ({"task": "x", "why": 3}, {"task": "x"}):
        with pytest.raises(Fault) as caught:
            encode_checked("UnscorableTask", wrong)
        assert caught.value.code == "result-off-contract"
    with pytest.raises(Fault, match="does not fit"):
        encode({"a": object()})


def test_python_numbers_of_libraries_become_plain():
    import numpy

    encoded = encode({"a": (numpy.float64(0.5), True, 3)})
    assert encoded == {"a": [0.5, True, 3]} and type(encoded["a"][0]) is float
    with pytest.raises(Fault):
        encode(numpy.float32(0.5))


def test_every_object_of_the_schema_is_a_class_and_back():
    schema = json.loads(SCHEMA_FILE.read_text())["$defs"]
    for name, definition in schema.items():
        made = getattr(contract, name)
        if definition.get("type") == "object":
            assert {field.name for field in dataclasses.fields(made)} == set(definition["properties"])
        assert first_error(name, 0) is not None


def recipe(config):
    required = json.loads(SCHEMA_FILE.read_text())["$defs"]["OrganismRecipe"]["required"]
    return dict.fromkeys(required, 1) | {
        "architecture": "llama",
        "config": config,
        "tasks": None,
        "repeated_lengths": [2],
        "repeated_total": 4,
        "stages": [],
        "stored": "float32",
    }
