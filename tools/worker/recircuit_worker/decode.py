"""JSON <-> the generated dataclasses of the contract, checked against `contract.schema.json` on the way in and out.

The one place that knows JSON Schema. It takes numbers strictly: `1.0` is no integer here, since a seed is not a float.
"""

import dataclasses
import json
import re
import types
from collections.abc import Iterable
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from recircuit_worker import contract
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.versions import SCHEMA_FILE


def decode(name: str, value: Any) -> Any:
    """Returns the contract class `name` made of a JSON value.

    Raises:
        Refusal: `bad-request`, with the path of the first thing that is wrong.
    """
    complaint = first_error(name, value)
    if complaint:
        raise Refusal(
            "bad-request",
            what=f"a {name} was sent",
            why=complaint,
            instead="send what contract.schema.json asks for, with every default filled in",
        )
    return _convert(value, getattr(contract, name))


def encode(value: Any) -> Any:
    """Returns the JSON value of a contract object: tuples become lists, numbers Python's own; optional fields may lack.

    Raises:
        Fault: `result-off-contract` for a value that JSON has no type for, a tensor above all.
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        held = ((field, getattr(value, field.name)) for field in dataclasses.fields(value))
        return {field.name: encode(inner) for field, inner in held if inner is not None or field.default is not None}
    if isinstance(value, dict):
        return {key: encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    raise off_contract("a result", f"it holds a {type(value).__name__}, which is no JSON value")


def encode_checked(name: str, value: Any) -> dict[str, Any]:
    """Returns the JSON object of a result, checked.

    Raises:
        Fault: `result-off-contract` where the worker's own code broke the contract.
    """
    encoded = encode(value)
    complaint = first_error(name, encoded)
    if complaint:
        raise off_contract(name, complaint)
    return encoded


def off_contract(what: str, why: str) -> Fault:
    return Fault(
        "result-off-contract",
        f"{what} of the worker does not fit the contract",
        why=why,
        instead="this is a defect of the worker: report it with the request",
    )


def first_error(name: str, value: Any) -> str | None:
    """Returns the first way in which a value is no `name`, as `path: what is wrong`, or None."""
    error = next(iter(sorted(_validator(name).iter_errors(value), key=lambda error: list(map(str, error.path)))), None)
    if error is None:
        return None
    error = _most_telling(error)
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)
    return f"{path.lstrip('.') or 'the whole'}: {_shorten(error.message)}"


def _most_telling(error: ValidationError) -> ValidationError:
    """Follows a union to the branch that the value's `kind` chose; otherwise every branch would complain."""
    while error.context:
        branches: dict[Any, list[ValidationError]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        fitting = [errors for errors in branches.values() if not any(_is_wrong_kind(inner) for inner in errors)]
        if len(fitting) != 1:
            return error
        error = fitting[0][0]
    return error


def _is_wrong_kind(error: ValidationError) -> bool:
    at_kind = bool(error.path) and error.path[-1] == "kind" and error.validator == "const"
    return at_kind or (error.validator == "type" and not error.path)


def _shorten(message: str, limit: int = 200) -> str:
    message = " ".join(message.split())
    return message if len(message) <= limit else f"... {message[-limit:]}"


@cache
def _schema() -> dict[str, Any]:
    return json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@cache
def _validator(name: str) -> Draft202012Validator:
    definitions = _schema()["$defs"]
    if name not in definitions:
        raise KeyError(f"the contract has no {name}")
    return _StrictValidator({"$ref": f"#/$defs/{name}", "$defs": definitions})


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterable[ValidationError]:
    """As JavaScript reads it: `\\d` is ASCII, and `$` does not stand before a last line feed."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance, re.ASCII):
        yield ValidationError(f"{instance!r} does not match {pattern}")


_StrictValidator = extend(
    Draft202012Validator,
    validators={"pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)


@cache
def _fields(cls: type) -> dict[str, Any]:
    return get_type_hints(cls, vars(contract))


def _convert(value: Any, wanted: Any) -> Any:
    """Builds a value that is known to be valid; `wanted` is a type of contract.py."""
    if dataclasses.is_dataclass(wanted):
        return wanted(
            **{name: _convert(value[name], inner) for name, inner in _fields(wanted).items() if name in value}
        )
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin is tuple:
        return tuple(_convert(item, inner[0]) for item in value)
    if origin is dict:
        return {key: _convert(item, inner[1]) for key, item in value.items()}
    if origin in (Union, types.UnionType):
        return _convert_union(value, [member for member in inner if member is not type(None)])
    return float(value) if wanted is float else value


def _convert_union(value: Any, members: list[Any]) -> Any:
    if value is None:
        return None
    if len(members) == 1:
        return _convert(value, members[0])
    classes = [member for member in members if dataclasses.is_dataclass(member)]
    if not classes:
        return value  # text, number or truth value: as it was written, since a config needs its whole numbers whole
    return _convert(value, next(member for member in classes if value["kind"] in get_args(_fields(member)["kind"])))
