"""Jobs that compile a kernel: the whole compiler under some options, and what comes out."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from dataclasses import dataclass, field

from isa.machine import DEFAULT_MACHINE, MachineSpec
from isa.simulator import decode
from isa.simulator import run as simulate
from vliwc.diagnostics import KernelError
from vliwc.driver import Compilation, compile_text
from vliwc.lab.runs.job import Row, printable, require_code
from vliwc.lab.runs.provenance import code_of, machine_name
from vliwc.lang import bind, parse_kernel
from vliwc.lang.interpret import (
    Interpreter,
    at_run_time,
    output_words,
    protected_words,
    random_memory,
)
from vliwc.options import Options, OptionsError
from vliwc.passes.pipeline import passes_for
from vliwc.sched.registry import make_scheduler

OUT_OF_SCRATCH = "E0901"
"""The code of the error for kernels whose results do not fit into scratch."""


@dataclass(frozen=True)
class CompileJob:
    """Compile the kernel ``digest`` with ``params`` and options, and try the program.

    ``packed`` is the kernel's text, compressed; empty where it is sent apart.  The other fields as
    in :class:`vliwc.lab.runs.job.Job` and :class:`vliwc.options.Options`.
    """

    instance: str
    family: str
    digest: str
    params: tuple[tuple[str, int], ...]
    level: int
    scheduler: str
    seed: int
    budget: int | None
    without: tuple[str, ...]
    machine: MachineSpec
    code: str
    optimum: int | None = None
    packed: bytes = field(default=b"", repr=False)

    @staticmethod
    def of(text: str, file: str, params: dict[str, int], options: Options) -> CompileJob:
        """A job on kernel text, by the code of this process; ``file`` stands in messages.

        Raises :class:`vliwc.diagnostics.KernelError` if the text is no kernel with such parameters,
        and :class:`vliwc.options.OptionsError` for options that mean nothing, or a hint.
        """
        if options.hint is not None:
            raise OptionsError("a job cannot go on from a hint, which is no part of its key")
        kernel = bind(parse_kernel(text, file), params)
        make_scheduler(options.scheduler, options.seed)
        passes_for(options.level, options.without)
        sizes = ",".join(f"{name}={value}" for name, value in kernel.params.items())
        return CompileJob(
            instance=f"{kernel.name}({sizes})",
            family=kernel.name,
            digest=hashlib.sha256(text.encode()).hexdigest()[:16],
            params=tuple(kernel.params.items()),
            level=options.level,
            scheduler=options.scheduler,
            seed=options.seed,
            budget=options.budget,
            without=tuple(sorted(set(options.without))),
            machine=options.machine,
            code=code_of(options.scheduler),
            packed=gzip.compress(text.encode(), mtime=0),
        )

    @property
    def key(self) -> str:
        """What identifies the job's figures: 32 hexadecimal digits."""
        parts = [
            "compile",
            self.instance,
            self.digest,
            self.params,
            self.level,
            self.scheduler,
            self.seed,
            self.budget,
            self.without,
            self.machine.to_dict(),
            self.code,
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def options(self) -> str:
        """The options that have no column of their own, as on a command line."""
        machine = [] if self.machine == DEFAULT_MACHINE else [f"--machine {self.machine.name}"]
        return " ".join([f"-O{self.level}", *(f"--without {n}" for n in self.without), *machine])

    def run(self) -> Row:
        """Compile, simulate one random input, compare with the reference interpreter.

        ``status`` is ``feasible``, ``none`` (results do not fit into scratch) or ``failed`` (the
        compiler raised, or the program is wrong).  It is never ``optimal``: the bound holds for the
        operations that these options lead to, others may lead to fewer.  ``seconds`` is the
        compile time.  Raises :class:`vliwc.lab.runs.job.CodeMismatch`.
        """
        require_code(self)
        options = Options(
            level=self.level,
            scheduler=self.scheduler,
            machine=self.machine,
            seed=self.seed,
            budget=self.budget,
            without=self.without,
        )
        text = gzip.decompress(self.packed).decode()
        started = time.perf_counter()
        try:
            compiled = compile_text(text, self.family, dict(self.params), options)
            seconds = time.perf_counter() - started
            wrong = wrong_word(compiled, self.seed)
        except KernelError as refusal:
            fits = all(each.code != OUT_OF_SCRATCH for each in refusal.diagnostics)
            return self._row("failed" if fits else "none", str(refusal))
        except Exception as failure:  # of the compiler or a plugin; the sweep goes on
            return self.failed(f"{type(failure).__name__}: {failure}")
        if wrong:
            return self.failed(wrong)
        return self._row("feasible", compiled=compiled, seconds=seconds)

    def failed(self, error: str) -> Row:
        """The row of a job that could not be run to its end."""
        return self._row("failed", error)

    def _row(
        self,
        status: str,
        error: str = "",
        compiled: Compilation | None = None,
        seconds: float = 0.0,
    ) -> Row:
        return Row(
            key=self.key,
            instance=self.instance,
            family=self.family,
            digest=self.digest,
            operations=len(compiled.generated.problem) if compiled else 0,
            scheduler=self.scheduler,
            seed=self.seed,
            budget=self.budget,
            code=self.code,
            cycles=compiled.cycles if compiled else 0,
            lower_bound=compiled.lower_bound if compiled else 0,
            bound_reason=compiled.bound_reason if compiled else "not computed",
            status=status,
            optimum=self.optimum,
            scratch_peak=compiled.scratch_words if compiled else 0,
            error=printable(error),
            machine=machine_name(),
            seconds=seconds,
            options=self.options,
        )


def wrong_word(compiled: Compilation, seed: int) -> str:
    """What the program gets wrong on the random input ``seed``; nothing if it is right.

    Raises what the reference interpreter and the simulator raise.
    """
    kernel = compiled.kernel
    memory = random_memory(kernel, seed)
    expected = Interpreter(kernel).run(memory)
    ran = simulate(decode(compiled.program), memory)
    sized = at_run_time(kernel, memory)
    for words in (*output_words(sized), *protected_words(sized)):
        for address in words:
            if ran.memory[address] != expected[address]:
                return (
                    f"wrong program: memory word {address} is {ran.memory[address]}, not "
                    f"{expected[address]}, on random input {seed}"
                )
    announced = compiled.cycles_for(memory)
    if ran.cycles != announced:
        return f"wrong program: {ran.cycles} cycles, {announced} announced"
    return ""
