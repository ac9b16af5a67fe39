"""The client: requests in, answers out, in order, each paid for once.

    client = Client(ClientOptions(server="http://127.0.0.1:8000", model="qwen", cache="answers"))
    for number, outcome in client.ask(requests):
        ...

The interface is synchronous; the traffic runs in an event loop of its own thread, so connections, limits and
requests under way outlive one call of `ask`.
"""

import asyncio
import contextlib
import os
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from queue import Empty

from bluepencil.documents import tell
from bluepencil.errors import BluepencilError, RunError
from bluepencil.llm.accounting import Accounts, Estimate, Usage, estimate
from bluepencil.llm.cache import Cache
from bluepencil.llm.dispatch import Call, Dispatcher, Inbox, Mail
from bluepencil.llm.messages import Answer, AskReason, Failure, Request, judge
from bluepencil.llm.options import ClientOptions
from bluepencil.llm.peers import Peers

# Requests taken from the caller before they are handed over together.
HANDFUL = 16
# Requests taken in beyond the first that is not answered yet: they keep the window full while one is slow.
LEAST_AHEAD = 256
# Seconds between two looks at whether the thread behind the client is still there.
LOOK_S = 5.0
# Seconds that requests under way may take when the client is closed, and when the program just ends.
DRAIN_S, EXIT_DRAIN_S = 10.0, 2.0


class Client:
    """Asks one model on one server. Use one per process; it may be pickled and may be shared by threads."""

    def __init__(self, options: ClientOptions) -> None:
        """Take the options; nothing is opened before the first use."""
        self.options = options
        self._lock = threading.Lock()
        self._session: _Session | None = None

    def __reduce__(self) -> tuple[type["Client"], tuple[ClientOptions]]:
        """Travel as the options alone; connections stay where they are."""
        return type(self), (self.options,)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def usage(self) -> Usage:
        """What was asked, answered and paid for since this client was made."""
        return self._open().accounts.usage

    def ask(
        self, requests: Iterable[Request], *, ordered: bool = True
    ) -> Iterator[tuple[int, Answer | Failure]]:
        """Yield (number, outcome) for each request, numbered from 0: in their order, or as they come in.

        An answer is durable in the cache before it is yielded. Requests are taken as they are needed, so the
        iterable may be endless. Raises ServerUnusableError, BudgetReachedError, OutputError and
        MissingExtraError; what was answered by then is in the cache, and the same call goes on from there.
        """
        return _Asking(self._open(), requests, ordered=ordered).run()

    def ask_all(self, requests: Iterable[Request]) -> list[Answer | Failure]:
        """Return one outcome per request, in order."""
        return [outcome for _, outcome in self.ask(requests)]

    def estimate(
        self,
        requests: Iterable[Request],
        *,
        answer_tokens: Callable[[Request], int],
        count_tokens: Callable[[str], int] | None = None,
        tokens_per_s: float | None = None,
    ) -> Estimate:
        """Say what `ask` would cost, sending nothing; what the cache holds costs nothing."""
        session, options = self._open(), self.options
        return estimate(
            requests,
            answer_tokens=answer_tokens,
            price=options.price,
            count_tokens=count_tokens,
            is_cached=session.costs_nothing,
            tokens_per_s=tokens_per_s,
            requests_per_minute=options.requests_per_minute,
            tokens_per_minute=options.tokens_per_minute,
        )

    def close(self, drain_s: float = DRAIN_S) -> None:
        """Store what is under way, waiting for it at most `drain_s` seconds, and let go of everything."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close(drain_s)

    def _open(self) -> "_Session":
        """Return what is open in this process; nothing open survives a fork."""
        with self._lock:
            if self._session is None or self._session.process != os.getpid():
                self._session = _Session(self.options)
            return self._session


class _Session:
    """What a client has open in one process: the cache and, once something has to be sent, the traffic."""

    def __init__(self, options: ClientOptions) -> None:
        folder = Path(options.cache) if options.cache is not None else None
        self.options = options
        self.process = os.getpid()
        self.cache = Cache(folder) if folder is not None else None
        self.peers = Peers(folder, options.run)
        self.accounts = Accounts(options.price, options.budget, lambda: self.peers.others)
        self._lock = threading.Lock()
        self._traffic: _Traffic | None = None

    def costs_nothing(self, request: Request) -> bool:
        """Say whether a request would not be sent: it is answered, or it is not text and cannot be."""
        try:
            key = request.key(self.options.model)
        except UnicodeEncodeError:
            return True
        return self.cache is not None and key in self.cache

    def send(self, calls: list[Call]) -> None:
        with self._lock:
            if self._traffic is None:
                self._traffic = _Traffic(self.options, self.cache, self.accounts, self.peers)
                self._at_exit = weakref.finalize(self, self._traffic.close, EXIT_DRAIN_S)
            traffic = self._traffic
        traffic.do(lambda dispatcher: dispatcher.admit(calls))

    def forget(self, inbox: Inbox) -> None:
        if self._traffic is not None:
            self._traffic.do(lambda dispatcher: dispatcher.forget(inbox))

    def is_alive(self) -> bool:
        return self._traffic is not None and self._traffic.is_alive()

    def close(self, drain_s: float) -> None:
        if self._traffic is not None and self.process == os.getpid():
            self._at_exit.detach()
            self._traffic.close(drain_s)


class _Asking:
    """One call of `ask`: takes requests in, looks into the cache, hands the rest over, puts it in order."""

    def __init__(self, session: _Session, requests: Iterable[Request], *, ordered: bool) -> None:
        self._session = session
        self._options = session.options
        self._requests = enumerate(requests)
        self._ordered = ordered
        self._inbox = Inbox()
        self._ahead = max(LEAST_AHEAD, 2 * session.options.in_flight)
        self._ready: dict[int, Answer | Failure] = {}
        self._waiting = 0
        self._next = 0

    def run(self) -> Iterator[tuple[int, Answer | Failure]]:
        if self._session.cache is not None:
            self._session.cache.refresh()
        try:
            while self._take() or self._waiting or self._ready:
                yield from self._in_turn()
                if self._waiting:
                    yield from self._receive()
        finally:
            if self._waiting:
                self._session.forget(self._inbox)

    def _take(self) -> bool:
        """Take requests in as far as there is room; say whether there were any."""
        taken = False
        while (room := self._ahead - self._waiting - len(self._ready)) > 0:
            handful = list(islice(self._requests, min(room, HANDFUL)))
            if not handful:
                break
            taken = True
            calls = [
                call for number, request in handful if (call := self._look_up(number, request)) is not None
            ]
            self._waiting += len(calls)
            tell("answers", len(handful) - len(calls))
            if calls:
                self._session.send(calls)
            elif self._next in self._ready:
                break
        return taken

    def _look_up(self, number: int, request: Request) -> Call | None:
        """Answer a request from the cache, or return the call that has to be made."""
        cache, model = self._session.cache, self._options.model
        try:
            key = request.key(model)
            stored = cache.get(key) if cache is not None else None
            if stored is None:
                return Call(request, key, request.body(model), self._inbox, number)
        except UnicodeEncodeError as error:
            self._ready[number] = Failure(AskReason.BAD_ENCODING, f"the prompt is not valid text: {error}")
            self._session.accounts.add(failed=1)
            return None
        outcome = judge(stored, self._options.finish_reasons, cached=True)
        tokens = stored.tokens_in + stored.tokens_out
        self._session.accounts.add(cached=1, failed=isinstance(outcome, Failure), tokens_saved=tokens)
        self._ready[number] = outcome
        return None

    def _in_turn(self) -> Iterator[tuple[int, Answer | Failure]]:
        """Yield what is ready: all of it, or as far as the order allows."""
        if not self._ordered:
            while self._ready:
                yield self._ready.popitem()
        while self._next in self._ready:
            self._next += 1
            yield self._next - 1, self._ready.pop(self._next - 1)

    def _receive(self) -> Iterator[tuple[int, Answer | Failure]]:
        """Wait for outcomes, take in all there are, yield what is in turn; raise what ended the run."""
        mail: Mail | None = self._wait()
        while mail is not None:
            if isinstance(mail, BluepencilError):
                self._waiting = 0
                yield from self._in_turn()
                raise mail
            self._waiting -= len(mail)
            tell("answers", len(mail))
            self._ready.update(mail)
            mail = self._mail()
        yield from self._in_turn()

    def _wait(self) -> Mail:
        while True:
            try:
                return self._inbox.get(timeout=LOOK_S)
            except Empty:
                if not self._session.is_alive():
                    raise RunError("the client was closed while answers were still waited for") from None

    def _mail(self) -> Mail | None:
        with contextlib.suppress(Empty):
            return self._inbox.get_nowait()
        return None


class _Traffic:
    """A thread with an event loop with a dispatcher in it."""

    def __init__(self, options: ClientOptions, cache: Cache | None, accounts: Accounts, peers: Peers) -> None:
        """Start the thread and wait until the dispatcher is there; raises what keeps it from being made."""
        self._cache = cache
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bluepencil-client", daemon=True)
        self._thread.start()

        async def start() -> Dispatcher:
            return Dispatcher(options, cache, accounts, peers)

        try:
            self._dispatcher = asyncio.run_coroutine_threadsafe(start(), self._loop).result()
        except BaseException:
            self._end()
            raise

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def do(self, work: Callable[[Dispatcher], None]) -> None:
        """Have something done inside the loop, without waiting for it."""
        with contextlib.suppress(RuntimeError):  # closed; whoever waits finds out by `is_alive`
            self._loop.call_soon_threadsafe(work, self._dispatcher)

    def close(self, drain_s: float) -> None:
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._dispatcher.close(drain_s), self._loop).result()
            self._end()
        if self._cache is not None:
            self._cache.close()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
