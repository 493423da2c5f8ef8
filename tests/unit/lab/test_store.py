"""The experiment store: what is stored comes back, once, whoever writes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vliwc.lab.runs.job import Row
from vliwc.lab.runs.store import SCHEMA, Store, StoreError, database_url

ROW = Row(
    key="k" * 32,
    instance="lcg(lanes=8)@O2",
    family="lcg",
    digest="0123456789abcdef",
    operations=17,
    scheduler="list:0.7*slack+successors",
    seed=3,
    budget=None,
    code="0.1.0+abc",
    cycles=12,
    lower_bound=11,
    bound_reason="alu slots: 10.5 cycles of work",
    status="feasible",
    optimum=None,
    scratch_peak=40,
    error="",
    machine="here",
    seconds=0.1 + 0.2,
    statistics={"runs": 3, "share": 1 / 3, "how": "größer"},
    options="-O2",
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite"


@pytest.fixture
def store(place: Path) -> Iterator[Store]:
    with Store.open(place) as opened:
        yield opened


def test_rows_come_back_as_they_were(store: Store, place: Path) -> None:
    other = replace(ROW, key="l" * 32, budget=5, optimum=11, statistics={}, seed=2**62)
    assert store.add("first", ROW) and store.add("first", other)
    assert store.rows("first") == [ROW, other]
    with Store.open(place, create=False) as again:
        assert again.rows("first") == [ROW, other]
        assert again.keys("first") == {ROW.key, other.key}
    assert store.rows("second") == [] and store.keys("second") == set()


words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
numbers = st.integers(-(2**63), 2**63 - 1)
rows = st.builds(
    Row,
    key=st.uuids().map(lambda each: each.hex),
    instance=words,
    family=words,
    digest=words,
    operations=numbers,
    scheduler=words,
    seed=numbers,
    budget=st.none() | numbers,
    code=words,
    cycles=numbers,
    lower_bound=numbers,
    bound_reason=words,
    status=words,
    optimum=st.none() | numbers,
    scratch_peak=numbers,
    error=words,
    machine=words,
    seconds=st.floats(allow_nan=False, allow_infinity=False),
    statistics=st.dictionaries(
        words, words | st.integers() | st.floats(allow_nan=False, allow_infinity=False), max_size=4
    ),
    options=words,
)


@given(rows)
def test_any_row_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, row: Row) -> None:
    with Store.open(tmp_path_factory.mktemp("any") / "store.sqlite") as store:
        assert store.add("x", row)
        assert store.rows("x") == [row]


def test_a_key_is_stored_once(store: Store) -> None:
    assert store.add("x", ROW)
    assert not store.add("x", replace(ROW, cycles=99))
    assert store.rows("x") == [ROW], "the first one stays"
    assert store.add("y", replace(ROW, cycles=99)), "experiments do not share keys"


def test_rows_have_an_order_of_their_own(store: Store) -> None:
    rows = [
        replace(ROW, key=f"{number:032}", instance=instance, scheduler=scheduler, seed=seed)
        for number, (instance, scheduler, seed) in enumerate(
            (i, s, n) for i in "ba" for s in ("random", "list") for n in (2, 10, 1)
        )
    ]
    for row in rows:
        store.add("x", row)
    assert store.rows("x") == sorted(rows, key=lambda r: (r.instance, r.scheduler, r.seed))


def test_experiments(store: Store) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    store.describe("b", "vliwc compare small")
    store.describe("b", "something else")
    store.add("a", ROW)
    found = store.experiments()
    assert [(each.name, each.description, each.rows) for each in found] == [
        ("a", "", 1),
        ("b", "vliwc compare small", 0),
    ]
    assert all(before <= each.created <= datetime.now(UTC) for each in found)
    with pytest.raises(StoreError, match="the experiment's name is empty"):
        store.add("", ROW)


def test_rows_have_the_time_at_which_they_were_stored(store: Store, place: Path) -> None:
    store.add("x", ROW)
    ((text,),) = sqlite3.connect(place).execute("SELECT stored FROM vliwc_rows").fetchall()
    stored = datetime.fromisoformat(text).replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - stored) < timedelta(minutes=10)


WRITER = """
import sys
from dataclasses import replace
from tests.unit.lab.test_store import ROW
from vliwc.lab.runs.store import Store

with Store.open(sys.argv[1]) as store:
    new = sum(store.add("x", replace(ROW, key=f"{n:032}")) for n in range(150))
print(new)
"""


def test_several_processes_write_to_one_new_store(place: Path, repository: Path) -> None:
    """They make it at the same time, and offer the same rows: each is stored once."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(place)],
            cwd=repository,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    outputs = [writer.communicate() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, outputs
    assert sum(int(out) for out, _ in outputs) == 150
    with Store.open(place) as store:
        assert len(store.rows("x")) == 150


def test_several_threads_write_through_one_store(store: Store) -> None:
    rows = [replace(ROW, key=f"{n % 40:032}") for n in range(120)]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda row: store.add("x", row), rows)) == 40


def test_write_ahead_mode(store: Store, place: Path) -> None:
    assert sqlite3.connect(place).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_row_that_cannot_be_stored_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="store.sqlite"):
        store.add("x", replace(ROW, seed=2**64))
    with pytest.raises(StoreError, match="NOT NULL"):
        store.add("x", replace(ROW, status=None))  # not taken for a key that is there
    assert store.rows("x") == []


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", "the store's name is empty"),
        ("sqlite://", "a store in memory would not be kept; name a file"),
        ("nonsense://host/name", "no driver for nonsense"),
        ("://", "not a database URL"),
        ("postgresql://host:no-port/name", "not a database URL"),
        ("/nonexistent/folder/store.sqlite", "unable to open database file"),
        ("/", "unable to open database file"),
    ],
)
def test_places_that_are_no_stores(place: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        Store.open(place)


def test_files_that_are_no_stores(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, but long enough to look at\n" * 100)
    with pytest.raises(StoreError, match="notes.txt: not a store but another file"):
        Store.open(text)
    other = tmp_path / "other.sqlite"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE bookmarks (url)")
    content = other.read_bytes()
    with pytest.raises(StoreError, match=r"something else \(table bookmarks\); name a new file"):
        Store.open(other)
    with pytest.raises(StoreError, match="not a store of vliwc"):
        Store.open(other, create=False)
    assert other.read_bytes() == content, "a file that is no store stays as it is"
    missing = tmp_path / "missing.sqlite"
    with pytest.raises(StoreError, match="there is no such store"):
        Store.open(missing, create=False)
    assert not missing.exists()


def test_a_store_of_another_version_is_refused(store: Store, place: Path) -> None:
    store.add("x", ROW)
    with sqlite3.connect(place) as connection:
        connection.execute("UPDATE vliwc_store SET schema = 99")
    with pytest.raises(StoreError, match=f"version 99; this vliwc reads version {SCHEMA}"):
        Store.open(place)
    with sqlite3.connect(place) as connection:
        connection.execute("DELETE FROM vliwc_store")
    with pytest.raises(StoreError, match="a store of version none"):
        Store.open(place)


def test_urls(tmp_path: Path) -> None:
    place = tmp_path / "store.sqlite"
    with Store.open(f"sqlite:///{place}") as store:
        assert store.name == str(place)
        assert store.url == f"sqlite:///{place}"
    assert database_url("lab/x.db").database == str(Path("lab/x.db").absolute())


def test_passwords_are_not_shown() -> None:
    with pytest.raises(StoreError) as caught:
        Store.open("nonsense://me:secret@host/name")
    assert "secret" not in str(caught.value)
