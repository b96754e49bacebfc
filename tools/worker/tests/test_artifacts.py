"""Artifacts: the same content is the same file, a broken one is noticed, and a full disk leaves no half file."""

import dataclasses
import json
import subprocess
import sys

import pytest
import torch

from recircuit_worker.artifacts import ArtifactWriter
from recircuit_worker.contract import Producer
from recircuit_worker.errors import Fault, Refusal
from recircuit_worker.versions import versions

PRODUCER = Producer("sweep_heads", "0" * 64, "tiny", "1" * 64, versions())


def write(folder, data=None, **changes):
    data = torch.arange(6.0).reshape(2, 3) if data is None else data
    how = {"axes": ("task", "head"), "unit": "share", "producer": PRODUCER, "labels": {"task": ("a", "b")}}
    kind = changes.pop("kind", "head_effects")
    return ArtifactWriter(folder).write(kind, {"data": data, "more": torch.arange(3)}, **(how | changes))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read(tmp_path):
    ref = write(tmp_path)
    assert (ref.shape, ref.axes, ref.dtype, ref.kind) == ((2, 3), ("task", "head"), "float32", "head_effects")
    artifact = ArtifactWriter(tmp_path).read(ref.sha256, "head_effects", weights_sha256="1" * 64)
    assert torch.equal(artifact.tensors["data"], torch.arange(6.0).reshape(2, 3))
    assert torch.equal(artifact.tensors["more"], torch.arange(3))
    assert artifact.manifest.ref == ref and artifact.manifest.labels == {"task": ("a", "b")}
    assert artifact.manifest.bytes == (tmp_path / f"{ref.sha256}.safetensors").stat().st_size


def test_the_same_content_is_written_once(tmp_path):
    first = write(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    strided = torch.arange(6.0).reshape(2, 3).t().contiguous().t()
    assert write(tmp_path, strided) == first
    other_versions = dataclasses.replace(PRODUCER, versions=dataclasses.replace(versions(), torch="9"))
    assert write(tmp_path, producer=other_versions) == first
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_equal_numbers_of_another_meaning_are_another_artifact(tmp_path):
    changes = [
        {},
        {"kind": "other"},
        {"unit": "nats"},
        {"axes": ("task", "layer")},
        {"labels": None},
        {"producer": dataclasses.replace(PRODUCER, weights_sha256="2" * 64)},
        {"producer": dataclasses.replace(PRODUCER, request_sha256="2" * 64)},
        {"data": torch.arange(6).reshape(2, 3)},
    ]
    assert len({write(tmp_path, **change).sha256 for change in changes}) == len(changes)


def test_bytes_do_not_depend_on_the_process(tmp_path):
    code = (
        "import sys, pathlib; sys.path[:0] = sys.argv[2:]\n"
        "from test_artifacts import write; print(write(pathlib.Path(sys.argv[1])).sha256)"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path), *sys.path]
    assert (
        subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.strip() == write(tmp_path).sha256
    )
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_nan_is_a_fault_and_writes_nothing(tmp_path, number):
    with pytest.raises(Fault, match="1 of 2 numbers of tensor data") as caught:
        write(tmp_path, torch.tensor([1.0, number]), axes=("task",))
    assert caught.value.code == "nan-in-tensor"
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [{"axes": ("task",)}, {"labels": {"task": ("a",)}}, {"data": torch.zeros(2, 3, dtype=torch.bfloat16)}],
)
def test_a_tensor_that_is_badly_described_is_not_written(tmp_path, change):
    with pytest.raises((ValueError, TypeError)):
        write(tmp_path, **change)
    assert names(tmp_path) == []


def test_a_missing_manifest_is_written_again(tmp_path):
    ref = write(tmp_path)
    (tmp_path / f"{ref.sha256}.json").unlink()  # as after a crash between the two files
    assert write(tmp_path) == ref
    assert ArtifactWriter(tmp_path).read(ref.sha256, "head_effects").manifest.ref == ref


@pytest.mark.parametrize("sha256", ["f" * 64, "", "../../etc/passwd", "F" * 64, "f" * 64 + "\n"])
def test_an_unknown_artifact_is_refused(tmp_path, sha256):
    with pytest.raises(Refusal) as caught:
        ArtifactWriter(tmp_path).read(sha256, "head_effects")
    assert caught.value.code == "unknown-artifact"


def test_another_kind_and_another_model_are_refused(tmp_path):
    ref, reader = write(tmp_path), ArtifactWriter(tmp_path)
    with pytest.raises(Refusal, match="it is head_effects, made by sweep_heads") as caught:
        reader.read(ref.sha256, "head_means")
    assert caught.value.code == "wrong-kind"
    with pytest.raises(Refusal, match="measured on tiny") as caught:
        reader.read(ref.sha256, "head_effects", weights_sha256="2" * 64)
    assert caught.value.code == "other-model"


def test_one_changed_byte_is_a_fault(tmp_path):
    ref = write(tmp_path)
    file = tmp_path / f"{ref.sha256}.safetensors"
    content = bytearray(file.read_bytes())
    for at in (0, 20, len(content) - 1):
        changed = content.copy()
        changed[at] ^= 1
        file.write_bytes(changed)
        for attempt in (lambda: ArtifactWriter(tmp_path).read(ref.sha256, "head_effects"), lambda: write(tmp_path)):
            with pytest.raises(Fault) as caught:
                attempt()
            assert caught.value.code == "artifact-mismatch"


@pytest.mark.parametrize(
    "change",
    [
        lambda manifest: manifest["ref"].update(unit="nats"),
        lambda manifest: manifest["labels"].update(task=["b", "a"]),
        lambda manifest: manifest["producer"].update(model="large"),
        lambda manifest: manifest["ref"].update(shape=[3, 2]),
        lambda manifest: manifest.update(bytes=1),
        lambda manifest: manifest.pop("producer"),
    ],
)
def test_a_changed_manifest_is_a_fault(tmp_path, change):
    ref = write(tmp_path)
    file = tmp_path / f"{ref.sha256}.json"
    manifest = json.loads(file.read_text())
    change(manifest)
    file.write_text(json.dumps(manifest))
    with pytest.raises(Fault) as caught:
        ArtifactWriter(tmp_path).read(ref.sha256, "head_effects")
    assert caught.value.code == "artifact-mismatch"


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes")
def test_a_full_disk_leaves_no_half_file(tmp_path):
    code = """
import pathlib, resource, sys
sys.path[:0] = sys.argv[2:]
import torch
from test_artifacts import write
from recircuit_worker.errors import Fault
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    write(pathlib.Path(sys.argv[1]), torch.zeros(2, 50_000))
except Fault as fault:
    print(fault.code)
"""
    arguments = [sys.executable, "-c", code, str(tmp_path), *sys.path]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "disk-full", done.stderr
    assert names(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal) as caught:
        ArtifactWriter(tmp_path / "file" / "artifacts")
    assert caught.value.code == "no-artifacts-folder"
