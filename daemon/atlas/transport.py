"""HTTP connections that keep deadlines, check whom they reached, and tell whether anything was sent.

requests and urllib3 do the HTTP. What they leave open is closed in subclasses of urllib3's connections and
pools: a connection reports to its call (deadline.py) when it is made, so "nothing was sent" is known and not
guessed from exceptions; a result's host is checked by the address that was really connected to, before a byte
goes out.
"""

import contextlib
import functools
import queue
import socket
import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.util import wait_for_read

from daemon import __version__, signs
from daemon.atlas.addresses import peer_refusal
from daemon.atlas.deadline import QUIET, Deadline
from daemon.atlas.environment import Environment
from daemon.errors import Withheld

#: An idle connection older than this is not used again: routers on the way forget it without a word.
_LONGEST_IDLE = 30.0
#: Results may lie on ever new hosts; past so many, what is known of them is forgotten.
_MANY_HOSTS = 100
#: What every request carries.
_HEADERS = {
    "User-Agent": f"atlas-hotfolder/{__version__}",
    "Accept": "*/*",
    "Accept-Encoding": "identity",  # no compression bombs, and lengths that can be compared
}
#: A call that spends goes out on a connection that was in use a moment ago, or on a new one.
_LONGEST_IDLE_TO_SPEND = 1.0


@dataclass(slots=True)
class Line:
    """What the connections of one thread's session are used for at this moment."""

    call: Deadline | None = None
    #: Only public addresses may be connected to (and loopback, with `loopback`).
    guarded: bool = False
    loopback: bool = False
    #: Where its idle connections wait.
    pools: "list[weakref.ref[_Pool]]" = field(default_factory=list)

    def take(self, sock: socket.socket, *, proxied: bool) -> None:
        """Report a connection to the present call; raises Withheld where it leads where it must not."""
        if self.call is None:
            raise RuntimeError("a connection without a call")
        self.call.attach(sock.fileno())
        if self.guarded and not proxied:
            wrong = peer_refusal(str(sock.getpeername()[0]), loopback=self.loopback)
            if wrong:
                raise Withheld(f"The result is not fetched: {wrong}.", code="result_refused")


class _Connection(HTTPConnection):
    line: Line
    idle_since = 0.0

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        try:
            self.line.take(sock, proxied=self.proxy is not None)
        except BaseException:
            sock.close()
            raise
        return sock

    def connect(self) -> None:
        super().connect()  # with the proxy's tunnel and the TLS handshake
        self._ready()
        self.sock.settimeout(self.timeout)  # on a connection that is there already urllib3 does it

    def request(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:  # kept alive, or TLS
            if self.line.call is not None:
                self.line.call.connected = False  # of this request nothing was sent if no descriptor is left now
            self.line.take(self.sock, proxied=self.proxy is not None)
            self._ready()
        super().request(*args, **kwargs)

    def getresponse(self) -> Any:
        call = self.line.call
        if call is not None and call.on_silence is not None and not wait_for_read(self.sock, QUIET):
            call.on_silence()
            signs.silent_until(call.due)
        return super().getresponse()

    def _ready(self) -> None:
        call = self.line.call
        if call is not None:
            # urllib3 would give a piece of an upload only the time that it gives a connect
            self.timeout = call.seconds
            call.connected = True


class _SecureConnection(_Connection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection

    def __init__(self, *args: Any, line: Line, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line
        line.pools = [weakref.ref(self), *(known for known in line.pools if known() is not None)]

    def _new_conn(self) -> Any:
        connection: Any = super()._new_conn()
        connection.line = self._line
        return connection

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection: Any = super()._get_conn(timeout)
        spends = self._line.call is not None and self._line.call.spends
        longest = _LONGEST_IDLE_TO_SPEND if spends else _LONGEST_IDLE
        if connection.sock is not None and time.monotonic() - connection.idle_since > longest:
            connection.close()  # it is connected anew when it is used
        return connection

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)

    def drop_idle(self) -> int:
        """Close what nobody uses at this moment, from any thread; give the number of connections."""
        dropped = 0
        waiting = self.pool
        with contextlib.suppress(queue.Empty, queue.Full):
            connection: Any = None if waiting is None else waiting.get_nowait()
            if connection is not None and connection.sock is not None:
                connection.close()
                dropped += 1
            if waiting is not None:
                waiting.put_nowait(None)  # urllib3's word for a place that is free
        return dropped


class _SecurePool(_Pool, HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class _Adapter(HTTPAdapter):
    """requests' adapter over the pools above, without retries (max_retries is 0 by default)."""

    def __init__(self, line: Line, environment: Environment) -> None:
        self._environment = environment
        self._pools = {
            "http": functools.partial(_Pool, line=line),
            "https": functools.partial(_SecurePool, line=line),
        }
        #: Pools by scheme and network location; the adapter belongs to one thread.
        self._direct: dict[tuple[str, str], Any] = {}
        super().__init__(pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def get_connection_with_tls_context(
        self, request: Any, verify: Any, proxies: Any = None, cert: Any = None
    ) -> Any:
        """Find the pool for a host again without reading the URL anew, where no proxy comes into it."""
        if proxies:
            return super().get_connection_with_tls_context(request, verify, proxies, cert)
        origin = urlsplit(request.url)[:2]
        pool = self._direct.get(origin)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            if len(self._direct) >= _MANY_HOSTS:
                self._direct.clear()
            self._direct[origin] = pool
        return pool

    def request_url(self, request: Any, proxies: Any) -> str:
        return super().request_url(request, proxies) if proxies else str(request.path_url)

    def build_response(self, req: Any, resp: Any) -> requests.Response:
        """Give the answer's status, headers and body; its cookies and its encoding are never asked for."""
        response = requests.Response()
        response.status_code = resp.status
        response.headers = resp.headers
        response.raw = resp
        return response

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        host, tls = super().build_connection_pool_key_attributes(request, verify, cert)
        if host["scheme"] == "https":
            return host, {"ssl_context": self._environment.tls(), "cert_reqs": "CERT_REQUIRED"}
        return host, tls

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Leave the pool alone: its TLS context holds the certificates already."""


class Sender:
    """What one thread sends its requests with: no cookies, no .netrc, no redirects, no retries.

    It stands where a requests Session would. A session prepares each call anew from its own and the environment's
    settings, none of which apply here, at a third of the call's cost; and it reads a redirect's body whole,
    whatever its size. `line` is what the connections are used for.
    """

    def __init__(self, environment: Environment) -> None:
        self.line = Line()
        self._environment = environment
        self._adapter = _Adapter(self.line, environment)

    def drop_idle(self) -> int:
        """Close the connections that are kept for the next call, from any thread; give their number."""
        pools = [reference() for reference in self.line.pools]
        return sum(pool.drop_idle() for pool in pools if pool is not None)

    def send(
        self,
        call: Deadline,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        data: Any = None,
        connect: float,
    ) -> requests.Response:
        """Send a request and give its answer with the body unread. Raises what requests and urllib3 raise.

        `headers`: none of those that every request carries; `data`: bytes, or what has a length and gives pieces;
        `connect`: seconds for the connection alone, for each address of the host.
        """
        self.line.call = call
        # By hand: there are no parameters, cookies, credentials or hooks to prepare.
        request: Any = requests.PreparedRequest()
        request.method, request.url, request.body = method, url, data
        if self.line.guarded:
            request.prepare_url(url, None)  # it comes from outside: a path with dots in it is resolved
        request.headers = {**_HEADERS, **headers}  # whose values were looked at where they come from
        if data is not None:
            request.headers["Content-Length"] = str(len(data))
        return self._adapter.send(
            request,
            stream=True,
            timeout=(min(connect, call.seconds), call.seconds),
            proxies=self._environment.proxies(url),
        )

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()
