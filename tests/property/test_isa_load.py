"""The loader refuses with `LoadError` alone, and reads what is within its limits as Python does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isa import load
from isa.load import LoadError, parse_integer, parse_json, parse_toml, read_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=30,
)
NEAR_JSON = st.text(alphabet='[]{}":,0123456789-+.eE\\ntfu \n', max_size=200)
NEAR_TOML = st.text(alphabet="[]{}\"'=.,0123456789-_abx#\\ \n", max_size=200)
DEEP = 100_000


@given(VALUES)
def test_json_is_read_as_python_does(value: object) -> None:
    text = json.dumps(value)
    assert parse_json(text) == value
    assert parse_json(("\ufeff" + text).encode()) == value


@given(NEAR_JSON | st.binary(max_size=100))
def test_any_text_is_json_or_a_load_error(text: str | bytes) -> None:
    try:
        parse_json(text)
    except LoadError as error:
        assert len(str(error)) < 300


@given(NEAR_TOML)
def test_any_text_is_toml_or_a_load_error(text: str) -> None:
    try:
        parse_toml(text)
    except LoadError as error:
        assert len(str(error)) < 300


@given(st.text(alphabet="0123456789abcdefxobXOB_+- ", max_size=30) | st.text(max_size=10))
def test_integers_are_read_as_python_does(text: str) -> None:
    try:
        value = parse_integer(text)
    except LoadError as error:
        assert len(str(error)) < 100
    else:
        assert value == (int(text, 0) if any(c.isalpha() for c in text) else int(text))


@given(st.integers(), st.integers(-5, 5), st.integers(-5, 5))
def test_integers_lie_within_their_bounds(value: int, low: int, high: int) -> None:
    if low <= value <= high:
        assert parse_integer(str(value), low, high) == value
    else:
        with pytest.raises(LoadError):
            parse_integer(str(value), low, high)


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP,
        "[" * 101 + "]" * 101,
        '{"a":' * DEEP,
        "1" * 6000,
        "[" + "7" * 1301 + "]",
        '["' + '\\"' * DEEP,
        "[[" * 60 + '"]"' + '"[' * DEEP,
        "\ud800",
    ],
    ids=len,
)
def test_what_is_too_deep_or_too_long_is_refused(text: str) -> None:
    with pytest.raises(LoadError):
        parse_json(text)
    for before in ("", "b = '\"'\n"):
        with pytest.raises(LoadError):
            parse_toml(f"{before}a = {text}")


def test_texts_are_neither_deep_nor_integers() -> None:
    value = ["[" * 1000, '"[' * 1000, "\\[" * 1000, "9" * 6000, 'a"' + "9" * 6000]
    assert parse_json(json.dumps(value)) == value
    assert parse_json("[" * 100 + "]" * 100)


def test_dotted_keys_are_deep_too() -> None:
    assert parse_toml(".".join("a" * 50) + " = 1")
    with pytest.raises(LoadError, match="deep"):
        parse_toml(".".join("a" * 150) + " = 1")


def test_files_are_bounded_and_may_have_a_mark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo")
    assert read_text(file) == "one\ntwo"
    file.write_bytes(b"\xff")
    with pytest.raises(LoadError, match="not a text file"):
        read_text(file)
    monkeypatch.setattr(load, "MAX_BYTES", 100)
    file.write_bytes(b"x" * 101)
    with pytest.raises(LoadError, match="more than 100 bytes"):
        read_text(file)
    for path in (tmp_path / "missing", tmp_path, Path("a\0b")):
        with pytest.raises(LoadError, match="cannot be read"):
            read_text(path)
