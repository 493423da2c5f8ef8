"""The command line: one module per group of commands, on top of everything else."""

from vliwc.cli.app import app, main

__all__ = ["app", "main"]
