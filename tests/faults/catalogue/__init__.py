"""All seeded faults, one module per part of the project."""

from __future__ import annotations

from tests.faults.catalogue.analysis import ANALYSIS
from tests.faults.catalogue.chosen import CHOSEN
from tests.faults.catalogue.front import FRONT
from tests.faults.catalogue.index_bits import INDEX_BITS
from tests.faults.catalogue.lanes import LANES
from tests.faults.catalogue.machine import MACHINE
from tests.faults.catalogue.machine_loops import MACHINE_LOOPS
from tests.faults.catalogue.passes import PASSES
from tests.faults.catalogue.projects import PROJECT_HEURISTICS
from tests.faults.catalogue.run_time import RUN_TIME
from tests.faults.catalogue.scheduling import SCHEDULING
from tests.faults.catalogue.scratch_arrays import SCRATCH_ARRAYS
from tests.faults.catalogue.selection import SELECTION
from tests.faults.catalogue.shown import SHOWN
from tests.faults.catalogue.strategy import STRATEGIES
from tests.faults.catalogue.tools import TOOLS
from tests.faults.catalogue.windows import WINDOWS
from tests.faults.fault import Fault

ALL_FAULTS: tuple[Fault, ...] = (
    *MACHINE,
    *FRONT,
    *ANALYSIS,
    *PASSES,
    *SELECTION,
    *INDEX_BITS,
    *WINDOWS,
    *LANES,
    *MACHINE_LOOPS,
    *SCRATCH_ARRAYS,
    *STRATEGIES,
    *CHOSEN,
    *RUN_TIME,
    *SCHEDULING,
    *PROJECT_HEURISTICS,
    *SHOWN,
    *TOOLS,
)
