"""Reference semantics of kernels: how they run, on what, and what they may change.

This module gathers what users of the reference interpreter need; see `execute` for running,
`runtime` for memory and its checks, `images` for inputs.
"""

from vliwc.lang.execute import Interpreter, at_run_time, interpret
from vliwc.lang.faults import AssumptionViolated, EvaluationError
from vliwc.lang.images import output_words, protected_words, random_memory

__all__ = [
    "AssumptionViolated",
    "EvaluationError",
    "Interpreter",
    "at_run_time",
    "interpret",
    "output_words",
    "protected_words",
    "random_memory",
]
