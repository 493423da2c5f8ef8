"""`python -m vliwc`."""

from vliwc.cli import main

main()
