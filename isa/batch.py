"""One program on many memory images at once, with NumPy; equal to `isa.simulator` by test.

All images run in lockstep. Where a jump takes them apart, the images at the smallest bundle index
go on under a mask until they meet again; images that have stopped are dropped once they are the
majority. A single image that traps stops by itself and its error is reported; the error comes from
the reference simulator, which is given the state of that image.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isa.batch_ops import BatchState, CompiledBundle, Mask, Rows, Trapped, width_of
from isa.errors import IsaError, MemoryImageError, SimulationError
from isa.opcodes import WORD_MASK, Effect
from isa.program import Program
from isa.simulator import DecodedProgram, RunResult, Simulator, Status, decode

Indices: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """States of all images after a run; row ``i`` of every array belongs to image ``i``.

    Attributes:
        cycles: shape (n_images,).
        memories: shape (n_images, memory_words).
        scratch: shape (n_images, scratch_words).
        pcs: index of the bundle that would execute next, shape (n_images,).
        statuses: how each image stopped; ``running`` for one that trapped.
        traces: the trace buffer of each image.
        errors: the error of each image that trapped, else None. The state of such an image is that
            before the guilty bundle.
    """

    cycles: Indices
    memories: NDArray[np.uint32]
    scratch: NDArray[np.uint32]
    pcs: Indices
    statuses: tuple[Status, ...]
    traces: tuple[list[int], ...]
    errors: tuple[SimulationError | None, ...]

    def raise_first(self) -> None:
        """Do nothing if no image trapped.

        Raises:
            SimulationError: the error of the first image that trapped.
        """
        for error in self.errors:
            if error is not None:
                raise error


def run_batch(
    program: Program | DecodedProgram,
    memories: NDArray[np.uint32],
    *,
    max_cycles: int | None = None,
) -> BatchResult:
    """Run `program` on every image; pauses and debug slots are ignored.

    Args:
        program: the program, or `isa.simulator.decode` of it without debug.
        memories: shape (n_images, memory_words), any integer type; not changed.
        max_cycles: an image traps instead of counting more cycles than this.

    Raises:
        MemoryImageError: `memories` is not a table of unsigned 32-bit words.
        IsaError: the program was decoded with debug.
    """
    decoded = decode(program) if isinstance(program, Program) else program
    if decoded.debug:
        raise IsaError("run_batch ignores debug slots; decode the program without debug=True")
    batch = _Batch(decoded, _checked(memories), max_cycles)
    batch.run()
    return batch.result()


def _checked(memories: NDArray[np.uint32]) -> NDArray[np.uint32]:
    if memories.ndim != 2 or memories.dtype.kind not in "ui":
        raise MemoryImageError(
            f"memories have shape {memories.shape} and type {memories.dtype}; "
            "give a table of integers, one image per row"
        )
    if memories.dtype != np.uint32 and memories.size:
        if memories.min() < 0 or memories.max() > WORD_MASK:
            raise MemoryImageError("some memory word is not an unsigned 32-bit word; reduce it")
    return memories.astype(np.uint32)


class _Batch:
    """All images, the live ones in the columns of `state`."""

    def __init__(
        self, decoded: DecodedProgram, memories: NDArray[np.uint32], max_cycles: int | None
    ) -> None:
        n_images = len(memories)
        self.decoded: Final = decoded
        self.program: Final = decoded.program
        self.max_cycles: Final = max_cycles
        self.memories: Final = memories
        self.scratch: Final = np.zeros(
            (n_images, self.program.machine.scratch_words), dtype=np.uint32
        )
        self.cycles: Final = np.zeros(n_images, np.int64)
        self.pcs: Final = np.zeros(n_images, np.int64)
        self.running: Final = np.ones(n_images, np.bool_)
        self.statuses: Final[list[Status]] = ["running"] * n_images
        self.errors: Final[list[SimulationError | None]] = [None] * n_images
        self.traces: Final = [list[int]() for _ in range(n_images)]
        self._gather(np.arange(n_images))

    def _gather(self, images: Indices) -> None:
        """Let the columns of the state be these images."""
        self.images = images
        self.state = BatchState(
            self.program.machine,
            np.ascontiguousarray(self.scratch[images].T),
            np.ascontiguousarray(self.memories[images].T),
        )
        self.compiled: list[CompiledBundle | None] = [None] * len(self.program.bundles)
        self.visited = [False] * len(self.program.bundles)

    def _scatter(self) -> None:
        """Save the columns of the state to their images."""
        self.scratch[self.images] = self.state.scratch.T
        self.memories[self.images] = self.state.memory.T

    def result(self) -> BatchResult:
        self._scatter()
        return BatchResult(
            self.cycles,
            self.memories,
            self.scratch,
            self.pcs,
            tuple(self.statuses),
            tuple(self.traces),
            tuple(self.errors),
        )

    def run(self) -> None:
        while True:
            live = self.running[self.images]
            n_live = int(np.count_nonzero(live))
            if n_live == 0:
                return
            if 2 * n_live <= len(live):
                self._scatter()
                self._gather(self.images[live])
                continue
            pcs = self.pcs[self.images]
            pc = int(pcs[live].min())
            mask: Mask = live & (pcs == pc)
            if not mask.all() or not self._run_together(pc):
                self._step_masked(mask)

    # All columns at one bundle --------------------------------------------------------------------

    def _run_together(self, pc: int) -> bool:
        """Run all columns from bundle `pc` while they stay together and nothing unusual happens.

        Returns whether at least one bundle was executed.
        """
        n_bundles = len(self.program.bundles)
        cycles = 0
        budget = None
        if self.max_cycles is not None:
            budget = self.max_cycles - int(self.cycles[self.images].max())
        executed = False
        targets: Indices | None = None
        while 0 <= pc < n_bundles and targets is None:
            bundle = self.compiled[pc] or self._compile(pc)
            if bundle is None or (budget is not None and cycles + bundle.cost > budget):
                break
            try:
                for function, arguments in bundle.early:
                    function(*arguments)
            except Trapped:
                break
            next_pc = pc + 1
            if bundle.controls:
                targets = self._targets(bundle, pc, None)
                if targets is not None and (targets == targets[0]).all():
                    next_pc, targets = int(targets[0]), None
            for function, arguments in bundle.late:
                function(*arguments)
            cycles += bundle.cost
            pc = next_pc
            executed = True
            if bundle.controls and not self.running[self.images[0]]:
                break
        if executed:
            self.cycles[self.images] += cycles
            self.pcs[self.images] = pc if targets is None else targets
        return executed

    def _compile(self, pc: int) -> CompiledBundle | None:
        """The bundle for all columns; None for one that only the reference simulator executes.

        It is kept from the second visit on: straight-line code needs it only once, and keeping
        thousands of small objects costs more than half of the time to make them.
        """
        code = self.decoded.codes[pc]
        if code.irregular is not None:
            return None
        bundle = self.state.compile(code)
        if self.visited[pc]:
            self.compiled[pc] = bundle
        self.visited[pc] = True
        return bundle

    def _targets(self, bundle: CompiledBundle, pc: int, mask: Mask | None) -> Indices | None:
        """Execute flow slots for the columns in `mask` (None is all).

        Returns the next bundle index of every column, or None when it is ``pc + 1`` for all.
        """
        targets: Indices | None = None
        images = self.images if mask is None else self.images[mask]
        for control in bundle.controls:
            effect, row = control.info.effect, control.row
            if effect is Effect.HALT:
                self._stop(images, "halted")
            elif effect is Effect.TRACE and row is not None:
                words = row if mask is None else row[mask]
                for image, word in zip(images, words, strict=True):
                    self.traces[int(image)].append(int(word))
            elif effect is Effect.JUMP:
                targets = self._jump(control.info.name, row, control.target, pc)
        return targets

    def _jump(self, name: str, row: Rows | None, target: int, pc: int) -> Indices:
        if row is None:
            return np.full(self.state.n_images, target, np.int64)
        if name == "jump_indirect":
            indices: Indices = row.astype(np.int64)
            return indices
        if name == "cond_jump_rel":
            target += pc + 1
        targets = np.full(self.state.n_images, pc + 1, np.int64)
        targets[row != 0] = target
        return targets

    def _stop(self, images: Indices, status: Status) -> None:
        self.running[images] = False
        for image in images.tolist():
            self.statuses[image] = status

    # Some columns, or an unusual bundle -----------------------------------------------------------

    def _step_masked(self, mask: Mask) -> None:
        """Execute one bundle for the columns in `mask`, which are all at the same one."""
        first = int(np.flatnonzero(mask)[0])
        pc = int(self.pcs[self.images[first]])
        n_bundles = len(self.program.bundles)
        if pc >= n_bundles:
            self._stop(self.images[mask], "ended")
            return
        position = pc + n_bundles if pc < 0 else pc
        bundle = None
        if position >= 0:
            bundle = self.compiled[position] or self._compile(position)
        if bundle is None:
            self._step_by_reference(mask)
            return
        trapping = self._trapping(bundle) & mask
        if self.max_cycles is not None:
            used = self.cycles[self.images] + bundle.cost
            trapping |= (used > self.max_cycles) & mask
        if trapping.any():
            self._step_by_reference(trapping)
            mask = mask & ~trapping
            if not mask.any():
                return
        targets = self._targets(bundle, pc, mask)
        self._write_masked(bundle, mask)
        images = self.images[mask]
        self.cycles[images] += bundle.cost
        self.pcs[images] = pc + 1 if targets is None else targets[mask]

    def _trapping(self, bundle: CompiledBundle) -> Mask:
        trapping = np.zeros(self.state.n_images, np.bool_)
        for operation in bundle.operations:
            if operation.traps is not None:
                trapping |= operation.traps()
        for store in bundle.stores:
            trapping |= self.state.outside(store.pointer, width_of(store.values))
        return trapping

    def _write_masked(self, bundle: CompiledBundle, mask: Mask) -> None:
        state = self.state
        results: list[tuple[Rows, Rows]] = []
        state.take_mode = "clip"  # columns outside the mask may hold any address or divisor
        with np.errstate(divide="ignore"):
            for operation in bundle.operations:
                value = np.empty_like(operation.target)
                operation.function(*operation.inputs, value)
                results.append((operation.target, value))
        state.take_mode = "raise"
        for store in bundle.stores:
            state.store_masked(store.pointer, store.values, mask)
        for target, value in results:
            np.copyto(target, value, where=mask)

    def _step_by_reference(self, mask: Mask) -> None:
        """Execute one bundle with the reference simulator, image by image; it may trap."""
        for column in np.flatnonzero(mask).tolist():
            image = int(self.images[column])
            memory = self.state.memory[:, column].tolist()
            scratch = self.state.scratch[:, column].tolist()
            before = RunResult(
                int(self.cycles[image]),
                memory,
                scratch,
                int(self.pcs[image]),
                "running",
                self.traces[image],
            )
            simulator = Simulator(self.decoded, memory, max_cycles=self.max_cycles, resume=before)
            try:
                simulator.step()
            except SimulationError as error:
                self.errors[image] = error
                self.running[image] = False
                continue
            self.state.memory[:, column] = simulator.memory
            self.state.scratch[:, column] = simulator.scratch
            self.cycles[image] = simulator.cycles
            self.pcs[image] = simulator.pc
            self.traces[image][:] = simulator.trace
            self.statuses[image] = simulator.status
            self.running[image] = simulator.status == "running"
