"""A local server with a script, for the tests: real sockets, and every way of going wrong.

    with FakeServer(lambda seen: reply(seen.text.upper())) as server: ...

Also a program, `python tests/llm/server.py PORT [SECONDS] [CHILD]`: it answers for so long and then ends with
status 3; with CHILD it starts a process that outlives it.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Seen:
    """A request as it came in. `times` counts how often its text has come, from 1."""

    text: str
    times: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]
    path: str
    at: float


@dataclass(frozen=True)
class Reply:
    """What to send back: after `delay_s`, the first `sent` bytes of the body (all: None); never: nothing."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_s: float = 0.0
    sent: int | None = None
    never: bool = False
    reset: bool = False


def reply(text: str | None, finish: str | None = "stop", tokens: tuple[int, int] | None = (10, 5)) -> Reply:
    """Return an answer in the form of both endpoints."""
    choice = {"index": 0, "message": {"content": text}, "text": text, "finish_reason": finish}
    body: dict[str, Any] = {"choices": [choice]}
    if tokens is not None:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return Reply(body=json.dumps(body).encode())


def fault(status: int, message: str = "no", **headers: str) -> Reply:
    """Return an error reply; `retry_after="2"` becomes a header."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps({"error": {"message": message}}).encode(), named)


Script = Callable[[Seen], Reply]


class FakeServer:
    """Runs in a thread of the test; `seen` lists the requests, health checks left out."""

    def __init__(self, script: Script, port: int = 0) -> None:
        self.script = script
        self.port = port
        self.seen: list[Seen] = []
        self.healthy = True
        self._connections: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return len(self._connections)

    def texts(self) -> list[str]:
        return [seen.text for seen in self.seen]

    def __enter__(self) -> "FakeServer":
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self) -> None:
        """Listen, on the same port as before."""

        async def start() -> None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

        asyncio.run_coroutine_threadsafe(start(), self._loop).result()

    def stop(self) -> None:
        """Die: no more connections, and those that are open break."""

        async def stop() -> None:
            if self._server is not None:
                self._server.close()
                self._server = None
            for writer in self._connections:
                writer.transport.abort()

        asyncio.run_coroutine_threadsafe(stop(), self._loop).result()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            while self._server is not None and await self._exchange(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._connections.discard(writer)
            writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        verb, path, _ = head[0].split(" ")
        headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in head[1:] if line)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        if verb == "GET":
            answer = Reply(200 if self.healthy else 500, b"{}")
        else:
            answer = self.script(self._note(path, headers, content))
        await asyncio.sleep(answer.delay_s)
        if answer.never:
            await reader.read()
        if answer.never or answer.reset:
            return False
        lines = [f"HTTP/1.1 {answer.status} X", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(answer.body)}", *(f"{n}: {v}" for n, v in answer.headers.items())]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + answer.body[: answer.sent])
        await writer.drain()
        if answer.sent is not None:
            writer.close()
        return answer.sent is None

    def _note(self, path: str, headers: Mapping[str, str], content: bytes) -> Seen:
        body = json.loads(content)
        text = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        times = sum(seen.text == text for seen in self.seen) + 1
        seen = Seen(text, times, body, headers, path, time.monotonic())
        self.seen.append(seen)
        return seen


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(port: int, seconds: float = 1e9, child: str = "") -> int:
    if child:
        lasting = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
        say(f"child {subprocess.Popen([sys.executable, '-c', lasting]).pid}")
    with FakeServer(lambda seen: reply(seen.text.upper()), port):
        say(f"serving on {port}")
        time.sleep(min(seconds, 86_400))
    say("out of time")
    return 3


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), *map(float, sys.argv[2:3]), *sys.argv[3:4]))
