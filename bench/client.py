"""Durable requests per second of one process, and what kill -9 costs.

    python -m bench.client [--quick] [--folder FOLDER]

The server is another process on this machine that answers at once: it takes part in the load of the machine
and in nothing else. A prompt has about 3,000 characters and its answer 2,000, words drawn from a short list.
Every request is different.

requests_per_s              chat requests answered, stored and synced to disk, seen by the caller; one client
                            with 64 in flight, the cache in FOLDER (the system's temporary folder); the best
                            of the passes, because what else runs on the machine only ever makes a pass slower
passes                      each pass: bare, durable, uncached
uncached_requests_per_s     the same without a cache
cached_requests_per_s       the same requests again, from the cache
bare_requests_per_s         aiohttp alone, with 64 tasks and nothing else: the ceiling
cpu_us_per_request          processor time of the client's process, all threads
sync_ms                     one write of 4 kB and fdatasync in FOLDER: the median of 50
kills, asked_again          times that a run was killed with -9 at random moments before it came to its end,
                            and requests that were sent again although their answer was in the cache
identical_output            1 if what the run wrote in the end equals what an undisturbed run writes
"""

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

from bluepencil.llm import Answer, Cache, Client, ClientOptions, Request

WORDS = ("lake", "deep", "water", "brown", "peat", "holds", "almost", "fish", "when", "ice", "drew", "back")
PROMPT_WORDS, ANSWER_WORDS = 600, 400
IN_FLIGHT = 64
NUMBER = re.compile(rb'"content":"(\d+) ')


def words(seed: int, count: int) -> str:
    generator = random.Random(seed)
    return " ".join(generator.choices(WORDS, k=count))


# Made once: making them must not be part of what is measured.
TAIL = words(0, PROMPT_WORDS)
ANSWERS = [words(seed, ANSWER_WORDS) for seed in range(1, 65)]


def request(number: int) -> Request:
    return Request(messages=[{"role": "user", "content": f"{number} {TAIL}"}], params={"temperature": 0.2})


class Server(asyncio.Protocol):
    """Just enough of HTTP: an answer by the number that the prompt begins with; GET gives all numbers."""

    asked: ClassVar[list[int]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start with nothing received."""
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer every request that is whole."""
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            head = self._buffer[:end].lower()
            length = int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if len(self._buffer) < end + 4 + length:
                return
            content, self._buffer = self._buffer[end + 4 : end + 4 + length], self._buffer[end + 4 + length :]
            body = self.answer(content) if content else json.dumps(self.asked).encode()
            assert isinstance(self._transport, asyncio.WriteTransport)
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    def answer(self, content: bytes) -> bytes:
        """Return an answer, the same for the same number."""
        found = NUMBER.search(content)
        assert found is not None
        number = int(found[1])
        self.asked.append(number)
        text = f"{number} {ANSWERS[number % len(ANSWERS)]}"
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 750, "completion_tokens": 500}
        return json.dumps({"choices": [choice], "usage": usage}).encode()


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running_server() -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.client", "--serve"], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


def options(address: str, cache: Path | None) -> ClientOptions:
    return ClientOptions(server=address, model="m", cache=str(cache) if cache else None, in_flight=IN_FLIGHT)


def ask(client: Client, first: int, count: int) -> tuple[float, float]:
    """Ask `count` requests; return the requests per second and the processor time of each in seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    answered = sum(
        isinstance(outcome, Answer) for _, outcome in client.ask(map(request, range(first, first + count)))
    )
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    if answered != count:
        raise SystemExit(f"{count - answered} of {count} requests were not answered")
    return count / seconds, cpu / count


def throughput(address: str, folder: Path, count: int, passes: int) -> dict[str, object]:
    ceiling, rates, costs, cached, uncached = [], [], [], [], []
    for number in range(passes):
        first = (number + 1) * 1_000_000
        ceiling.append(asyncio.run(bare(address, first, count)))
        with Client(options(address, folder / f"cache-{number}")) as client:
            ask(client, first - 1, 1)
            rate, cost = ask(client, first, count)
            rates.append(rate)
            costs.append(cost)
            cached.append(ask(client, first, count)[0])
        with Client(options(address, None)) as client:
            uncached.append(ask(client, first, count)[0])
    return {
        "requests_per_s": round(max(rates)),
        "passes": [[round(rate) for rate in row] for row in zip(ceiling, rates, uncached, strict=True)],
        "bare_requests_per_s": round(max(ceiling)),
        "uncached_requests_per_s": round(max(uncached)),
        "cached_requests_per_s": round(max(cached)),
        "cpu_us_per_request": round(1e6 * min(costs)),
    }


async def bare(address: str, first: int, count: int) -> float:
    import aiohttp

    bodies = (request(number).body("m") for number in range(first, first + count))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def work() -> None:
            for body in bodies:
                async with session.post(f"{address}/v1/chat/completions", data=body) as response:
                    await response.read()

        start = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(IN_FLIGHT)))
        return count / (time.perf_counter() - start)


def sync_ms(folder: Path) -> float:
    times = []
    with (folder / "sync").open("wb", buffering=0) as file:
        for _ in range(50):
            start = time.perf_counter()
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def work(address: str, cache: str, count: int, target: str) -> None:
    """The run that is killed: ask, write the answers in order, and rename the file when it is whole."""
    with Client(options(address, Path(cache))) as client, Path(f"{target}.tmp").open("w") as file:
        for number, outcome in client.ask(map(request, range(count))):
            file.write(f"{number} {outcome.text if isinstance(outcome, Answer) else outcome.reason}\n")
    Path(f"{target}.tmp").rename(target)


def asked_by(address: str) -> list[int]:
    with urllib.request.urlopen(address) as response:
        return list(json.load(response))


def killed(folder: Path, count: int) -> dict[str, int]:
    """Run to the end through kills, and once undisturbed with a cache of its own."""
    generator = random.Random()
    kills = again = 0
    with running_server() as address:
        arguments = [
            sys.executable,
            "-m",
            "bench.client",
            "--work",
            address,
            str(folder / "kill-cache"),
            str(count),
        ]
        stored: set[int] = set()
        while not (folder / "out").exists():
            before = len(asked_by(address))
            process = subprocess.Popen([*arguments, str(folder / "out")])
            while process.poll() is None and len(asked_by(address)) == before:
                time.sleep(0.01)
            time.sleep(generator.uniform(0, 0.1 + 0.05 * kills))
            process.kill()
            kills += process.wait() == -9
            again += sum(number in stored for number in asked_by(address)[before:])
            cache = Cache(folder / "kill-cache")
            stored = {number for number in range(count) if request(number).key("m") in cache}
        arguments[5] = str(folder / "quiet-cache")
        subprocess.run([*arguments, str(folder / "quiet")], check=True)
    same = (folder / "out").read_bytes() == (folder / "quiet").read_bytes()
    return {"kills": kills, "asked_again": again, "identical_output": int(same)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="3,000 requests instead of 20,000, fewer passes")
    parser.add_argument("--folder", help="where the cache is made, on the disk to be measured")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve())
    elif given.work:
        work(given.work[0], given.work[1], int(given.work[2]), given.work[3])
    else:
        count, passes = (3_000, 2) if given.quick else (20_000, 5)
        with tempfile.TemporaryDirectory(dir=given.folder) as name:
            folder = Path(name)
            with running_server() as address:
                figures = throughput(address, folder, count, passes)
            figures["sync_ms"] = round(sync_ms(folder), 3)
            figures |= killed(folder, count // 2)
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
