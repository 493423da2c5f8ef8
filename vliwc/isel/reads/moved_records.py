"""A record whose last words move to where a vector has them, while its rows are loaded.

The two words that a record has to choose from stand three apart in the rows of
:mod:`vliwc.isel.reads.records`, where only alu reads them: what uses them is done to each.  Here
the rows land one word apart, from the last lane to the first.  Each overwrites all but the last
word of the one before, which therefore end up side by side.  What a row has else is taken from it
before the next one lands: alu combines its first word with the word that this read is for, and a
store takes the word in the middle to a *lane buffer* in memory, from where one ``vload``
brings those of all lanes.  Then flow selects between two vectors, and what uses the word is done
once.  That costs a load and ``vlen`` stores, where store is idle, and saves a vector operation.
"""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.diagnostics import InternalError
from vliwc.ir.value import Value
from vliwc.isel.memory.lane_buffer import Landed, Turn
from vliwc.isel.reads.fold import Fold
from vliwc.isel.reads.records import RecordFirst, RecordSecond
from vliwc.isel.reads.table_reads import Alternatives, ReadSite
from vliwc.isel.scalar import OPCODES
from vliwc.mir.operation import Form, MOp, Operand


@dataclass(frozen=True, eq=False)
class MovedFirst(RecordFirst):
    """Loads the rows, combines their first words as ``user`` does, and moves the others."""

    user: Value | None = None
    name: str = "moved record"

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        group, table, user = site.group, self.table, self.user
        buffer = site.buffer
        if user is None or buffer is None or fold != table.folds[0]:
            raise InternalError(f"the rows of {value!r} cannot land here")
        placed = site.placed(table)
        address = self.row_address(site, value, before=group.vlen - table.pitch)
        first = user.args[0] is value
        others = group.words(user.args[1] if first else user.args[0])
        opcode = OPCODES[user.op]
        skip = group.vlen - table.pitch
        done: list[MOp] = []
        stores: list[MOp] = []
        loads: list[MOp] = []
        for lane in reversed(range(group.lanes)):
            start = Operand(address.source, address.offset + lane * address.stride, 0)
            load = MOp(f"land{value.id}", (Form("load", "vload", (start,)),), 1, 0, start=lane)
            if loads:
                load.into = loads[0]
                load.order += [(done[-1], 0), (stores[-1], 0)]
            else:
                load.width = group.lanes - 1 + group.vlen
                load.order.append((placed.ready, 0))
            loads.append(load)

            word = Operand(loads[0], lane + skip, 0)
            pair = (word, others[lane]) if first else (others[lane], word)
            use = MOp(f"{user.op}{user.id}", (Form("alu", opcode, pair),), 1, 0, start=lane)
            if done:
                use.into = done[0]
            else:
                use.width = group.vlen
            to = group.uniform.word(buffer + lane)
            store = MOp(
                f"move{value.id}",
                (Form("store", "store", (to, word._replace(offset=word.offset + 1))),),
                width=0,
            )
            if load is not loads[0]:
                use.order.append((load, 1))
                store.order.append((load, 1))
            done.append(use)
            stores.append(store)
            group.template.ops += [load, use, store]
        start = group.uniform.word(buffer)
        moved = MOp(f"moved{value.id}", (Form("load", "vload", (start,)),), 1, group.vlen)
        moved.order.append((stores[-1], 1))
        group.template.ops.append(moved)
        if len(done) > 1:
            group.repairs[done[0]] = [done[-1]]
        site.rows.setdefault(table, []).append(loads[-1])
        site.turns.append(Turn(tuple(stores), moved))
        site.landed[value] = Landed((Operand(moved), Operand(loads[0], group.vlen - 1)), loads[-1])
        site.computed[user] = Operand(done[0])
        return Operand(done[0])


@dataclass(frozen=True, eq=False)
class MovedSecond(RecordSecond):
    """Chooses between the words that have moved."""

    name: str = "in moved record"

    def in_place(self, site: ReadSite, fold: Fold | None) -> Alternatives | None:
        """None: the words are vectors already."""
        return None

    def emit(self, site: ReadSite, value: Value, fold: Fold | None) -> Operand:
        landed = site.landed[self.first]
        before = len(site.group.template.ops)
        found = site.group.choose(self.atom, self.words, list(landed.arms), f"pick{value.id}")
        for op in site.group.template.ops[before:]:
            if any(operand.source is landed.arms[1].source for operand in op.forms[0].operands):
                op.order.append((landed.last, 1))
        return found
