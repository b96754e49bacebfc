"""Whether a model folder may be opened: safetensors and JSON only, nothing that runs, nothing outside the folder.

Everything here happens before any library sees the folder; files are read as data. Whether the model is any good
(shapes, NaN, heads) is found out at load, in `models/`.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recircuit_worker.errors import Refusal
from recircuit_worker.header import check_header
from recircuit_worker.hub import hub_snapshot

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
MAX_JSON_BYTES = 64 * 1024 * 1024  # the largest tokenizers have about 35 MB
TOKENIZERS = ("tokenizer.json", "tokenizer.model", "spiece.model", "vocab.json", "vocab.txt")

_NO_CODE = "a model is data here, and this would run code while it is loaded"
FORBIDDEN: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    (
        "pickle-weights",
        (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npz", ".ot", ".t7"),
        "pickles can run code, and beside safetensors a library may choose them in silence",
        "use a folder that holds the safetensors and JSON files only",
    ),
    ("remote-code", (".py", ".pyc", ".so"), _NO_CODE, "use a model whose code ships with transformers"),
    (
        "archive",
        (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".nemo", ".mar"),
        "archives are never unpacked here, since their names can point anywhere",
        "unpack it yourself and use a folder that holds the safetensors and JSON files only",
    ),
)
"""(code, endings of file names, why, instead)"""
OTHER_FORMATS = (".gguf", ".h5", ".msgpack", ".onnx", ".tflite")
"""never read; beside safetensors they do no harm"""


@dataclass(frozen=True)
class CheckedFolder:
    """A folder that passed. Load it with `use_safetensors=True, trust_remote_code=False, local_files_only=True`."""

    folder: Path
    weights: tuple[Path, ...]
    """sorted by name"""
    config: dict[str, Any]


def locate(folder: str | None, repository: str | None, revision: str | None) -> CheckedFolder:
    """Returns the checked folder that an OpenRequest names: a local one, or the hub cache's at a revision."""
    if (folder is None) == (repository is None):
        raise Refusal(
            "no-place" if folder is None else "two-places",
            what="a model was to be opened",
            why="a model is in a local folder or in a repository, and exactly one must be named",
            instead="give `folder`, or `repository` with `revision`, and null for the other",
        )
    if folder is not None:
        return check_folder(Path(folder))
    return check_folder(hub_snapshot(str(repository), revision))


def check_folder(path: Path) -> CheckedFolder:
    """Returns what may be loaded of a folder.

    Raises:
        Refusal: `no-folder`, `pickle-weights`, `remote-code`, `archive`, `adapter-folder`, `not-a-file`,
            `outside-folder`, `no-config`, `no-tokenizer`, `no-weights`, `other-format`, `bad-json`, `bad-index`,
            `truncated-weights`, `oversized-header` or `bad-header`.
    """
    folder = path.absolute()
    if not folder.is_dir():
        raise _refused("no-folder", folder, "there is no such folder", "name the folder that holds config.json")
    names = sorted(entry.name for entry in folder.iterdir() if not entry.is_dir())
    _check_names(folder, names)
    for name in names:
        _check_stays_inside(folder, name)
    config = _check_configs(folder, names)
    if not any(name in names for name in TOKENIZERS):
        raise _refused(
            "no-tokenizer", folder, "it has no tokenizer.json or other vocabulary", "save its tokenizer there"
        )
    return CheckedFolder(folder, _check_weights(folder, names), config)


def weights_sha256(files: Sequence[Path]) -> str:
    """Returns the sha256 of one file, or of the lines `<name> <sha256>\\n` of several, ordered by name."""
    hashes = {file.name: _file_sha256(file) for file in files}
    if len(hashes) == 1:
        return next(iter(hashes.values()))
    return hashlib.sha256("".join(f"{name} {hashes[name]}\n" for name in sorted(hashes)).encode()).hexdigest()


def _file_sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(1 << 22):
            digest.update(chunk)
    return digest.hexdigest()


def _check_names(folder: Path, names: list[str]) -> None:
    # Folders inside are not looked at: nothing ever reads them.
    for code, endings, why, instead in FORBIDDEN:
        for name in names:
            if name.lower().endswith(endings):
                raise _refused(code, folder, f"it holds {name}: {why}", instead)
    if "adapter_config.json" in names:
        raise _refused(
            "adapter-folder",
            folder,
            "it holds adapter_config.json, which would pull in another model by name",
            "merge the adapter into its model and save that",
        )


def _check_stays_inside(folder: Path, name: str) -> None:
    """A link may lead to the hub cache's blobs of the same repository, and nowhere else outside the folder."""
    if not (folder / name).is_file():
        why = f"{name} is no plain file, or a link to nothing"
        raise _refused("not-a-file", folder, why, "fetch the file again, or take it out of the folder")
    target, home = (folder / name).resolve(), folder.resolve()
    blobs = home.parent.parent / "blobs" if home.parent.name == "snapshots" else None
    if target.is_relative_to(home) or (blobs is not None and target.parent == blobs):
        return
    raise _refused(
        "outside-folder",
        folder,
        f"{name} is a link to a file outside of it",
        "copy the file itself into the folder",
    )


def _check_configs(folder: Path, names: list[str]) -> dict[str, Any]:
    """Returns config.json, after it and the other configs were searched for code that they would fetch."""
    if "config.json" not in names:
        raise _refused("no-config", folder, "it has no config.json", "name the folder that holds the model itself")
    for name in names:
        if name.endswith("config.json"):
            for key, value in _pairs(_read_json(folder, name)):
                if key in ("auto_map", "custom_pipelines") or (
                    key.endswith("attn_implementation") and "/" in str(value)
                ):
                    why = f"{name} has {key}: {_NO_CODE}"
                    raise _refused("remote-code", folder, why, "use a model whose code ships with transformers")
    config = _read_json(folder, "config.json")
    if "transformers_weights" in config:
        why = "its config.json chooses a weights file by itself (transformers_weights)"
        raise _refused("outside-folder", folder, why, f"name the weights {SINGLE} and take the entry out")
    return config


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _pairs(item)


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    file = folder / name
    if file.stat().st_size > MAX_JSON_BYTES:
        raise _refused("bad-json", folder, f"{name} is over {MAX_JSON_BYTES} bytes", "fetch it again from its source")
    try:
        value = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _refused("bad-json", folder, f"{name} is not JSON ({error})", "fetch it again from its source") from error
    if not isinstance(value, dict):
        raise _refused("bad-json", folder, f"{name} is no JSON object", "fetch it again from its source")
    return value


def _check_weights(folder: Path, names: list[str]) -> tuple[Path, ...]:
    if SINGLE in names:  # as transformers chooses: one file before an index
        check_header(folder / SINGLE)
        return (folder / SINGLE,)
    if INDEX in names:
        return _check_shards(folder, names)
    others = [name for name in names if name.lower().endswith(OTHER_FORMATS)]
    if others:
        why = f"its weights are {others[0]}, and only safetensors are read"
        raise _refused("other-format", folder, why, "convert them with the model's own tools, or fetch the safetensors")
    raise _refused("no-weights", folder, f"it has neither {SINGLE} nor {INDEX}", "fetch the safetensors of the model")


def _check_shards(folder: Path, names: list[str]) -> tuple[Path, ...]:
    """Returns the shards of an index: plain names, each there, each holding what the index says."""
    again = "fetch the index and all its shards again"
    places = _read_json(folder, INDEX).get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(place, str) for place in places.values()):
        raise _refused("bad-index", folder, f"{INDEX} has no weight_map from tensors to files", again)
    shards = sorted(set(places.values()))
    for shard in shards:
        if Path(shard).name != shard or "\\" in shard or not shard.endswith(".safetensors"):
            raise _refused("bad-index", folder, f"{INDEX} names {shard!r}, which is no plain safetensors name", again)
        if shard not in names:
            raise _refused("no-weights", folder, f"the shard {shard} is missing", again)
        missing = {tensor for tensor, place in places.items() if place == shard} - check_header(folder / shard)
        if missing:
            raise _refused("bad-index", folder, f"{shard} lacks the tensor {min(missing)!r} of the index", again)
    return tuple(folder / shard for shard in shards)


def _refused(code: str, folder: Path, why: str, instead: str) -> Refusal:
    return Refusal(code, what=f"the model folder {folder.name} was to be opened", why=why, instead=instead)
