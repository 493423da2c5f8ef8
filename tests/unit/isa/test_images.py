"""Memory images in files: what is written is read back; nothing else is let in."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa.arrays import ArrayPlace
from isa.errors import MemoryImageError
from isa.images import image_bytes, read_image, read_words

PLACES = [ArrayPlace("x", 0, (2, 2), "in"), ArrayPlace("y", 5, (1,), "out")]
WORDS = [1, 2, 3, 2**32 - 1, 0, 7]


def npy(array: object) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.asarray(array), allow_pickle=True)
    return stream.getvalue()


@given(st.lists(st.integers(0, 2**32 - 1), max_size=20), st.sampled_from([".json", ".npy"]))
def test_round_trip(words: list[int], ending: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"image{ending}"
        path.write_bytes(image_bytes(path, words, None))
        assert read_image(path) == words


def test_arrays_by_name(tmp_path: Path) -> None:
    path = tmp_path / "image.npz"
    path.write_bytes(image_bytes(path, WORDS, PLACES))
    assert read_image(path, PLACES) == WORDS
    with np.load(path) as found:
        assert found["x"].tolist() == [[1, 2], [3, 2**32 - 1]] and found["x"].dtype == np.uint32
    assert image_bytes(path, WORDS, PLACES) == path.read_bytes()
    np.savez(path, x=np.array([[9, 8], [7, 6]]))
    assert read_image(path, PLACES) == [9, 8, 7, 6, 0, 0]


def test_one_array(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(npy(np.arange(6).reshape(2, 3)))
    assert read_words(path).tolist() == [[0, 1, 2], [3, 4, 5]]
    path.write_text("[4, 5]")
    assert read_words(path).tolist() == [4, 5]


def archive(**members: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(f"{name}.npy", data)
    return stream.getvalue()


SHORT = npy(np.arange(4, dtype=np.uint32))[:-4]
HUGE = npy(np.arange(4, dtype=np.uint32)).replace(b"(4,), }      ", b"(4000000000,)")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{}", "a memory image is a JSON list of words"),
        (b"[1, -1]", "word 1 is -1, not an integer"),
        (b"[1, true]", "word 1 is true"),
        (b"[", "not valid JSON"),
        (b"\xff", "not valid JSON|not a text file"),
        (npy([[1, 2]]), "an image is one row of words"),
        (npy([0.5]), "elements of type float64"),
        (npy([-3]), "holds -3"),
        (npy(np.array([{}], dtype=object)), "not the numbers that its head announces"),
        (SHORT, "not the numbers that its head announces"),
        (HUGE, "no array of NumPy's|not the numbers"),
        (b"\x93NUMPY\x09\x09", "no array of NumPy's"),
        (b"PK\x03\x04", "no archive of arrays"),
        (archive(y=npy([1])), "it has no words for x"),
        (archive(x=npy([1])), r"array x has shape \(1,\); the kernel's has shape \(2, 2\)"),
        (archive(x=npy([[1, 2], [3, 4]]), z=npy([1])), "there is no array 'z'"),
        (archive(x=b"no array"), "no array of NumPy's"),
        (archive(x=bytes(1 << 29)), "unpacks to more than"),
    ],
)
def test_what_is_no_image(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "image"
    path.write_bytes(data)
    with pytest.raises(MemoryImageError, match=message) as caught:
        read_image(path, PLACES)
    assert str(caught.value).startswith(f"{path}: ")


def test_arrays_by_name_need_names(tmp_path: Path) -> None:
    path = tmp_path / "image.npz"
    with pytest.raises(MemoryImageError, match="does not name its arrays; write .npy or .json"):
        image_bytes(path, WORDS, None)
    path.write_bytes(archive(x=npy([1])))
    with pytest.raises(MemoryImageError, match="for a program that names its arrays"):
        read_image(path)
    with pytest.raises(MemoryImageError, match="missing.json: cannot be read"):
        read_image(tmp_path / "missing.json")
    assert json.loads(image_bytes("x.json", [1, 2], None)) == [1, 2]
