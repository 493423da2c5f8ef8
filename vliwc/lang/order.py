"""Program order of memory operations, as order edges of the lane IR.

A load comes after the last store to its array, a store after the last store and the loads since.
Different arrays never alias. What lies further back is implied by these edges.
"""

from __future__ import annotations

from vliwc.ir.value import Value


class MemoryOrder:
    """For every array, the operations that the next one has to follow."""

    def __init__(self) -> None:
        self._store: dict[str, Value] = {}
        self._loads: dict[str, dict[Value, None]] = {}

    def before_load(self, array: str) -> tuple[Value, ...]:
        """What a load of `array` has to follow."""
        return (self._store[array],) if array in self._store else ()

    def before_store(self, array: str) -> tuple[Value, ...]:
        """What a store to `array` has to follow."""
        return (*self.before_load(array), *self._loads.get(array, ()))

    def loaded(self, array: str, load: Value) -> None:
        """`load` is the next operation on `array`."""
        self._loads.setdefault(array, {})[load] = None

    def stored(self, array: str, store: Value) -> None:
        """`store` is the next operation on `array`."""
        self._store[array] = store
        self._loads[array] = {}
