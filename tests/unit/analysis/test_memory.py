"""Memory dependences: which stores reach a load, and which accesses can meet."""

from __future__ import annotations

import pytest

from vliwc.analysis.facts import Facts
from vliwc.analysis.memory import MemoryOrder, may_meet, same_iteration
from vliwc.ir.text import parse_function

HEAD = """
function f {
  array a: u32[64] inout at 0
  array y: u32[64] out at 64
  array p: u32[64] in at 128 distinct
  array q: u32[64] in at 192
  array r: u32[64] inout at 256 distinct
  loop 0 i: 8
  loop 1 j: 8
  %i = lane 0
  %j = lane 1
  %zero = const 0
  %one = const 1
  %two = const 2
  %nine = const 9
  %row = mul %i, %two
  %odd = add %row, %one
  %next = add %i, %one
  %far = add %j, %nine
  %u = load y[%zero]
  %u1 = add %u, %one
  %any = and %u, %nine
  %p0 = load p[%row]
  %p1 = load p[%odd]
  %p2 = load p[%any]
  %p3 = load p[%far]
  %p4 = add %p1, %one
  %q0 = load q[%row]
  %q1 = load q[%odd]
  %r0 = load r[%row]
  %r1 = load r[%odd]
  %w = store r[%row] = %u in loop 0 after %r0, %r1
  %late0 = load r[%row] after %w
  %late1 = load r[%odd] after %w
"""


@pytest.mark.parametrize(
    ("store", "load", "meet"),
    [
        ("store a[%i] = %one in loop 0", "load a[%i]", True),
        ("store a[%i] = %one in loop 0", "load a[%j]", True),
        ("store a[%i] = %one in loop 0", "load a[%far]", False),
        ("store a[%row] = %one in loop 0", "load a[%odd]", False),
        ("store a[%i] = %one in loop 0", "load a[%next]", False),
        ("store a[%zero] = %one at top", "load a[%one]", False),
        ("store a[%u] = %one at top", "load a[%u1]", False),
        ("store a[%any] = %one at top", "load a[%i]", True),
        ("store a[%i] = %one in loop 0", "load a[%one]", True),
        ("store a[%u] = %one in loop 0", "load a[%u1]", False),
        ("store a[%p0] = %one in loop 0", "load a[%p1]", False),
        ("store a[%p0] = %one in loop 0", "load a[%p0]", True),
        ("store a[%p0] = %one in loop 0", "load a[%p2]", True),
        ("store a[%p0] = %one in loop 0", "load a[%p3]", True),
        ("store a[%p0] = %one in loop 0", "load a[%p4]", True),
        ("store a[%q0] = %one in loop 0", "load a[%q1]", True),
        ("store a[%p0] = %one in loop 0", "load a[%q1]", True),
        ("store a[%r0] = %one in loop 0", "load a[%r1]", False),
        ("store a[%late0] = %one in loop 0", "load a[%late1]", True),
        ("store a[%r0] = %one in loop 0", "load a[%late1]", True),
    ],
)
def test_accesses_that_can_meet(store: str, load: str, meet: bool) -> None:
    function = parse_function(f"{HEAD} %s = {store} %l = {load} after %s }}")
    first, second = function.values[-2:]
    assert may_meet(first, second, Facts(function)) is meet
    order = MemoryOrder(function, Facts(function))
    assert order.reaching(second) == ([first] if meet else [])


def test_order_is_transitive_through_loads() -> None:
    function = parse_function(
        HEAD
        + """
      %s = store a[%i] = %one in loop 0
      %l = load a[%i] after %s
      %t = store a[%i] = %two in loop 0 after %l
      %m = load a[%j] after %t
      %free = load a[%zero]
    }"""
    )
    s, _, t, m, free = function.values[-5:]
    order = MemoryOrder(function, Facts(function))
    assert order.before(m) == order.bit(s) | order.bit(t)
    assert order.before(t) == order.bit(s)
    assert order.reaching(free) == []


@pytest.mark.parametrize(
    ("store", "load", "same"),
    [
        ("store a[%i] = %one in loop 0", "load a[%i]", True),
        ("store a[%u] = %one at top", "load a[%u]", True),
        ("store a[%u] = %one in loop 0", "load a[%u]", False),
        ("store a[%i] = %one in loop 0", "load a[%j]", False),
    ],
)
def test_same_iteration(store: str, load: str, same: bool) -> None:
    function = parse_function(f"{HEAD} %s = {store} %l = {load} after %s }}")
    assert same_iteration(*function.values[-2:]) is same
