"""What a person may do on the page: the actions of the commands, refused in the same words."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from daemon.errors import Conflict, PartlyRefused, Refused
from daemon.web import forms
from daemon.web.desk import Desk
from daemon.web.hands import Hands
from daemon.web.keys import Keys
from daemon.web.notices import Notice, Notices, notice
from daemon.web.pages import problem

Fields = Mapping[str, str]
_Act = Callable[[Fields], list[str]]


def routes(desk: Desk, keys: Keys, hands: Hands, notices: Notices) -> Sequence[BaseRoute]:
    """Give the routes; each answers a form with the page that it came from."""

    def route(path: str, act: Callable[[Request], _Act]) -> Route:
        async def answer(request: Request) -> Response:
            try:
                fields = await forms.read(request, keys)
            except forms.BadForm as error:
                return problem(error.status, str(error))
            said = await hands.run(_done, act(request), fields)
            if "application/json" in request.headers.get("accept", ""):
                return JSONResponse({"lines": said.lines, "refused": said.refused})
            notices.leave(request.scope["session"], said)
            return RedirectResponse(_back(fields.get("back", "")), 303)

        return Route(path, answer, methods=["POST"])

    actions = desk.actions

    def job(request: Request) -> int:
        number: int = request.path_params["id"]
        return number

    return [
        route(
            "/jobs/{id:int}/retry",
            lambda request: lambda fields: actions.retry([job(request)], pay_again="pay_again" in fields),
        ),
        route(
            "/jobs/{id:int}/cancel",
            lambda request: lambda fields: actions.cancel([job(request)], forget_paid="forget_paid" in fields),
        ),
        route(
            "/jobs/{id:int}/attach",
            lambda request: lambda fields: [actions.attach(job(request), fields.get("prediction", "").strip())],
        ),
        route("/pause", lambda _: lambda fields: actions.pause(_folders(fields))),
        route("/resume", lambda _: lambda fields: actions.resume(_folders(fields))),
        route("/approve", lambda _: lambda fields: actions.approve(_folders(fields))),
    ]


def _folders(fields: Fields) -> list[str]:
    return [fields["folder"]] if fields.get("folder") else []


def _done(act: _Act, fields: Fields) -> Notice:
    """Do it; what is refused is said like what is done."""
    try:
        return notice("\n".join(act(fields)), refused=False)
    except (Refused, PartlyRefused, Conflict) as refusal:
        return notice(str(refusal), refused=True)
    except OverflowError:  # a number that no row can have
        return notice("there is no such job", refused=True)


def _back(address: str) -> str:
    """Give the page to go back to: one of ours, or the front page."""
    parts = urlsplit(address)
    ours = not parts.scheme and not parts.netloc and (parts.path == "/" or parts.path.startswith("/jobs/"))
    return address if ours and address.isprintable() and "\\" not in address else "/"
