"""`python -m vliwc.cli`."""

from vliwc.cli.app import main

main()
