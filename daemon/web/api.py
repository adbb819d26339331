"""JSON for programs: what `status --json` and `jobs --json` print."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from daemon.people.status import job_fields
from daemon.states import State
from daemon.web.desk import Desk
from daemon.web.filters import number
from daemon.web.hands import Hands

#: Jobs in one answer unless `limit` says else, and at most.
_USUAL, _MOST = 100, 1000


def routes(desk: Desk, hands: Hands) -> Sequence[BaseRoute]:
    """Give `/api/status` and `/api/jobs?state=&folder=&before=&limit=`."""

    async def status(_: Request) -> Response:
        return JSONResponse(await hands.run(desk.status))

    def found(state: State | None, folder: str | None, before: int | None, limit: int) -> list[dict[str, Any]]:
        queries = desk.queries
        if state is None and not folder:
            jobs = queries.listed(before=before, limit=limit)
        else:
            states = tuple(State) if state is None else (state,)
            jobs = queries.newest(states, folder or None, before=before, limit=limit)
        return [job_fields(job) for job in jobs]

    async def jobs(request: Request) -> Response:
        asked = request.query_params
        try:
            state = State(asked["state"]) if asked.get("state") else None
            before = number(asked["before"]) if asked.get("before") else None
            limit = min(_MOST, max(1, int(asked.get("limit") or _USUAL)))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(await hands.run(found, state, asked.get("folder"), before, limit))

    return [Route("/api/status", status, methods=["GET"]), Route("/api/jobs", jobs, methods=["GET"])]
