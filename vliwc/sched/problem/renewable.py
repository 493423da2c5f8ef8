"""Renewable resources, what project scheduling has in place of a machine's engines, and modes."""

from __future__ import annotations

from dataclasses import dataclass

from vliwc.diagnostics import UserError
from vliwc.sched.problem.dense import Ints


class ProblemError(UserError):
    """A scheduling problem that means nothing; the message says which part."""


@dataclass(frozen=True, eq=False)
class Renewable:
    """Durations and demands of ``n`` operations on ``r`` resources.

    In each cycle from its start on, for ``duration`` cycles, an operation takes ``demand`` units of
    each resource and gives them back afterwards; no more than ``capacity`` units are taken at any
    time.  An operation of duration 0 is a milestone.

    ``names`` of the resources; ``capacity`` (r,); ``demand`` (n, r); ``duration`` (n,).

    Raises :class:`ProblemError` for negative numbers, arrays that do not fit together, or an
    operation that asks for more than there is.
    """

    names: tuple[str, ...]
    capacity: Ints
    demand: Ints
    duration: Ints

    def __post_init__(self) -> None:
        resources = len(self.names)
        if self.capacity.shape != (resources,) or self.demand.shape != (
            len(self.duration),
            resources,
        ):
            raise ProblemError(
                f"{resources} resources and {len(self.duration)} operations do not fit capacities "
                f"of shape {self.capacity.shape} and demands of shape {self.demand.shape}"
            )
        for what, numbers in (
            ("capacity", self.capacity),
            ("demand", self.demand),
            ("duration", self.duration),
        ):
            if (numbers < 0).any():
                raise ProblemError(f"a {what} is negative")
        works = self.duration > 0
        excess = (self.demand > self.capacity) & works[:, None]
        for operation, resource in zip(*(axis.tolist() for axis in excess.nonzero()), strict=True):
            raise ProblemError(
                f"operation {operation} needs {self.demand[operation, resource]} units of "
                f"{self.names[resource]!r}, which has {self.capacity[resource]}"
            )


@dataclass(frozen=True, eq=False)
class Modes:
    """The modes of ``n`` operations in compressed rows, ``m`` in all; there are ``r`` renewable and
    ``k`` nonrenewable resources.

    Those of operation i are ``ptr[i] : ptr[i + 1]``, one or more.  ``duration`` (m,); ``demand``
    (m, r); ``consumption`` (m, k): what a mode takes of each nonrenewable resource, and does not
    give back, of the ``amount`` (k,) that there is; ``names`` of the nonrenewable ones.

    Raises :class:`ProblemError` for negative numbers, an operation without a mode, or arrays that
    do not fit together.
    """

    ptr: Ints
    duration: Ints
    demand: Ints
    consumption: Ints
    names: tuple[str, ...]
    amount: Ints

    def __post_init__(self) -> None:
        m, k = len(self.duration), len(self.names)
        if (
            self.ptr[0] != 0
            or self.ptr[-1] != m
            or len(self.demand) != m
            or self.consumption.shape != (m, k)
            or self.amount.shape != (k,)
        ):
            raise ProblemError("the arrays of modes do not fit together")
        if (self.ptr[1:] <= self.ptr[:-1]).any():
            raise ProblemError("an operation has no mode")
        for what, numbers in (
            ("duration", self.duration),
            ("demand", self.demand),
            ("consumption", self.consumption),
            ("amount", self.amount),
        ):
            if (numbers < 0).any():
                raise ProblemError(f"a {what} is negative")
