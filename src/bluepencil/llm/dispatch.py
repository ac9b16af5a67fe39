"""Sends requests to a server, within its limits, until each has an answer or a reason for none.

Lives inside one event loop. `pump` is the only place where a request is let through; `_settle` the only place
where a fault is judged; answers leave through `_save`, after the disk has them.
"""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from bluepencil.errors import BluepencilError, OutputError, RunError
from bluepencil.llm.accounting import Accounts, most_tokens_out, prompt_tokens
from bluepencil.llm.cache import Cache, record
from bluepencil.llm.limits import Backoff, Health, Rate, ServerUnusableError, Window
from bluepencil.llm.messages import Answer, AskReason, Failure, Request, Stored, judge
from bluepencil.llm.options import ClientOptions
from bluepencil.llm.peers import BEAT, Peers
from bluepencil.llm.wire import Fault, Whose, Wire

# What reaches the thread that asked: numbered outcomes in groups, or the error that ends the run.
Mail = list[tuple[int, Answer | Failure]] | BluepencilError


class Inbox(SimpleQueue[Mail]):
    """Where one asking gets its outcomes; after an error it gets nothing more, and sends nothing more."""

    ended = False


class Call:
    """One request on its way, with everybody who waits for its answer and what happened to it so far."""

    def __init__(self, request: Request, key: bytes, body: bytes, inbox: Inbox, index: int) -> None:
        self.request = request
        self.key = key
        self.body = body
        self.listeners = [(inbox, index)]
        self.tokens_in = prompt_tokens(request)
        self.tokens_out = most_tokens_out(request, self.tokens_in)
        self.tries = 0
        self.timeouts = 0
        self.first_sent: float | None = None
        self.alone = False
        self.fell_alone = False
        self.under_way = False


class Dispatcher:
    """The traffic between one client and one server."""

    def __init__(self, options: ClientOptions, cache: Cache | None, accounts: Accounts, peers: Peers) -> None:
        """Open the connections; to be made inside a running event loop."""
        self._options = options
        self._cache = cache
        self._accounts = accounts
        self._peers = peers
        self._loop = asyncio.get_running_loop()
        self._wire = Wire(options)
        self._disk = ThreadPoolExecutor(1, "bluepencil-cache")
        self._requests = Rate(options.requests_per_minute)
        self._tokens = Rate(options.tokens_per_minute)
        self._window = Window(options.in_flight)
        self._backoff = Backoff(options.backoff_s, options.backoff_max_s)
        self._health = Health(options.patience_s, options.connect_patience_s, options.failures_in_a_row)
        self._queue: deque[Call] = deque()
        self._pending: dict[bytes, Call] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight = 0
        self._alone = False
        self._paused_until = 0.0
        self._overloads = 0
        self._timer: asyncio.TimerHandle | None = None
        self._unsaved: list[tuple[Call, Stored]] = []
        self._unnoted = (0, 0)
        self._saving: asyncio.Task[None] | None = None
        self._beating = False
        self._closing = False
        self._loop.set_exception_handler(self._surprised)

    def admit(self, calls: Sequence[Call]) -> None:
        """Take in requests; one that equals a request under way waits for the same answer."""
        if not self._pending:
            self._health.begin()
        for call in calls:
            if call.listeners[0][0].ended:
                continue
            twin = self._pending.get(call.key)
            if twin is not None:
                twin.listeners += call.listeners
                continue
            # It may have been answered between the look into the cache and now.
            stored = self._cache.get(call.key) if self._cache is not None else None
            if stored is not None:
                self._deliver([(call, stored)], paid=False)
                continue
            self._pending[call.key] = call
            self._queue.append(call)
        if self._pending and not self._beating:
            self._beat()
        self._start_saving()
        self.pump()

    def forget(self, inbox: Inbox) -> None:
        """Drop what nobody waits for any more; what is under way is paid for, so its answer is still kept."""
        for call in self._pending.values():
            call.listeners = [listener for listener in call.listeners if listener[0] is not inbox]
        self._drop_unheard()

    def _drop_unheard(self) -> None:
        self._queue = deque(call for call in self._queue if call.listeners)
        self._pending = {key: call for key, call in self._pending.items() if call.listeners or call.under_way}

    def _beat(self) -> None:
        """Tell the other processes of the run that this one is at work, as long as it is."""
        self._beating = bool(self._pending) and not self._closing
        if self._beating:
            self._peers.beat()
            self._loop.call_later(BEAT, self._beat)

    def pump(self) -> None:
        """Send as many requests as every limit lets through now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._queue and not self._closing and self._may_send(self._queue[0]):
            self._send(self._queue.popleft())

    def _may_send(self, call: Call) -> bool:
        """Say whether a request may go now; where only time is missing, come back when it has passed."""
        share = 1 / self._peers.alive
        if self._alone or self._in_flight >= (1 if call.alone else self._window.size(share)):
            return False
        if not self._accounts.affords(call.tokens_in, call.tokens_out):
            if self._in_flight == 0 and self._saving is None:
                self._stop(self._accounts.reached())
            return False
        now = time.monotonic()
        wait = max(self._paused_until - now, self._requests.delay(now), self._tokens.delay(now))
        if wait > 0:
            self._timer = self._loop.call_later(wait, self.pump)
            return False
        self._requests.take(1, now, share)
        self._tokens.take(call.tokens_in + call.tokens_out, now, share)
        return True

    def _send(self, call: Call) -> None:
        self._in_flight += 1
        self._alone = call.alone
        call.under_way = True
        self._accounts.reserve(call.tokens_in, call.tokens_out)
        task = self._loop.create_task(self._try(call))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._stop(error if isinstance(error, BluepencilError) else _unexpected(error))

    def _surprised(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End the run for an error in a callback, which would otherwise only be logged."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self._stop(error if isinstance(error, BluepencilError) else _unexpected(error))

    async def _try(self, call: Call) -> None:
        """Send a request once, and either keep its answer or settle what its fault means."""
        started = time.monotonic()
        call.first_sent = call.first_sent or started
        fault = None
        try:
            stored = await self._wire.ask(call.request, call.body)
        except Fault as caught:
            fault = caught
        finally:
            self._in_flight -= 1
            self._alone = False
            self._accounts.reserve(-call.tokens_in, -call.tokens_out)
        if fault is None:
            self._succeed(call, stored)
        else:
            self._accounts.add(sent=1)
            await self._settle(call, fault, started)
            call.under_way = False
        self.pump()

    def _succeed(self, call: Call, stored: Stored) -> None:
        self._health.success(time.monotonic())
        self._window.success()
        self._overloads = 0
        spent = stored.tokens_in + stored.tokens_out
        self._tokens.correct(spent - call.tokens_in - call.tokens_out, 1 / self._peers.alive)
        # Paid for now, whatever becomes of the answer.
        self._accounts.add(sent=1, answered=1, tokens_in=stored.tokens_in, tokens_out=stored.tokens_out)
        self._unnoted = (self._unnoted[0] + stored.tokens_in, self._unnoted[1] + stored.tokens_out)
        self._unsaved.append((call, stored))
        self._start_saving()

    def _take_spent(self) -> tuple[int, int]:
        """Return the tokens that the other processes have not been told of yet."""
        spent, self._unnoted = self._unnoted, (0, 0)
        return spent

    def _start_saving(self) -> None:
        if self._unsaved and self._saving is None:
            self._saving = self._loop.create_task(self._save())
            self._saving.add_done_callback(self._finished)

    async def _save(self) -> None:
        """Store answers in groups: all that came in while the disk was busy with the last group."""
        try:
            while self._unsaved:
                spent = self._take_spent()
                self._peers.spend(*spent, self._accounts.cost(*spent))
                group, self._unsaved = self._unsaved, []
                if self._cache is not None:
                    await self._store(self._cache, group)
                for call, _ in group:
                    self._pending.pop(call.key, None)
                self._deliver(group, paid=True)
        finally:
            self._saving = None
        self.pump()

    async def _store(self, cache: Cache, group: list[tuple[Call, Stored]]) -> None:
        # Packed here and not in the disk's thread: compressing lets go of the interpreter lock, and a thread
        # that has to win it back from this busy one for every record is slower than the disk.
        records = [(call.key, record(call.key, stored)) for call, stored in group]
        try:
            await self._loop.run_in_executor(self._disk, cache.write, records)
        except RuntimeError:  # the interpreter is ending, and closes its executors first
            cache.write(records)
        except OutputError:
            # They are paid for: they are kept in mind until the disk takes them.
            self._unsaved = group + self._unsaved
            raise

    def _deliver(self, group: Sequence[tuple[Call, Stored]], *, paid: bool) -> None:
        """Hand answers to everybody who waits for them; the first to have asked is the one who paid."""
        mail: dict[int, tuple[Inbox, list[tuple[int, Answer | Failure]]]] = {}
        for call, stored in group:
            for position, (inbox, index) in enumerate(call.listeners):
                cached = not paid or position > 0
                outcome = judge(stored, self._options.finish_reasons, cached=cached)
                saved = stored.tokens_in + stored.tokens_out if cached else 0
                self._accounts.add(cached=cached, failed=isinstance(outcome, Failure), tokens_saved=saved)
                mail.setdefault(id(inbox), (inbox, []))[1].append((index, outcome))
        for inbox, outcomes in mail.values():
            inbox.put(outcomes)

    async def _settle(self, call: Call, fault: Fault, started: float) -> None:
        """Decide what a fault means: try again, give the record up, or stop the run."""
        now = time.monotonic()
        self._health.fault(started, reached=fault.reached)
        unusable = fault.whose is Whose.ADDRESS and not self._health.succeeded
        if fault.whose is Whose.RUN or unusable:
            self._stop(
                ServerUnusableError(f"the server at {self._options.base} refuses to work: {fault.detail}")
            )
        elif fault.whose in (Whose.RECORD, Whose.ADDRESS) or await self._is_hopeless(call, fault, now):
            self._give_up(call, fault)
        elif (left := self._health.patience_left(now)) <= (fault.retry_after_s or 0):
            self._stop(self._out_of_patience(fault, left))
        else:
            self._try_again(call, fault, now)

    async def _is_hopeless(self, call: Call, fault: Fault, now: float) -> bool:
        """Say whether it is this record that fails, and not the server."""
        first = call.first_sent or now
        if fault.whose is Whose.MOMENT:
            waited = now - first > self._options.patience_s
            return waited and self._health.succeeded_since(first)
        call.tries += 1
        call.timeouts += fault.reason is AskReason.TIMED_OUT
        if call.tries < self._options.attempts and call.timeouts < self._options.timeout_attempts:
            return False
        if fault.reason is AskReason.CONNECTION_LOST and not call.fell_alone:
            # Whoever was under way when a server fell lost its connection: only what falls alone is guilty,
            # and not the first time, for it may have gone into a connection that another's fall had closed.
            call.alone, call.fell_alone = True, call.alone
            return False
        return self._health.succeeded_since(first) or await self._wire.alive()

    def _try_again(self, call: Call, fault: Fault, now: float) -> None:
        pause = self._backoff.pause(max(1, call.tries))
        if fault.whose is Whose.MOMENT:
            # Nobody else would fare better now, so everybody waits.
            self._overloads += now >= self._paused_until
            pause = self._backoff.pause(self._overloads)
            if fault.overload:
                self._window.overload(now)
            self._paused_until = max(self._paused_until, now + (fault.retry_after_s or pause))
        self._loop.call_later(max(pause, fault.retry_after_s or 0), self._again, call)

    def _again(self, call: Call) -> None:
        if self._pending.get(call.key) is call:
            self._queue.appendleft(call)
            self.pump()

    def _give_up(self, call: Call, fault: Fault) -> None:
        """Make a record one failed outcome; too many in a row mean that it is not the records."""
        if self._health.give_up_record():
            count = self._options.failures_in_a_row
            self._stop(
                ServerUnusableError(
                    f"{count} records in a row failed at {self._options.base}, with no success in between; "
                    f"the last: {fault.detail}"
                )
            )
            return
        self._pending.pop(call.key, None)
        for inbox, index in call.listeners:
            self._accounts.add(failed=1)
            inbox.put([(index, Failure(fault.reason, fault.detail))])

    def _out_of_patience(self, fault: Fault, left: float) -> ServerUnusableError:
        if left > 0 and fault.retry_after_s:
            said = f"asks to wait {fault.retry_after_s:.0f} s, longer than the patience that is left"
        else:
            said = "has not answered a single request in all the time it was given"
        return ServerUnusableError(
            f"the server at {self._options.base} {said}; the last: {fault.detail}; "
            "every answer so far is kept, and the same command goes on from here"
        )

    def _stop(self, error: BluepencilError) -> None:
        """End every asking with an error; what is under way is paid for, so its answer is still kept."""
        inboxes = {id(inbox): inbox for call in self._pending.values() for inbox, _ in call.listeners}
        for call in self._pending.values():
            call.listeners = []
        self._drop_unheard()
        for inbox in inboxes.values():
            inbox.ended = True
            inbox.put(error)

    async def close(self, drain_s: float) -> None:
        """Let what is under way finish for a while, store it, and close the connections."""
        self._closing = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=drain_s)
        for task in self._tasks:
            task.cancel()
        self._start_saving()
        if self._saving is not None:
            await asyncio.wait([self._saving])
        await self._wire.close()
        self._disk.shutdown()
        self._peers.close()


def _unexpected(error: BaseException) -> RunError:
    ended = RunError(f"asking failed in a way nobody foresaw: {type(error).__name__}: {error}")
    ended.__cause__ = error
    return ended
