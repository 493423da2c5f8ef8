"""The language server: LSP over standard input and output, by pygls (extra ``lsp``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from vliwc.diagnostics import Diagnostic, Span
from vliwc.lsp.document import Document, Place
from vliwc.version import __version__

MAX_SIZE = 2**32
NOWHERE = types.Range(types.Position(0, 0), types.Position(0, 0))


class KernelServer(LanguageServer):
    """Keeps the last state of each open text, and the last one without mistakes.

    Whoever types breaks the text for a while; names can then still be followed to where they were
    declared before.
    """

    def __init__(self) -> None:
        super().__init__("vliwc", __version__)  # pyright: ignore[reportUnknownMemberType]
        self.settings: dict[str, int] = {}
        self.opened: dict[str, Document] = {}
        self.good: dict[str, Document] = {}

    def look(self, uri: str) -> None:
        """Look at the text of ``uri`` as it is now, and say what is wrong with it."""
        text = self.workspace.get_text_document(uri)
        document = Document(text.path or uri, text.source, self.settings)
        self.opened[uri] = document
        found = document.diagnostics
        if document.is_checked:
            self.good[uri] = document
        self.text_document_publish_diagnostics(
            types.PublishDiagnosticsParams(
                uri=uri,
                version=text.version,
                diagnostics=[self.diagnostic(uri, each) for each in found],
            )
        )

    def diagnostic(self, uri: str, found: Diagnostic) -> types.Diagnostic:
        """A diagnostic of ours: the message with its hint, its notes beside it."""
        message = found.message if found.hint is None else f"{found.message}\nhint: {found.hint}"
        placed = [note for note in found.notes if note.span is not None]
        message += "".join(f"\nnote: {note.message}" for note in found.notes if note not in placed)
        return types.Diagnostic(
            range=NOWHERE if found.span is None else self.range(uri, found.span),
            message=message,
            severity=types.DiagnosticSeverity.Error,
            code=found.code,
            source="vliwc",
            related_information=[
                types.DiagnosticRelatedInformation(
                    types.Location(uri, self.range(uri, note.span)), note.message
                )
                for note in placed
                if note.span is not None
            ],
        )

    def range(self, uri: str, span: Span) -> types.Range:
        """A span in the units of the client."""
        document = self.workspace.get_text_document(uri)
        return document.position_codec.range_to_client_units(
            document.lines,
            types.Range(
                types.Position(span.start_line - 1, span.start_col - 1),
                types.Position(span.end_line - 1, span.end_col - 1),
            ),
        )

    def place(self, uri: str, position: types.Position) -> Place:
        """A position of the client as line and column from 1."""
        document = self.workspace.get_text_document(uri)
        own = document.position_codec.position_from_client_units(document.lines, position)
        return own.line + 1, own.character + 1


def make_server() -> KernelServer:
    """A server with all that it can do; ``start_io`` runs it."""
    server = KernelServer()

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:  # pyright: ignore[reportUnusedFunction]
        server.settings = sizes_of(params.initialization_options)

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        server.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        server.look(params.text_document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:  # pyright: ignore[reportUnusedFunction]
        uri = params.text_document.uri
        server.opened.pop(uri, None)
        server.good.pop(uri, None)
        none = types.PublishDiagnosticsParams(uri=uri, diagnostics=[])
        server.text_document_publish_diagnostics(none)

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hover(params: types.HoverParams) -> types.Hover | None:  # pyright: ignore[reportUnusedFunction]
        uri = params.text_document.uri
        document = server.opened.get(uri)
        found = document and document.hover(server.place(uri, params.position))
        if not found:
            return None
        contents = types.MarkupContent(types.MarkupKind.Markdown, found.text)
        return types.Hover(contents, server.range(uri, found.span))

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def definition(params: types.DefinitionParams) -> types.Location | None:  # pyright: ignore[reportUnusedFunction]
        uri = params.text_document.uri
        document = server.opened.get(uri)
        if document is None:
            return None
        place = server.place(uri, params.position)
        found = document.definition(place)
        if found is None and not document.is_checked and uri in server.good:
            found = server.good[uri].declared(document.word(place))
        return None if found is None else types.Location(uri, server.range(uri, found))

    return server


def sizes_of(options: object) -> dict[str, int]:
    """The sizes in a client's settings, ``{"params": {"n": 64}}``; what is none is left out."""
    if not isinstance(options, Mapping):
        return {}
    params = cast("Mapping[str, object]", options).get("params")
    if not isinstance(params, Mapping):
        return {}
    return {
        name: size
        for name, size in cast("Mapping[str, object]", params).items()
        if isinstance(size, int) and not isinstance(size, bool) and 0 <= size < MAX_SIZE
    }


def serve() -> None:
    """Serve one client on standard input and output, until it goes."""
    make_server().start_io()
