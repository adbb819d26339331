"""The sandbox's own calls: its settings, its faults, its journal. Not part of the API it stands in for."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from daemon.sandbox.faults import ordered
from daemon.sandbox.house import House


def routes(house: House) -> list[Route]:
    """Give the routes below /sandbox/ that steer `house`."""

    async def settings(request: Request) -> Response:
        if request.method == "POST":
            house.change(await _object(request))
        return JSONResponse({**house.settings.as_json(), "balance": float(house.world.balance)})

    async def faults(request: Request) -> Response:
        if request.method == "POST":
            house.faults.add(ordered(**await _object(request)))
        elif request.method == "DELETE":
            house.faults.clear()
        return JSONResponse([fault.as_json() for fault in house.faults.list()])

    async def journal(request: Request) -> Response:
        if request.method == "DELETE":
            house.journal.clear()
        entries = house.journal.entries(request.query_params.get("call"))
        return JSONResponse([entry.as_json() for entry in entries])

    return [
        Route("/sandbox/settings", _explained(settings), methods=["GET", "POST"]),
        Route("/sandbox/faults", _explained(faults), methods=["GET", "POST", "DELETE"]),
        Route("/sandbox/journal", _explained(journal), methods=["GET", "DELETE"]),
    ]


def _explained(endpoint: Any) -> Any:
    """Answer 400 with the reason where an order is wrong."""

    async def explained(request: Request) -> Response:
        try:
            response: Response = await endpoint(request)
        except (ValueError, TypeError) as error:
            return JSONResponse({"error": str(error)}, 400)
        return response

    return explained


async def _object(request: Request) -> dict[str, Any]:
    values = await request.json()
    if not isinstance(values, dict):
        raise TypeError("a JSON object is needed")
    return values
