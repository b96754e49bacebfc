"""Model folders: everything unsafe, broken or incomplete is refused by name, before a library opens a file."""

import hashlib
import json
import os
import pickle  # noqa: TID251 (writes the bomb that must never go off)
import struct
import subprocess
import sys
import tarfile

import pytest

from recircuit_worker.errors import Refusal
from recircuit_worker.files import check_folder, locate, weights_sha256
from recircuit_worker.hub import cache_folder, hub_snapshot

REVISION = "0123456789abcdef0123456789abcdef01234567"


def tensors_file(names=("weight",), **changes):
    """Bytes of a safetensors file with two float32 numbers a tensor, written by hand so that it can be wrong."""
    header = {
        name: {"dtype": "F32", "shape": [2], "data_offsets": [8 * at, 8 * at + 8]} for at, name in enumerate(names)
    }
    header[names[0]] |= changes
    text = json.dumps({"__metadata__": {"format": "pt"}} | header).encode()
    return struct.pack("<Q", len(text)) + text + b"\0" * 8 * len(names)


def fill(folder, **files):
    """Writes a whole model folder; None leaves a file out."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"config.json": b'{"model_type":"llama"}', "tokenizer.json": b"{}", "model.safetensors": tensors_file()}
    for name, content in (whole | files).items():
        if content is not None:
            (folder / name).write_bytes(content)
    return folder


def code_of(call, *arguments):
    with pytest.raises(Refusal) as caught:
        call(*arguments)
    refusal = caught.value
    assert refusal.what and refusal.why and refusal.instead and "\n" not in str(refusal)
    return refusal.code


def sharded(folder, places, shards):
    index = json.dumps({"metadata": {}, "weight_map": places}).encode()
    return fill(folder, **{"model.safetensors": None, "model.safetensors.index.json": index}, **shards)


def test_a_sound_folder_passes(tmp_path):
    fill(tmp_path, **{"README.md": b"# model", "tf_model.h5": b"x", "model.gguf": b"GGUF"})
    (tmp_path / "original").mkdir()
    checked = check_folder(tmp_path)
    assert checked.config == {"model_type": "llama"}
    assert [file.name for file in checked.weights] == ["model.safetensors"]
    assert weights_sha256(checked.weights) == hashlib.sha256(tensors_file()).hexdigest()


def test_a_file_written_by_the_library_passes(tmp_path):
    import torch
    from safetensors.torch import save

    tensors = {
        "b": torch.ones(3, dtype=torch.bfloat16),
        "a": torch.zeros(2, 0),
        "c": torch.ones(()),
        "d": torch.ones(5),
    }
    fill(tmp_path, **{"model.safetensors": save(tensors, metadata={"format": "pt"})})
    check_folder(tmp_path)


def test_shards_pass_and_their_hash_does_not_depend_on_order(tmp_path):
    places = {"one": "model-00001-of-00002.safetensors", "two": "model-00002-of-00002.safetensors"}
    shards = {places["one"]: tensors_file(["one"]), places["two"]: tensors_file(["two"])}
    files = check_folder(sharded(tmp_path, places, shards)).weights
    assert [file.name for file in files] == sorted(shards)
    lines = "".join(f"{name} {hashlib.sha256(shards[name]).hexdigest()}\n" for name in sorted(shards))
    assert weights_sha256(files) == weights_sha256(files[::-1]) == hashlib.sha256(lines.encode()).hexdigest()


class Bomb:
    def __reduce__(self):
        return (os.system, ("touch exploded",))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.PT", "consolidated.00.pth", "a.ckpt", "a.pkl"])
@pytest.mark.parametrize("beside", [True, False])
def test_pickles_are_refused_beside_safetensors_too(tmp_path, monkeypatch, name, beside):
    monkeypatch.chdir(tmp_path)
    weights = {} if beside else {"model.safetensors": None}
    fill(tmp_path / "model", **{name: pickle.dumps(Bomb())}, **weights)
    assert code_of(check_folder, tmp_path / "model") == "pickle-weights"
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "files",
    [
        {"modeling_own.py": b"raise SystemExit"},
        {"config.json": b'{"auto_map":{"AutoModel":"modeling_own.Own"}}'},
        {"config.json": b'{"text_config":{"auto_map":{"AutoModel":"x/y--modeling.Own"}}}'},
        {"tokenizer_config.json": b'{"auto_map":{"AutoTokenizer":["t.Own",null]}}'},
        {"processor_config.json": b'{"auto_map":{}}'},
        {"config.json": b'{"_attn_implementation":"someone/kernel"}'},
    ],
)
def test_code_that_comes_with_a_model_is_refused(tmp_path, files):
    assert code_of(check_folder, fill(tmp_path, **files)) == "remote-code"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "truncated-weights"),
        (b"\x10\0\0", "truncated-weights"),
        (tensors_file()[:40], "truncated-weights"),
        (tensors_file()[:-1], "truncated-weights"),
        (struct.pack("<Q", 2**63) + b"{}", "oversized-header"),
        (struct.pack("<Q", 100_000_001) + b"{}", "oversized-header"),
        (struct.pack("<Q", 1000) + b"{}", "truncated-weights"),
        (struct.pack("<Q", 2) + b"[]", "bad-header"),
        (struct.pack("<Q", 2) + b"{x", "bad-header"),
        (struct.pack("<Q", 9000) + b"[" * 9000, "bad-header"),
        (struct.pack("<Q", 15) + b'{"a":{},"a":{}}', "bad-header"),
        (tensors_file() + b"more", "bad-header"),
        (tensors_file(data_offsets=[0, 800], shape=[200]), "truncated-weights"),
        (tensors_file(data_offsets=[8, 16]), "bad-header"),
        (tensors_file(data_offsets=[-8, 0]), "bad-header"),
        (tensors_file(data_offsets=[8, 0]), "bad-header"),
        (tensors_file(data_offsets=[0]), "bad-header"),
        (tensors_file(data_offsets=[0, 8.0]), "bad-header"),
        (tensors_file(shape=[3]), "bad-header"),
        (tensors_file(shape=[-1, -2]), "bad-header"),
        (tensors_file(shape="2"), "bad-header"),
        (tensors_file(dtype="F33"), "bad-header"),
        (tensors_file(dtype=["F32"]), "bad-header"),
        (tensors_file(["a", "b"], data_offsets=[4, 12]), "bad-header"),
    ],
)
def test_a_broken_weights_file_is_refused(tmp_path, content, code):
    assert code_of(check_folder, fill(tmp_path, **{"model.safetensors": content})) == code


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"config.json": None}, "no-config"),
        ({"tokenizer.json": None}, "no-tokenizer"),
        ({"model.safetensors": None}, "no-weights"),
        ({"model.safetensors": None, "model.gguf": b"GGUF"}, "other-format"),
        ({"model.safetensors": None, "tf_model.h5": b"x"}, "other-format"),
        ({"config.json": b"{"}, "bad-json"),
        ({"config.json": b"[]"}, "bad-json"),
        ({"config.json": b"[" * 100_000}, "bad-json"),
        ({"tokenizer_config.json": b"\xff"}, "bad-json"),
        ({"adapter_config.json": b"{}"}, "adapter-folder"),
        ({"weights.zip": b"PK"}, "archive"),
        ({"config.json": b'{"transformers_weights":"../other.safetensors"}'}, "outside-folder"),
    ],
)
def test_an_incomplete_or_odd_folder_is_refused(tmp_path, files, code):
    assert code_of(check_folder, fill(tmp_path, **files)) == code


def test_what_is_no_folder_is_refused(tmp_path):
    assert code_of(check_folder, tmp_path / "nowhere") == "no-folder"
    with tarfile.open(tmp_path / "model.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("../escaped"))
    assert code_of(check_folder, tmp_path / "model.tar") == "no-folder"
    assert not (tmp_path.parent / "escaped").exists()


@pytest.mark.parametrize(
    ("places", "code"),
    [
        ({}, "bad-index"),
        ([], "bad-index"),
        ({"one": 1}, "bad-index"),
        ({"one": "../model.safetensors"}, "bad-index"),
        ({"one": "/etc/passwd"}, "bad-index"),
        ({"one": "sub/model.safetensors"}, "bad-index"),
        ({"one": "..\\model.safetensors"}, "bad-index"),
        ({"one": "pytorch_model.bin"}, "bad-index"),
        ({"one": "gone.safetensors"}, "no-weights"),
        ({"other": "a.safetensors"}, "bad-index"),
    ],
)
def test_a_bad_index_is_refused(tmp_path, places, code):
    assert code_of(check_folder, sharded(tmp_path, places, {"a.safetensors": tensors_file(["one"])})) == code


def test_a_link_may_stay_inside_or_lead_to_the_blobs_of_its_repository(tmp_path):
    inside = fill(tmp_path / "inside", **{"model.safetensors": None, "kept.safetensors": tensors_file()})
    (inside / "model.safetensors").symlink_to("kept.safetensors")
    check_folder(inside)
    repository = tmp_path / "hub" / "models--own--tiny"
    snapshot = fill(repository / "snapshots" / REVISION, **{"model.safetensors": None})
    (repository / "blobs").mkdir()
    (repository / "blobs" / "b10b").write_bytes(tensors_file())
    (snapshot / "model.safetensors").symlink_to("../../blobs/b10b")
    check_folder(snapshot)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "special.json"])
def test_a_link_out_of_the_folder_is_refused(tmp_path, name):
    fill(tmp_path / "model", **{name: None})
    (tmp_path / "secret").write_bytes(tensors_file())
    (tmp_path / "model" / name).symlink_to("../secret")
    assert code_of(check_folder, tmp_path / "model") == "outside-folder"
    (tmp_path / "secret").unlink()
    assert code_of(check_folder, tmp_path / "model") == "not-a-file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_does_not_hang_the_check(tmp_path):
    fill(tmp_path, **{"model.safetensors": None})
    os.mkfifo(tmp_path / "model.safetensors")
    assert code_of(check_folder, tmp_path) == "not-a-file"


def test_the_hub_cache_is_found_and_nothing_is_downloaded(tmp_path, monkeypatch):
    monkeypatch.delenv("RECIRCUIT_ALLOW_DOWNLOAD", raising=False)
    monkeypatch.delenv("HUGGINGFACE_HUB_CACHE", raising=False)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "other"))
    snapshot = fill(tmp_path / "other" / "models--own--tiny" / "snapshots" / REVISION)
    assert hub_snapshot("own/tiny", REVISION) == snapshot
    assert locate(None, "own/tiny", REVISION).folder == snapshot
    assert code_of(hub_snapshot, "own/tiny", REVISION[::-1]) == "not-in-cache"


@pytest.mark.parametrize("revision", [None, "main", "v1.0", REVISION[:39], REVISION.upper(), f"{REVISION}\n"])
def test_a_revision_that_can_move_is_refused(revision):
    assert code_of(hub_snapshot, "own/tiny", revision) == "not-pinned"


@pytest.mark.parametrize("repository", ["tiny", "a/b/c", "../../etc", "own/..", "/tiny", "own/ti ny", "-/..", ""])
def test_a_repository_name_is_no_path(repository):
    assert code_of(hub_snapshot, repository, REVISION) == "bad-repository"


def test_one_place_must_be_named():
    assert code_of(locate, None, None, None) == "no-place"
    assert code_of(locate, "/folder", "own/tiny", REVISION) == "two-places"


def test_the_check_needs_no_library_that_could_open_a_model():
    code = "import sys, recircuit_worker.files; print({'torch', 'transformers', 'safetensors'} & set(sys.modules))"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == "set()"
