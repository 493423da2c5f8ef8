"""OR-Tools' models, imported without pandas.

``cp_model`` and ``model_builder`` import pandas for series of variables, which nothing here makes;
it takes twice as long to load as all the rest of OR-Tools.
"""

from __future__ import annotations

from vliwc.standin import standing_in

with standing_in("pandas", "Index", "Series"):
    from ortools.linear_solver.python import model_builder
    from ortools.sat.python import cp_model

__all__ = ["cp_model", "model_builder"]
