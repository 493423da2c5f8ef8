"""`vliwc lsp`: the language server."""

from __future__ import annotations

from importlib.util import find_spec

from vliwc.cli.common.errors import CommandError


def lsp() -> None:
    """Serve an editor: mistakes as you type, what names and expressions are, where they come from.

    Speaks the Language Server Protocol on standard input and output; editors start it.
    """
    if find_spec("pygls") is None:
        raise CommandError("this needs pygls; install vliwc[lsp]")
    from vliwc.lsp.server import serve

    serve()
