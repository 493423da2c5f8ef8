"""The command line: one module per group of commands, on top of everything else.

`kernels` has the commands that take a kernel or a program, `schedules` those that take a scheduling
problem, `experiments` those that compare and tune, `common` what they share.
"""

from vliwc.cli.app import app, main

__all__ = ["app", "main"]
