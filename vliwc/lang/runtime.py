"""The world a kernel runs in: memory with bounds, definedness and race checks.

Words of `out` and `scratch` arrays are undefined until the kernel writes them (the compiler may use
them as working memory). Iterations of a parallel loop must be independent: a word that one
iteration writes may be neither read nor written by another one of the same loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from vliwc.diagnostics import Diagnostic, Span
from vliwc.ir.graph import Array, Role
from vliwc.ir.value import MASK
from vliwc.lang.binding import CheckedKernel
from vliwc.lang.faults import EvaluationError, Site, fault, iteration
from vliwc.lang.static import misplaced

Iteration = tuple[int, ...]
"""The values of the counters of a parallel loop."""

_MANY: Iteration = ()
"""In place of an iteration: the word was read by several."""


class Runtime:
    """One run over `words`, which is changed in place. `sites` are those of the translation."""

    def __init__(self, kernel: CheckedKernel, words: list[int], sites: Sequence[Site]) -> None:
        self.kernel = kernel
        self.words = words
        self.sites = sites
        self.undefined: set[int] = set()
        for array in kernel.arrays.values():
            if array.role in (Role.OUT, Role.SCRATCH):
                self.undefined.update(range(array.base, array.end))
        self.counters: tuple[str, ...] = ()
        self.current: Iteration | None = None
        self.writers: dict[int, Iteration] = {}
        self.readers: dict[int, Iteration] = {}

    def namespace(self) -> dict[str, object]:
        """The names that generated code refers to."""
        names: dict[str, object] = {
            "enter": self.enter,
            "element": self.element,
            "leave": self.leave,
            "violated": self.violated,
            "divide": self.divide,
            "modulo": self.modulo,
            "shift_left": shift_left,
            "rotl": rotate_left,
            "rotr": rotate_right,
        }
        for array in self.kernel.arrays.values():
            load, store = self.loader(array), self.storer(array)
            if array.shape:
                load, store = self.rows_loader(array, load), self.rows_storer(array, store)
            names[f"load_{array.name}"], names[f"store_{array.name}"] = load, store
        return names

    def fault(self, code: str, message: str, site: int, *words: int) -> EvaluationError:
        """The error for a failure at `site`."""
        element = tuple(zip(self.counters, self.current or (), strict=False))
        place = self.sites[site]
        return fault(code, message, place, self.kernel.source, element, words)

    # --- parallel loops -----------------------------------------------------------------------

    def enter(self, counters: tuple[str, ...]) -> None:
        """A parallel loop over `counters` begins."""
        self.counters = counters
        self.writers.clear()
        self.readers.clear()

    def element(self, values: Iteration) -> None:
        """Its iteration `values` begins."""
        self.current = values

    def leave(self) -> None:
        """The loop ends."""
        self.current = None

    # --- memory -------------------------------------------------------------------------------

    def loader(self, array: Array) -> Callable[[int, int], int]:
        """The function that reads an element of `array`."""
        words, base, length = self.words, array.base, array.length
        if array.role is Role.IN:

            def load_input(index: int, site: int) -> int:
                if not 0 <= index < length:
                    raise self.outside(array, index, site)
                return words[base + index]

            return load_input
        undefined, readers, writers = self.undefined, self.readers, self.writers

        def load(index: int, site: int) -> int:
            if not 0 <= index < length:
                raise self.outside(array, index, site)
            address = base + index
            if address in undefined:
                message = f"`{array.element(index)}` is read before it is written"
                raise self.fault("E0604", message, site, *array.indices(index))
            current = self.current
            if current is not None:
                if writers.get(address, current) != current:
                    raise self.race(array, index, site, "reads", writers[address], "written")
                if readers.setdefault(address, current) != current:
                    readers[address] = _MANY
            return words[address]

        return load

    def storer(self, array: Array) -> Callable[[int, int, int], None]:
        """The function that writes an element of `array`."""
        words, base, length = self.words, array.base, array.length
        undefined, readers, writers = self.undefined, self.readers, self.writers

        def store(index: int, word: int, site: int) -> None:
            if not 0 <= index < length:
                raise self.outside(array, index, site)
            address = base + index
            current = self.current
            if current is not None:
                if writers.setdefault(address, current) != current:
                    raise self.race(array, index, site, "writes", writers[address], "written")
                if readers.get(address, current) != current:
                    raise self.race(array, index, site, "writes", readers[address], "read")
            undefined.discard(address)
            words[address] = word

        return store

    def rows_loader(self, array: Array, load: Callable[[int, int], int]) -> Callable[..., int]:
        """`load` with one index for each dimension of `array`."""

        def load_element(*indices_and_site: int) -> int:
            *indices, site = indices_and_site
            return load(self.flat(array, indices, site), site)

        return load_element

    def rows_storer(
        self, array: Array, store: Callable[[int, int, int], None]
    ) -> Callable[..., None]:
        """`store` with one index for each dimension of `array`."""

        def store_element(*indices_word_and_site: int) -> None:
            *indices, word, site = indices_word_and_site
            store(self.flat(array, indices, site), word, site)

        return store_element

    def flat(self, array: Array, indices: Sequence[int], site: int) -> int:
        """The row-major index of an element, each of its indices checked."""
        found = 0
        for dimension, (index, length) in enumerate(zip(indices, array.shape, strict=True)):
            message = misplaced(index, array.name, array.shape, dimension)
            if message is not None:
                raise self.fault("E0601", message, site, *indices)
            found = found * length + index
        return found

    def outside(self, array: Array, index: int, site: int) -> EvaluationError:
        """The error for an index out of bounds."""
        message = misplaced(index, array.name, array.dimensions, 0) or ""
        return self.fault("E0601", message, site, index)

    def race(
        self, array: Array, index: int, site: int, does: str, other: Iteration, done: str
    ) -> EvaluationError:
        """The error for an iteration that depends on another one."""
        by = "other iterations"
        if other != _MANY:
            by = f"iteration {iteration(tuple(zip(self.counters, other, strict=True)))}"
        message = f"iteration {does} `{array.element(index)}`, which is {done} by {by}"
        return self.fault("E0605", message, site, *array.indices(index))

    # --- operations that can fail -------------------------------------------------------------

    def violated(self, site: int, words: tuple[int, ...]) -> None:
        """An assumption does not hold."""
        raise self.fault("E0603", "this assumption does not hold", site, *words)

    def divide(self, a: int, b: int, site: int) -> int:
        """`a / b`."""
        if b == 0:
            raise self.fault("E0602", "division by zero", site, a, b)
        return a // b

    def modulo(self, a: int, b: int, site: int) -> int:
        """`a % b`."""
        if b == 0:
            raise self.fault("E0602", "division by zero", site, a, b)
        return a % b

    # --- before and after ---------------------------------------------------------------------

    def check_image(self) -> None:
        """Check the memory image: its size, its words, and the promises about input arrays."""
        kernel, words = self.kernel, self.words
        if len(words) < kernel.memory_words:
            needed = f"kernel `{kernel.name}` needs {kernel.memory_words}"
            message = f"the memory image has {len(words)} words; {needed}"
            raise self._image_error("E0606", message)
        if any(type(word) is not int for word in words):
            at = next(k for k, word in enumerate(words) if type(word) is not int)
            raise self._image_error("E0607", f"word {at} of the memory image is {words[at]!r}")
        if words and not 0 <= min(words) <= max(words) <= MASK:
            at = next(k for k, word in enumerate(words) if not 0 <= word <= MASK)
            raise self._image_error("E0607", f"word {at} of the memory image is {words[at]}")
        for decl in kernel.program.kernel.arrays:
            array = kernel.arrays[decl.name.text]
            self._check_domain(array, decl.span)

    def _image_error(self, code: str, message: str) -> EvaluationError:
        return EvaluationError(Diagnostic(code, message), self.kernel.source)

    def _check_domain(self, array: Array, span: Span) -> None:
        part = self.words[array.base : array.end]
        if part and max(part) >= array.below:
            at = next(k for k, word in enumerate(part) if word >= array.below)
            message = f"`{array.element(at)}` is {part[at]}, not below {array.below}"
            raise fault("E0603", message, Site(span), self.kernel.source)
        if array.distinct and len(set(part)) < len(part):
            first, second = _equal_pair(part)
            here, there = array.element(first), array.element(second)
            message = (
                f"`{array.name}` is not distinct: `{here}` and `{there}` are both {part[first]}"
            )
            raise fault("E0603", message, Site(span), self.kernel.source)
        if array.name in self.kernel.ascending:
            for at, (first, second) in enumerate(pairwise(part)):
                if first > second:
                    message = f"`{array.name}` is not ascending: {first} at {at}, then {second}"
                    raise fault("E0603", message, Site(span), self.kernel.source)

    def check_outputs(self) -> None:
        """Check that every word of every `out` array was written."""
        for decl in self.kernel.program.kernel.arrays:
            array = self.kernel.arrays[decl.name.text]
            if array.role is Role.OUT:
                missing = self.undefined.intersection(range(array.base, array.end))
                if missing:
                    at = min(missing) - array.base
                    message = f"`out` word `{array.element(at)}` was never written"
                    raise fault("E0608", message, Site(decl.span), self.kernel.source)


def _equal_pair(words: Sequence[int]) -> tuple[int, int]:
    """The positions of the first word that has occurred before, and of that occurrence."""
    seen: dict[int, int] = {}
    for at, word in enumerate(words):
        if word in seen:
            return seen[word], at
        seen[word] = at
    raise AssertionError("all words differ")


def shift_left(a: int, b: int) -> int:
    """`a << b`, which is 0 from 32 on."""
    return a << b & MASK if b < 32 else 0


def rotate_left(a: int, b: int) -> int:
    """`a` rotated left by `b` modulo 32."""
    b %= 32
    return (a << b | a >> (32 - b)) & MASK


def rotate_right(a: int, b: int) -> int:
    """`a` rotated right by `b` modulo 32."""
    return rotate_left(a, -b % 32)
