"""The store of compilations: found again by all that they depend on, never an obstacle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path

import pytest

from isa.machine import DEFAULT_MACHINE
from vliwc.cache import compilations
from vliwc.cache.compilations import Compilations, cache_folder, compile_cached, key_of
from vliwc.diagnostics import KernelError
from vliwc.driver import Compilation, compile_file
from vliwc.lang import load_kernel
from vliwc.options import Options

TEXT = b"""kernel affine(n) {
  memory { x: u32[n] in at 0; y: u32[n] out at n; }
  parallel for i in 0 .. n { y[i] = 3 * x[i] + 1; }
}
"""
OTHER = {
    "level": 1,
    "scheduler": "ilp",
    "machine": replace(DEFAULT_MACHINE, scratch_words=1024),
    "seed": 1,
    "budget": 7,
    "max_operations": 1000,
    "max_bundles": 1000,
    "guard": True,
    "without": ("dce",),
}
"""Another value of every option that changes what comes out."""
NOT_KEPT = {"verify": True, "hint": Path("before.json")}


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VLIWC_CACHE_DIR", str(tmp_path / "kept"))
    path = tmp_path / "affine.vk"
    path.write_bytes(TEXT)
    return path


def counted(path: Path, options: Options) -> tuple[Callable[[], Compilation], list[int]]:
    calls: list[int] = []

    def compile_new() -> Compilation:
        calls.append(1)
        return compile_file(path, {"n": 20}, options)

    return compile_new, calls


def test_the_second_time_it_is_there(kernel: Path) -> None:
    options = Options(level=1)
    compile_new, calls = counted(kernel, options)
    first = compile_cached(load_kernel(kernel, {"n": 20}), options, compile_new)
    second = compile_cached(load_kernel(kernel, {"n": 20}), options, compile_new)
    assert calls == [1]
    assert (first.from_cache, second.from_cache) == (False, True)
    assert second.program == first.program
    assert second.to_json() == {**first.to_json(), "from_cache": True}


def test_every_option_counts() -> None:
    assert {field.name for field in fields(Options)} == {*OTHER, *NOT_KEPT}
    plain = Options()
    keys = [key_of(TEXT, "a.vk", {"n": 1}, plain)]
    keys += [key_of(TEXT, "a.vk", {"n": 1}, replace(plain, **{k: v})) for k, v in OTHER.items()]
    keys.append(key_of(TEXT + b"\n", "a.vk", {"n": 1}, plain))
    keys.append(key_of(TEXT, "b.vk", {"n": 1}, plain))
    keys.append(key_of(TEXT, "a.vk", {"n": 2}, plain))
    assert None not in keys and len(set(keys)) == len(keys)
    assert key_of(TEXT, "a.vk", {"a": 1, "n": 1}, plain) == key_of(
        TEXT, "a.vk", {"n": 1, "a": 1}, plain
    )
    for name, value in NOT_KEPT.items():
        assert key_of(TEXT, "a.vk", {"n": 1}, replace(plain, **{name: value})) is None
    assert key_of(TEXT, "a.vk", {"n": 1}, replace(plain, scheduler="somebodys")) is None


def test_other_code_has_other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key_of(TEXT, "a.vk", {}, Options())
    monkeypatch.setattr(compilations, "code_version", lambda: "0.1.0+other")
    assert key_of(TEXT, "a.vk", {}, Options()) != before


def test_an_entry_that_cannot_be_read_is_made_anew(kernel: Path) -> None:
    options = Options(level=1)
    compile_new, calls = counted(kernel, options)
    compile_cached(load_kernel(kernel, {"n": 20}), options, compile_new)
    key = key_of(TEXT, str(kernel), {"n": 20}, options)
    assert key is not None
    kept = Compilations(cache_folder())
    with kept._open() as store:
        store.set(key, b"not a pickle")
    assert not compile_cached(load_kernel(kernel, {"n": 20}), options, compile_new).from_cache
    assert compile_cached(load_kernel(kernel, {"n": 20}), options, compile_new).from_cache
    assert len(calls) == 2


def test_a_folder_that_cannot_be_used_does_not_matter(
    kernel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VLIWC_CACHE_DIR", str(kernel))  # a file
    options = Options(level=1)
    compile_new, calls = counted(kernel, options)
    for _ in range(2):
        assert not compile_cached(load_kernel(kernel, {"n": 20}), options, compile_new).from_cache
    assert len(calls) == 2 and kernel.read_bytes() == TEXT


def test_errors_are_not_kept(kernel: Path) -> None:
    for _ in range(2):
        with pytest.raises(KernelError, match="E0"):
            compile_cached(
                load_kernel(kernel, {"n": 20}),
                Options(),
                lambda: compile_file(kernel, {}, Options()),
            )
    assert not cache_folder().exists()


def test_the_text_that_was_read_counts(kernel: Path) -> None:
    """A file that changes while it is compiled is not kept under what stands there by then."""
    options = Options(level=1)
    checked = load_kernel(kernel, {"n": 20})
    compile_new, calls = counted(kernel, options)
    kernel.write_bytes(TEXT.replace(b"+ 1", b"+ 2"))
    compile_cached(checked, options, compile_new)
    assert not compile_cached(load_kernel(kernel, {"n": 20}), options, compile_new).from_cache
    assert len(calls) == 2


def test_the_users_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("VLIWC_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "compilations"
    assert "vliwc" in cache_folder().parts
