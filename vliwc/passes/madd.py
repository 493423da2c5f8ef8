"""Multiply-adds: forming them, and distributing constants over them.

``add (add x, C), (shl x, 12)`` -> ``madd x, 4097, C``; ``shl (madd x, M, C), 9`` ->
``madd x, (shl M, 9), (shl C, 9)`` where all uses of the inner one distribute.
"""

from __future__ import annotations

from vliwc.passes.base import RulePass

MULTIPLY_ADD = RulePass("madd", ("madd",))
