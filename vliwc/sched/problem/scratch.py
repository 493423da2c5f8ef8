"""Places in scratch: the two rules of all schedulers.

:func:`find_place` looks at single words: any width, vectors from the lower end of scratch and
scalars from the upper one.  The functions below it keep a pool of vector slots of ``vlen`` words
and cut one up for scalars where none is left over: constant time for most requests, which a search
over thousands of list schedules needs.  They take arrays one by one: with tuples of arrays between
compiled functions, list scheduling took 1.7 to 2.9 times as long.
"""

from __future__ import annotations

from vliwc.jit import jit_in_place
from vliwc.sched.problem.dense import Bytes, Ints

SCALARS_FREE, SLOTS_FREE, LOWEST_FREE = 0, 1, 2
"""Positions in the ``pool`` array: free single words, free vector slots, a lower bound of the
lowest free vector slot."""


@jit_in_place
def find_place(used: Bytes, width: int, vlen: int) -> int:
    """The highest free word for a scalar, the lowest free run for more (aligned runs first);
    -1 if there is none.  ``used`` (words,) is 1 where a word is taken."""
    words = len(used)
    if width == 1:
        for at in range(words - 1, -1, -1):
            if used[at] == 0:
                return at
        return -1
    for at in range(0, words - width + 1, vlen):
        free = True
        for k in range(width):
            if used[at + k]:
                free = False
                break
        if free:
            return at
    run = 0
    for at in range(words):
        run = 0 if used[at] else run + 1
        if run == width:
            return at - width + 1
    return -1


@jit_in_place
def _find_run(used: Bytes, run: int) -> int:
    """The highest start of ``run`` adjacent free vector slots, or -1."""
    free = 0
    for at in range(len(used) - 1, -1, -1):
        if used[at]:
            free = 0
        else:
            free += 1
            if free == run:
                return at
    return -1


@jit_in_place
def give_back(at: int, width: int, vlen: int, used: Bytes, scalars: Ints, pool: Ints) -> None:
    """Give back ``width`` scratch words from address ``at`` on."""
    if width == 1:
        scalars[pool[SCALARS_FREE]] = at
        pool[SCALARS_FREE] += 1
    elif width > 1:
        first = at // vlen
        for s in range((width + vlen - 1) // vlen):
            used[first + s] = 0
            pool[SLOTS_FREE] += 1
        pool[LOWEST_FREE] = min(pool[LOWEST_FREE], first)


@jit_in_place
def give_back_operands(
    use: Ints,
    lo: int,
    hi: int,
    width: Ints,
    vlen: int,
    readers: Ints,
    address: Ints,
    used: Bytes,
    scalars: Ints,
    pool: Ints,
) -> None:
    """Count reads of the values ``use[lo:hi]``; without further readers they give way."""
    for u in range(lo, hi):
        v = int(use[u])
        readers[v] -= 1
        if readers[v] == 0:
            give_back(address[v], width[v], vlen, used, scalars, pool)


@jit_in_place
def fits(
    own: int,
    use: Ints,
    lo: int,
    hi: int,
    width: Ints,
    vlen: int,
    keep: int,
    readers: Ints,
    used: Bytes,
    pool: Ints,
) -> bool:
    """Whether a result of ``own`` words has a place now, with ``keep`` vector slots to spare.

    ``use[lo:hi]`` are the operands of an operation that finishes in this cycle: it may overwrite
    those that die with it (all reads of a bundle come before its writes).
    """
    if own == 0:
        return True
    need = (own + vlen - 1) // vlen if own > 1 else 0
    if need > 1:
        return pool[SLOTS_FREE] - need >= keep and _find_run(used, need) >= 0
    if pool[SLOTS_FREE] > keep or (own == 1 and pool[SCALARS_FREE] > 0):
        return True
    gain = 0
    gain_scalar = 0
    for u in range(lo, hi):
        v = int(use[u])
        if readers[v] == 1:
            if width[v] == 1:
                gain_scalar += 1
            else:
                gain += (width[v] + vlen - 1) // vlen
    if own == 1:
        return gain_scalar > 0 or pool[SLOTS_FREE] + gain > keep
    return gain >= 1


@jit_in_place
def take(width: int, vlen: int, used: Bytes, scalars: Ints, pool: Ints) -> int:
    """Take a place for ``width`` words that :func:`fits` has found possible; its address."""
    if width > vlen:
        need = (width + vlen - 1) // vlen
        first = _find_run(used, need)
        for s in range(need):
            used[first + s] = 1
        pool[SLOTS_FREE] -= need
        return first * vlen
    if width == 1 and pool[SCALARS_FREE] > 0:
        pool[SCALARS_FREE] -= 1
        return int(scalars[pool[SCALARS_FREE]])
    while used[pool[LOWEST_FREE]]:
        pool[LOWEST_FREE] += 1
    first = pool[LOWEST_FREE]
    used[first] = 1
    pool[SLOTS_FREE] -= 1
    if width == 1:
        for s in range(vlen - 1):
            scalars[pool[SCALARS_FREE]] = first * vlen + vlen - 1 - s
            pool[SCALARS_FREE] += 1
    return first * vlen
