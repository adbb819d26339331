"""For machines that watch the daemon: `/healthz`, which anybody may ask, and `/metrics`, which needs the token."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from daemon.signs import HUNG
from daemon.web.desk import Desk
from daemon.web.hands import Hands

HEALTH = "/healthz"
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


def routes(desk: Desk, hands: Hands) -> Sequence[BaseRoute]:
    """Give both routes."""

    async def health(_: Request) -> Response:
        late = await hands.run(late_loops, desk)
        return JSONResponse({"status": "late", "late": late} if late else {"status": "ok"}, 503 if late else 200)

    async def metrics(_: Request) -> Response:
        return Response(await hands.run(_metrics, desk), headers={"Content-Type": _TEXT})

    return [Route(HEALTH, health, methods=["GET"]), Route("/metrics", metrics, methods=["GET"])]


def late_loops(desk: Desk) -> list[str]:
    """Name the loops that do not get on with the work that they have; `table` where it is not to be trusted."""
    late = [name for name, seconds in desk.silences().items() if seconds > HUNG]
    return sorted(late + ["table"] * any(gate.code == "table" for gate in desk.gates()))


def _metrics(desk: Desk) -> bytes:
    # When it is first asked for: a page without it should open as quickly as before.
    from daemon.web.metrics import text_of

    return text_of(desk)
