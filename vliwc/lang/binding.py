"""Binding parameters: a checked program plus sizes becomes a kernel that can run and be lowered.

`bind` evaluates everything that is known at compile time and raises one `KernelError` with all
errors (E05xx) that depend on the sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import prod

from vliwc.diagnostics import Diagnostic, KernelError, Note, SourceFile
from vliwc.ir.graph import Array, Where
from vliwc.lang import ast
from vliwc.lang.check import check
from vliwc.lang.constants import Static
from vliwc.lang.elaborate import MAX_UNROLLED, Elaborator
from vliwc.lang.symbols import Facts, Symbol
from vliwc.lang.words import KernelWord, kernel_words


@dataclass(frozen=True, eq=False)
class CheckedKernel:
    """A kernel with its parameters bound, free of static errors.

    `constants` holds the values of file constants, kernel parameters and header `let`s, `tables`
    those of tables. `arrays` stands in declaration order; `ascending` names the sorted ones.
    `unrolled` estimates the operations of the top level and one iteration of each parallel loop,
    `work` those of all iterations; the loop `largest` has most of them. Of the loop `long`, which
    would be too long to be unrolled, only some rounds are counted.

    `words` are those of memory that the program reads when it starts. Without their values,
    `sizes`, arrays whose place or length they decide stand at run time (`Where.RUN_TIME`).
    """

    program: ast.Program
    facts: Facts
    params: Mapping[str, int]
    constants: Mapping[Symbol, Static]
    tables: Mapping[Symbol, tuple[int, ...]]
    arrays: Mapping[str, Array]
    ascending: frozenset[str]
    unrolled: int
    work: int
    largest: ast.ParallelFor | None
    long: ast.For | None = None
    words: tuple[KernelWord, ...] = ()
    sizes: Mapping[str, int] | None = None

    @property
    def name(self) -> str:
        """The kernel's name."""
        return self.program.kernel.name.text

    @property
    def source(self) -> SourceFile:
        """The file the kernel came from."""
        return self.program.source

    @cached_property
    def memory_words(self) -> int:
        """The least number of words a memory image must have: the end of the last array."""
        ends = [array.end for array in self.arrays.values() if array.placed]
        return max([*ends, *(word.address + 1 for word in self.words)], default=0)

    @property
    def run_time(self) -> bool:
        """Whether there are words that are known at run time only."""
        return bool(self.words) and self.sizes is None

    def with_sizes(self, sizes: Mapping[str, int]) -> CheckedKernel:
        """The kernel for these values of its words.

        Raises `KernelError` if they cannot be: arrays overlap, an assumption about them is false.
        """
        return _bind(
            self.program, self.facts, self.params, max(self.unrolled * 2, MAX_UNROLLED), sizes
        )


def bind(
    program: ast.Program,
    params: Mapping[str, int],
    limit: int = MAX_UNROLLED,
) -> CheckedKernel:
    """Check `program` and bind its parameters; raises `KernelError` with all errors of a stage.

    A kernel that unrolls to more than about `limit` operations is refused (E0512).
    """
    return _bind(program, check(program), params, limit, None)


def _bind(
    program: ast.Program,
    facts: Facts,
    params: Mapping[str, int],
    limit: int,
    words: Mapping[str, int] | None,
) -> CheckedKernel:
    """Bind the parameters of a checked program, and the `words` that it reads when it starts if
    they are known."""
    found = _parameter_errors(program, params)
    if found:
        raise KernelError(found, program.source)
    elaborator = Elaborator(program, facts, limit)
    elaborator.constants()
    elaborator.header({name: int(params[name]) for name in params}, words or {})
    _memory(program, elaborator)
    found_words = kernel_words(program, elaborator)
    if not elaborator.found:  # wrong sizes only cause follow-up errors in the body
        elaborator.kernel_body()
    if elaborator.found:
        raise KernelError(elaborator.found.values(), program.source)
    kernel = program.kernel
    return CheckedKernel(
        program,
        facts,
        dict(params),
        dict(elaborator.env),
        dict(elaborator.tables),
        dict(elaborator.arrays),
        frozenset(array.name.text for array in kernel.arrays if array.ascending),
        elaborator.unrolled,
        elaborator.work,
        elaborator.largest[1],
        elaborator.long,
        found_words,
        None if words is None else dict(words),
    )


def require_size(kernel: CheckedKernel, vlen: int, limit: int) -> None:
    """Refuse a kernel of more than about `limit` operations on vectors of `vlen` words.

    Raises `KernelError` (E0513).
    """
    operations = kernel.unrolled + kernel.work // vlen
    if operations > limit:
        loop = kernel.largest
        place = kernel.program.kernel.name if loop is None else loop.name
        message = f"kernel `{kernel.name}` takes about {operations} machine operations"
        hint = "smaller sizes, or a greater --max-operations and patience"
        diagnostic = Diagnostic("E0513", f"{message}, more than {limit}", place.span, hint)
        raise KernelError([diagnostic], kernel.source)


def _parameter_errors(program: ast.Program, params: Mapping[str, int]) -> list[Diagnostic]:
    kernel = program.kernel
    declared = {name.text: name for name in kernel.parameters}
    found: list[Diagnostic] = []
    for name, ident in declared.items():
        if name not in params:
            message = f"kernel `{kernel.name.text}` needs a value for parameter `{name}`"
            found.append(Diagnostic("E0501", message, ident.span, f"pass `-D {name}=…`"))
    for name, value in params.items():
        if name not in declared:
            hint = f"its parameters are {', '.join(declared)}" if declared else "it has none"
            message = f"kernel `{kernel.name.text}` has no parameter `{name}`"
            found.append(Diagnostic("E0502", message, kernel.name.span, hint))
        elif type(value) is not int:
            message = f"parameter `{name}` must be an integer, not {value!r}"
            found.append(Diagnostic("E0504", message, declared[name].span))
        elif value < 0:
            message = f"parameter `{name}` is negative: {value}"
            found.append(Diagnostic("E0503", message, declared[name].span))
    return found


def _memory(program: ast.Program, elaborator: Elaborator) -> None:
    """Lay out the arrays and report impossible or overlapping ones."""
    placed: list[tuple[ast.ArrayDecl, Array]] = []
    for decl in program.kernel.arrays:
        array = _place(decl, elaborator)
        if array is not None:
            placed.append((decl, array))
            elaborator.arrays[array.name] = array
    placed.sort(key=lambda pair: (pair[1].base, pair[1].end))
    furthest: tuple[ast.ArrayDecl, Array] | None = None
    for decl, array in placed:
        if array.length == 0 or not array.placed:
            continue
        if furthest is not None and array.base < furthest[1].end:
            other_decl, other = furthest
            elaborator.report(
                "E0505",
                f"arrays `{other.name}` and `{array.name}` overlap",
                decl,
                None,
                Note(f"`{array.name}` takes words {array.base} to {array.end - 1}"),
                Note(
                    f"`{other.name}` takes words {other.base} to {other.end - 1}", other_decl.span
                ),
            )
        if furthest is None or array.end > furthest[1].end:
            furthest = (decl, array)


def _at_run_time(decl: ast.ArrayDecl, below: int, elaborator: Elaborator) -> Array | None:
    """An array whose place or length the program finds out."""
    for length in decl.lengths[1:]:
        if not elaborator.facts.types[length].static:
            message = f"an inner dimension of `{decl.name.text}` is not known at compile time"
            hint = "only the first dimension's length may be; make one dimension of both"
            elaborator.report("E0516", message, length, hint)
            return None
    if not 1 <= below <= 1 << 32:
        message = f"`below` bound of `{decl.name.text}` is {below}, not between 1 and 2^32"
        elaborator.report("E0506", message, decl.below or decl)
        return None
    name, distinct = decl.name.text, decl.distinct
    return Array(name, 0, 1 << 32, decl.role, below, (), distinct, Where.RUN_TIME)


def _place(decl: ast.ArrayDecl, elaborator: Elaborator) -> Array | None:
    lengths = [elaborator.size(length) for length in decl.lengths]
    base = elaborator.size(decl.address)
    below = elaborator.integer(decl.below) if decl.below is not None else 1 << 32
    nodes = (decl.address, *decl.lengths)
    unknown = [n for n, word in zip(nodes, (base, *lengths), strict=True) if word is None]
    if below is not None and any(not elaborator.facts.types[node].static for node in unknown):
        return _at_run_time(decl, below, elaborator)
    if base is None or below is None:
        return None
    name = decl.name.text
    shape: list[int] = []
    for node, extent in zip(decl.lengths, lengths, strict=True):
        if extent is None:
            return None
        if extent < 0:
            elaborator.report("E0506", f"array `{name}` has negative length {extent}", node)
            return None
        shape.append(extent)
    length = prod(shape)
    if base < 0:
        elaborator.report("E0506", f"array `{name}` has negative address {base}", decl.address)
    elif base + length > 1 << 32:
        message = f"array `{name}` ends at word {base + length}, beyond the 2^32 addressable"
        elaborator.report("E0506", message, decl)
    elif not 1 <= below <= 1 << 32:
        message = f"`below` bound of `{name}` is {below}, not between 1 and 2^32"
        elaborator.report("E0506", message, decl.below or decl)
    elif decl.distinct and below < length:
        message = f"array `{name}` cannot hold {length} distinct words below {below}"
        elaborator.report("E0506", message, decl.below or decl)
    else:
        dimensions = tuple(shape) if len(shape) > 1 else ()
        return Array(name, base, length, decl.role, below, dimensions, decl.distinct)
    return None
