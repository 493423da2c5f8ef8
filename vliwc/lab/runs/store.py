"""The experiment store: rows of figures in a database, so that nothing is computed twice.

An SQLite file by default, any database that SQLAlchemy knows by its URL.  An SQLite store is in
write-ahead mode: several sweeps may write to one file, on one computer (such files do not work on
network file systems; give the URL of a PostgreSQL server there).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Double,
    Engine,
    ForeignKey,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
)
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    SQLAlchemyError,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from vliwc.lab.runs.job import Row
from vliwc.options import OptionsError

SCHEMA: Final = 1
"""Version of the tables below; a store of another version is refused."""
_MAGIC: Final = b"SQLite format 3\0"
BUSY_SECONDS: Final = 60
"""How long to wait for another process that writes to the same SQLite file."""


class StoreError(OptionsError):
    """A store cannot be used; the message names it and says why."""


class _Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, float: Double, datetime: DateTime(timezone=True)}


class _Store(_Base):
    """One row: what the tables are of."""

    __tablename__ = "vliwc_store"
    schema: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class _Experiment(_Base):
    __tablename__ = "vliwc_experiments"
    name: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[datetime]
    description: Mapped[str]


class _Row(_Base):
    """A :class:`vliwc.lab.runs.job.Row` of an experiment, with the time (UTC) at which it was
    stored."""

    __tablename__ = "vliwc_rows"
    experiment: Mapped[str] = mapped_column(ForeignKey(_Experiment.name), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    instance: Mapped[str]
    family: Mapped[str]
    digest: Mapped[str]
    operations: Mapped[int]
    scheduler: Mapped[str]
    seed: Mapped[int]
    budget: Mapped[int | None]
    code: Mapped[str]
    cycles: Mapped[int]
    lower_bound: Mapped[int]
    bound_reason: Mapped[str]
    status: Mapped[str]
    optimum: Mapped[int | None]
    scratch_peak: Mapped[int]
    error: Mapped[str]
    machine: Mapped[str]
    seconds: Mapped[float]
    statistics: Mapped[dict[str, Any]] = mapped_column(JSON)
    options: Mapped[str]
    stored: Mapped[datetime]


_FIELDS: Final = tuple(field.name for field in fields(Row))


@dataclass(frozen=True)
class Experiment:
    """A named set of rows: when it began (UTC), what made it, and how many rows it has."""

    name: str
    created: datetime
    description: str
    rows: int


class Store:
    """Rows by experiment and key; a key is stored at most once.

    Safe for threads and for several processes that each open it.  Every method raises
    :class:`StoreError` if the database fails.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._known: set[str] = set()
        self.name = name

    @classmethod
    def open(cls, place: str | Path, *, create: bool = True) -> Store:
        """The store at a path (SQLite) or an SQLAlchemy URL.

        Makes a new one where there is none, unless ``create`` is false.  Raises
        :class:`StoreError` for bad URLs, missing drivers, places that cannot be written, databases
        that are something else, and stores of another version.
        """
        url = database_url(place)
        name = url.render_as_string(hide_password=True)
        if url.get_backend_name() == "sqlite":
            name = url.database or ":memory:"
            if name == ":memory:":
                raise StoreError(f"{place}: a store in memory would not be kept; name a file")
            if not create and not Path(name).is_file():
                raise StoreError(f"{name}: there is no such store")
            _require_database(Path(name))
        try:
            engine = _engine(url)
        except (ImportError, NoSuchModuleError) as error:
            raise StoreError(f"{name}: no driver for {url.drivername}: {error}") from error
        store = cls(engine, name)
        try:
            store._prepare(create)
        except BaseException:
            engine.dispose()
            raise
        return store

    @property
    def url(self) -> str:
        """The SQLAlchemy URL, password included."""
        return self._engine.url.render_as_string(hide_password=False)

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def describe(self, experiment: str, description: str) -> None:
        """Make an experiment; one that is there keeps its description."""
        if not experiment:
            raise StoreError("the experiment's name is empty")
        now = datetime.now(UTC)
        values = {"name": experiment, "created": now, "description": description}
        self._insert(_Experiment, values, select(_Experiment.name).filter_by(name=experiment))
        self._known.add(experiment)

    def add(self, experiment: str, row: Row) -> bool:
        """Store a row; false if its key is stored already, and then nothing changes."""
        if experiment not in self._known:
            self.describe(experiment, "")
        values: dict[str, object] = {name: getattr(row, name) for name in _FIELDS}
        values |= {"experiment": experiment, "stored": datetime.now(UTC)}
        there = select(_Row.key).filter_by(experiment=experiment, key=row.key)
        return self._insert(_Row, values, there)

    def rows(self, experiment: str) -> list[Row]:
        """The rows of an experiment by instance, scheduler, seed, budget and key; none if there is
        no such experiment."""
        columns = [getattr(_Row, name) for name in _FIELDS]
        query = select(*columns).where(_Row.experiment == experiment)
        with self._read() as connection:
            rows = [Row(**found) for found in connection.execute(query).mappings()]
        return sorted(rows, key=_order)

    def stored(self, experiment: str) -> list[tuple[datetime, Row]]:
        """The rows of an experiment with the times (UTC) at which they were stored, oldest first;
        rows of one time by key."""
        columns = [getattr(_Row, name) for name in (*_FIELDS, "stored")]
        query = select(*columns).where(_Row.experiment == experiment)
        found: list[tuple[datetime, Row]] = []
        with self._read() as connection:
            for values in connection.execute(query).mappings():
                fields = dict(values)
                found.append((_utc(fields.pop("stored")), Row(**fields)))
        return sorted(found, key=lambda each: (each[0], each[1].key))

    def keys(self, experiment: str) -> set[str]:
        """The keys of an experiment's rows."""
        with self._read() as connection:
            return set(connection.scalars(select(_Row.key).filter_by(experiment=experiment)))

    def experiments(self) -> list[Experiment]:
        """All experiments by name."""
        count = func.count(_Row.key)
        query = (
            select(_Experiment.name, _Experiment.created, _Experiment.description, count)
            .join(_Row, isouter=True)
            .group_by(_Experiment.name, _Experiment.created, _Experiment.description)
            .order_by(_Experiment.name)
        )
        with self._read() as connection:
            return [
                Experiment(name, _utc(created), description, rows)
                for name, created, description, rows in connection.execute(query)
            ]

    def _insert(self, table: type[_Base], values: Mapping[str, object], there: Any) -> bool:
        """Insert in a transaction of its own; false if the row that ``there`` selects exists."""
        with self._errors():
            try:
                with self._engine.begin() as connection:
                    connection.execute(insert(table).values(**values))
                return True
            except IntegrityError:
                with self._engine.connect() as connection:
                    if connection.scalar(there) is None:
                        raise
                return False

    @contextmanager
    def _read(self) -> Generator[Connection]:
        with self._errors(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _errors(self) -> Generator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error, OverflowError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(f"{self.name}: {str(cause).strip()}") from error

    def _prepare(self, create: bool) -> None:
        """Make the tables where there are none, and look whether they are the expected ones."""
        with self._errors():
            tables = set(inspect(self._engine).get_table_names())
            if _Store.__tablename__ not in tables:
                if not create:
                    raise StoreError(f"{self.name}: not a store of vliwc")
                if tables and self._engine.dialect.name == "sqlite":
                    raise StoreError(
                        f"{self.name}: a database of something else (table {min(tables)}); name a "
                        "new file"
                    )
                self._create()
            with self._engine.connect() as connection:
                versions = list(connection.scalars(select(_Store.schema)))
            if versions != [SCHEMA]:
                found = ", ".join(map(str, versions)) or "none"
                raise StoreError(
                    f"{self.name}: a store of version {found}; this vliwc reads version {SCHEMA}, "
                    "name a new store"
                )

    def _create(self) -> None:
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                if self._engine.dialect.name == "sqlite":
                    _write_ahead(self._engine)
                with self._engine.begin() as connection:
                    _Base.metadata.create_all(connection)
                    if connection.scalar(select(_Store.schema)) is None:
                        connection.execute(insert(_Store).values(schema=SCHEMA))
                return
            except (DBAPIError, sqlite3.Error) as error:
                # Another process may be making the same tables; they are there the next time.
                # SQLite does not wait by itself for the change into write-ahead mode.
                made = inspect(self._engine).has_table(_Store.__tablename__)
                busy = made or "locked" in str(error)
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def require_place(place: str | Path) -> None:
    """Refuse what :meth:`Store.open` would refuse, as far as that is known without making a store.

    Raises :class:`StoreError`.
    """
    url = database_url(place)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return
    file = Path(url.database)
    if file.is_file():
        if file.stat().st_size:
            Store.open(place).close()
    elif file.exists():
        raise StoreError(f"{file}: not a file")
    elif not file.parent.is_dir():
        raise StoreError(f"{file}: there is no folder {file.parent}")


def _require_database(file: Path) -> None:
    """Refuse a file that is neither missing, empty nor an SQLite database, before SQLite sees it:
    it would take a file of a few bytes for an empty one, and wait long before refusing others."""
    try:
        if not file.is_file():
            return
        with file.open("rb") as opened:
            start = opened.read(len(_MAGIC))
    except OSError:
        return  # SQLite says what is wrong
    if start and start != _MAGIC:
        raise StoreError(f"{file}: not a store but another file; it is left as it is")


def database_url(place: str | Path) -> URL:
    """The SQLAlchemy URL of a path or URL.  Raises :class:`StoreError`."""
    if isinstance(place, Path) or "://" not in place:
        if not str(place):
            raise StoreError("the store's name is empty")
        return URL.create("sqlite", database=str(Path(place).absolute()))
    try:
        return make_url(place)
    except (ArgumentError, ValueError) as error:
        raise StoreError(f"{place}: not a database URL: {error}") from None


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    def connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # `begun` begins transactions, of tables too
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=NORMAL")

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
    return engine


def _write_ahead(engine: Engine) -> None:
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()


def _order(row: Row) -> tuple[str, str, int, int, str]:
    return (row.instance, row.scheduler, row.seed, row.budget or 0, row.key)


def _utc(time: datetime) -> datetime:
    """The time with its zone; SQLite keeps none."""
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
