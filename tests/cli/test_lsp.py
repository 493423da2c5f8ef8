"""`vliwc lsp` as an editor sees it: its protocol, over standard input and output."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import KERNEL, Called

URI = "file:///work/affine.vk"
TEXT = "// params: n=16\n" + KERNEL


class Client:
    """An editor: sends requests and notifications, keeps what comes back."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vliwc.cli", "lsp"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self.number = 0
        # A server that does not answer fails the test instead of holding it up for ever.
        self.patience = threading.Timer(120, self.process.kill)
        self.patience.start()

    def send(self, **message: object) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self.process.stdin.flush()

    def receive(self) -> Any:
        assert self.process.stdout is not None
        length = 0
        while line := self.process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the server has gone"
        return json.loads(self.process.stdout.read(length))

    def notify(self, method: str, **params: object) -> None:
        self.send(method=method, params=params)

    def request(self, method: str, **params: object) -> Any:
        """The result of a request; notifications before it are passed over."""
        self.number += 1
        self.send(id=self.number, method=method, params=params)
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]

    def diagnostics(self) -> list[Any]:
        """The next diagnostics that come."""
        while True:
            message = self.receive()
            if message.get("method") == "textDocument/publishDiagnostics":
                assert message["params"]["uri"] == URI
                return message["params"]["diagnostics"]

    def open(self, text: str) -> list[Any]:
        document = {"uri": URI, "languageId": "vk", "version": 1, "text": text}
        self.notify("textDocument/didOpen", textDocument=document)
        return self.diagnostics()

    def change(self, version: int, text: str, **where: object) -> list[Any]:
        document = {"uri": URI, "version": version}
        changes = [{"text": text, **where}]
        self.notify("textDocument/didChange", textDocument=document, contentChanges=changes)
        return self.diagnostics()

    def ask(self, what: str, line: int, character: int) -> Any:
        position = {"line": line, "character": character}
        return self.request(f"textDocument/{what}", textDocument={"uri": URI}, position=position)


@pytest.fixture
def client() -> Iterator[Client]:
    """A client that has greeted the server, which ends by itself when told to."""
    client = Client()
    try:
        yield client
        client.request("shutdown")
        client.notify("exit")
        assert client.process.wait(20) == 0
    finally:
        client.patience.cancel()
        client.process.kill()
        client.process.communicate()


def greet(client: Client, options: object = None) -> Any:
    result = client.request(
        "initialize", processId=None, rootUri=None, capabilities={}, initializationOptions=options
    )
    client.notify("initialized")
    return result


def at(text: str, part: str, more: int = 0) -> tuple[int, int]:
    """Line and character, from 0, of a part of a text."""
    before = text[: text.index(part) + more]
    return before.count("\n"), len(before) - before.rfind("\n") - 1


def test_a_session(client: Client) -> None:
    greeting = greet(client)
    assert greeting["serverInfo"]["name"] == "vliwc"
    offered = greeting["capabilities"]
    assert offered["hoverProvider"] and offered["definitionProvider"]
    assert client.open(TEXT) == []

    line, character = at(TEXT, "x[i] + 1")
    shown = client.ask("hover", line, character)
    assert shown["contents"]["kind"] == "markdown"
    assert "**x**: in array" in shown["contents"]["value"]
    assert "words 0 to 15" in shown["contents"]["value"]
    assert shown["range"]["start"] == {"line": line, "character": character}
    expression = client.ask("hover", *at(TEXT, "3 * x", 2))
    assert "0 to 2997" in expression["contents"]["value"], "999 at most, by the assumption"
    assert client.ask("hover", 0, 0) is None

    found = client.ask("definition", line, character)
    assert found["uri"] == URI
    start = dict(zip(("line", "character"), at(TEXT, "x: u32"), strict=True))
    assert found["range"]["start"] == start
    assert client.ask("definition", 0, 0) is None

    # Somebody types: an unknown name, then half a line, then all is well again.
    span = {"line": line, "character": character}
    word = {"start": span, "end": {"line": line, "character": character + 1}}
    (unknown,) = client.change(2, "z", range=word)
    assert unknown["code"] == "E0201" and unknown["source"] == "vliwc" and unknown["severity"] == 1
    assert unknown["range"] == word
    assert "`z`" in unknown["message"]
    (fixed,) = client.change(3, TEXT.replace("assume x[i]", "let a = 1; a = 2; assume x[i]"))
    assert "\nhint: declare it with `var`" in fixed["message"]
    (broken,) = client.change(4, TEXT.replace("x[i] + 1;", "x[i] +"))
    assert broken["code"].startswith("E01")
    still = client.ask("definition", line, character)
    assert still["range"]["start"] == start, "names lead to where they were declared before"
    assert client.change(5, TEXT) == []
    client.notify("textDocument/didClose", textDocument={"uri": URI})
    assert client.diagnostics() == []


def test_notes_have_places_and_sizes_come_from_settings(client: Client) -> None:
    greet(client, {"params": {"n": 16, "m": "3"}})
    overlapping = KERNEL.replace("at n;", "at n - 1;")
    (found,) = client.open(overlapping)
    assert found["code"] == "E0505" and "overlap" in found["message"]
    (related,) = found["relatedInformation"]
    assert related["message"] == "`x` takes words 0 to 15"
    assert related["location"]["range"]["start"]["line"] == at(KERNEL, "x: u32")[0]


def test_characters_are_counted_as_the_client_does(client: Client) -> None:
    greet(client)
    (found,) = client.open("𝛼 kernel")  # a character of two units in UTF-16
    assert found["code"].startswith("E01")
    assert found["range"]["start"] == {"line": 0, "character": 0}
    assert found["range"]["end"]["character"] == 2


def test_without_pygls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    monkeypatch.setattr("vliwc.cli.kernels.lsp.find_spec", lambda name: None)
    Called("lsp").failed("pygls", "vliwc[lsp]")


def test_the_command_says_what_it_is(tmp_path: Path) -> None:
    assert "Language Server Protocol" in Called("lsp", "--help").succeeded().stdout
