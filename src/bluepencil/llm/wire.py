"""One HTTP request to an OpenAI-compatible server, and what its reply means.

A reply becomes a `Stored` answer or a `Fault`. A fault says whose it is: the record's (asking again cannot
help), perhaps the record's (try a few times), the moment's (wait), or the run's (stop).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import msgspec

from bluepencil.errors import MissingExtraError
from bluepencil.llm.accounting import approximate_tokens, prompt_tokens
from bluepencil.llm.limits import retry_after
from bluepencil.llm.messages import ABORTED, AskReason, Request, Stored
from bluepencil.llm.options import ClientOptions

# Seconds to wait for a connection, and for a health check.
CONNECT_S = 30.0
PROBE_S = 10.0
# An idle connection is kept for less than the 5 s after which uvicorn (vLLM, SGLang) closes it on its side:
# a request sent into a closing connection is lost.
KEEPALIVE_S = 4.0
BUSY_STATUS = frozenset({429, 503, 529})
AGAIN_STATUS = frozenset({408, 409, 425})
NO_SUCH_THING = frozenset({404, 405})
# What servers write when a prompt does not fit: vLLM and OpenAI, SGLang, llama.cpp, TGI.
TOO_LONG_SIGNS = (
    "context length",
    "context_length",
    "context window",
    "context size",
    "exceed_context_size",
    "longer than the model",
    "maximum allowed length",
    "must have less than",
    "too many tokens",
)
OUT_OF_CREDIT_SIGNS = ("insufficient_quota", "billing", "credit balance")
DETAIL_CHARACTERS = 300


class Whose(Enum):
    """Who is to blame for a request that failed, and so what to do."""

    RECORD = "the record: give it up"
    PERHAPS = "perhaps the record: try again a few times"
    MOMENT = "the moment: wait, then try again"
    ADDRESS = "the address or the model: stop the run, unless they have worked before"
    RUN = "the run: stop it"


class Fault(Exception):  # noqa: N818 - never leaves llm/
    """A request without an answer."""

    def __init__(
        self,
        whose: Whose,
        reason: AskReason,
        detail: str,
        *,
        retry_after_s: float | None = None,
        reached: bool = True,
        overload: bool = False,
    ) -> None:
        super().__init__(detail)
        self.whose = whose
        self.reason = reason
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.reached = reached
        self.overload = overload


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    message: _Message | None = None
    text: str | None = None
    finish_reason: str | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int = 0
    completion_tokens: int = 0


class _Body(msgspec.Struct):
    choices: list[_Choice] = []
    usage: _Usage | None = None
    error: Any = None


class Wire:
    """Keeps the connections to one server and sends requests over them; used inside one event loop."""

    def __init__(self, options: ClientOptions) -> None:
        """Open nothing yet; MissingExtraError without aiohttp."""
        try:
            import aiohttp
        except ImportError as error:
            raise MissingExtraError("aiohttp", "llm") from error
        self._aiohttp = aiohttp
        self._base = options.base
        self._key = options.api_key()
        self._proxy = _proxy_for(options.base)
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEPALIVE_S),
            timeout=aiohttp.ClientTimeout(total=options.timeout_s, sock_connect=CONNECT_S),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        self._timeout_s = options.timeout_s

    async def close(self) -> None:
        """Close every connection."""
        await self._session.close()

    async def ask(self, request: Request, body: bytes) -> Stored:
        """Send one request and return its answer; raises Fault."""
        url = f"{self._base}/{request.endpoint}"
        aiohttp = self._aiohttp
        try:
            async with self._session.post(
                url, data=body, proxy=self._proxy, allow_redirects=False
            ) as response:
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise self._connection_fault(error) from error
        if response.status != 200:
            raise self._status_fault(response.status, response.headers, content)
        return self._answer(content, request)

    async def alive(self) -> bool:
        """Ask for the server's health or its models: does it answer anything at all?"""
        root = self._base.removesuffix("/v1")
        timeout = self._aiohttp.ClientTimeout(total=PROBE_S)
        for url in (f"{root}/health", f"{self._base}/models"):
            try:
                async with self._session.get(url, timeout=timeout, proxy=self._proxy) as response:
                    if response.status == 200:
                        return True
            except (TimeoutError, self._aiohttp.ClientError, OSError):
                return False
        return False

    def _connection_fault(self, error: Exception) -> Fault:
        aiohttp = self._aiohttp
        said = self._scrub(str(error) or type(error).__name__)
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            return Fault(Whose.RUN, AskReason.CONNECTION_LOST, f"no secure connection: {said}")
        if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
            return Fault(Whose.MOMENT, AskReason.CONNECTION_LOST, said, reached=False)
        if isinstance(error, TimeoutError):
            return Fault(Whose.PERHAPS, AskReason.TIMED_OUT, f"no answer within {self._timeout_s:g} s")
        if isinstance(error, aiohttp.ClientPayloadError):
            return Fault(Whose.PERHAPS, AskReason.MALFORMED, f"the answer broke off: {said}")
        return Fault(Whose.PERHAPS, AskReason.CONNECTION_LOST, f"the connection was lost: {said}")

    def _status_fault(self, status: int, headers: Mapping[str, str], content: bytes) -> Fault:
        said = self._scrub(content[:4000].decode("utf-8", "replace"))
        detail = f"HTTP {status}: {' '.join(said.split())[:DETAIL_CHARACTERS]}"
        lowered = said.lower()
        if status == 401 or 300 <= status < 400 or status == 402:
            return Fault(Whose.RUN, AskReason.REFUSED, detail)
        if status == 429 and any(sign in lowered for sign in OUT_OF_CREDIT_SIGNS):
            return Fault(Whose.RUN, AskReason.REFUSED, detail)
        if status in BUSY_STATUS:
            wait = retry_after(headers)
            return Fault(Whose.MOMENT, AskReason.BUSY, detail, retry_after_s=wait, overload=True)
        if status >= 500 or status in AGAIN_STATUS:
            wait = retry_after(headers)
            return Fault(Whose.PERHAPS, AskReason.SERVER_ERROR, detail, retry_after_s=wait)
        if status == 413 or any(sign in lowered for sign in TOO_LONG_SIGNS):
            return Fault(Whose.RECORD, AskReason.TOO_LONG, detail)
        whose = Whose.ADDRESS if status in NO_SUCH_THING else Whose.RECORD
        return Fault(whose, AskReason.REFUSED, detail)

    def _answer(self, content: bytes, request: Request) -> Stored:
        try:
            body = msgspec.json.decode(content, type=_Body)
        except msgspec.MsgspecError as error:
            raise Fault(Whose.PERHAPS, AskReason.MALFORMED, f"not an answer: {error}") from error
        if not body.choices:
            said = self._scrub(str(body.error))[:DETAIL_CHARACTERS] if body.error else "it holds no choices"
            reason = AskReason.SERVER_ERROR if body.error else AskReason.MALFORMED
            raise Fault(Whose.PERHAPS, reason, f"HTTP 200 without an answer: {said}")
        choice = body.choices[0]
        finish = choice.finish_reason or "null"
        if finish in ABORTED:
            raise Fault(Whose.PERHAPS, AskReason.SERVER_ERROR, f"the server broke the answer off: {finish}")
        text = (choice.message.content if choice.message is not None else choice.text) or ""
        # Not every server counts; then the rule of thumb stands in.
        usage = body.usage or _Usage(prompt_tokens(request), approximate_tokens(text))
        return Stored(text, finish, usage.prompt_tokens, usage.completion_tokens)

    def _scrub(self, text: str) -> str:
        """Take the key out of what a server or library says, should it repeat it."""
        return text.replace(self._key, "***") if self._key else text


def _proxy_for(base: str) -> str | None:
    """Return the proxy that the environment names for this address, if any."""
    parts = urlsplit(base)
    host = parts.hostname or ""
    if host == "localhost" or host.startswith("127.") or host == "::1" or proxy_bypass(host):
        return None
    return getproxies().get(parts.scheme)
