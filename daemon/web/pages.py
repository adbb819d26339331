"""What a person sees: the state of things with all jobs, and one job with its history."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from daemon.people.status import in_figures
from daemon.states import CONDITIONS, Job
from daemon.web import filters
from daemon.web.cards import Card, card_of
from daemon.web.desk import Desk
from daemon.web.filters import GROUPS, TITLES, Filter
from daemon.web.hands import Hands
from daemon.web.keys import Keys
from daemon.web.notices import Notices
from daemon.web.templates import render

#: Cards of one page, and the most that a script may ask for by their numbers.
CARDS = 60
MOST_ASKED = 100


class Pages:
    """Makes pages, in the threads of `hands`; raises nothing but what the table raises."""

    def __init__(self, desk: Desk, keys: Keys, hands: Hands, notices: Notices) -> None:
        self._desk = desk
        self._keys = keys
        self._hands = hands
        self._notices = notices

    def routes(self) -> Sequence[BaseRoute]:
        """Give the routes."""
        return [
            Route("/", self._front, methods=["GET"]),
            Route("/summary", self._summary, methods=["GET"]),
            Route("/cards", self._cards, methods=["GET"]),
            Route("/jobs/{id:int}", self._job, methods=["GET"]),
        ]

    async def _front(self, request: Request) -> Response:
        try:
            wanted = filters.read(request.query_params)
        except ValueError as error:
            return problem(400, str(error))
        session = request.scope["session"]
        return HTMLResponse(await self._hands.run(self._front_of, wanted, session))

    def _front_of(self, wanted: Filter, session: str | None) -> str:
        status = self._desk.status()
        cards, more = self._page(wanted, status)
        return render(
            "front.html",
            **self._common(session),
            **_of_status(status, wanted),
            cards=cards,
            more=more,
            back=wanted.address(),
        )

    async def _summary(self, request: Request) -> Response:
        """Give what stands above the cards, for the script."""
        try:
            wanted = filters.read(request.query_params)
        except ValueError as error:
            return problem(400, str(error))

        def summary() -> str:
            about = _of_status(self._desk.status(), wanted)
            return render("_summary.html", **self._common(request.scope["session"]), **about)

        return HTMLResponse(await self._hands.run(summary))

    async def _cards(self, request: Request) -> Response:
        """Give cards for the script: the next ones, or those of the jobs in `ids` that the filter shows."""
        try:
            wanted = filters.read(request.query_params)
            asked = request.query_params.get("ids")
            ids = (
                None if asked is None else [filters.number(each) for each in asked.split(",") if each][:MOST_ASKED]
            )
        except ValueError as error:
            return problem(400, str(error))

        def cards() -> str:
            status = self._desk.status()
            if ids is None:
                found, more = self._page(wanted, status)
            else:
                jobs = [job for each in ids if (job := self._desk.queries.find(each)) is not None]
                fitting = [job for job in jobs if wanted.fits(job.folder, job.state)]
                found, more = self._made(fitting, status), ""
            common = self._common(request.scope["session"])
            return render("_cards.html", **common, cards=found, more=more, back=wanted.address())

        return HTMLResponse(await self._hands.run(cards))

    async def _job(self, request: Request) -> Response:
        job_id = request.path_params["id"]
        session = request.scope["session"]

        def page() -> str | None:
            job = self._desk.queries.find(job_id) if job_id < 2**63 else None
            if job is None:
                return None
            (card,) = self._made([job], self._desk.status())
            history = self._desk.queries.history(job_id)
            return render("job.html", **self._common(session), card=card, history=history)

        text = await self._hands.run(page)
        return problem(404, f"There is no job {job_id}.") if text is None else HTMLResponse(text)

    def _page(self, wanted: Filter, status: Mapping[str, Any]) -> tuple[list[Card], str]:
        """Give one page of cards, and the address of the next one, or ""."""
        queries = self._desk.queries
        if wanted.narrow:
            folder = wanted.folder or None
            jobs = queries.newest(wanted.states, folder, before=wanted.before, limit=CARDS + 1)
        else:
            jobs = queries.listed(before=wanted.before, limit=CARDS + 1)
        more = wanted.address(before=jobs[CARDS - 1].id) if len(jobs) > CARDS else ""
        return self._made(jobs[:CARDS], status), more

    def _made(self, jobs: Sequence[Job], status: Mapping[str, Any]) -> list[Card]:
        now = self._desk.clock.now()
        return [card_of(job, status, self._desk.usual, now) for job in jobs]

    def _common(self, session: str | None) -> dict[str, Any]:
        """Give what every template may use."""
        return {
            "token": self._keys.form_token(session) if session else "",
            "now": self._desk.clock.wall(),
            "notice": self._notices.take(session),
        }


def _of_status(status: Mapping[str, Any], wanted: Filter) -> dict[str, Any]:
    """Give what the top of the page says, from what `status --json` prints."""
    counts = dict.fromkeys(GROUPS, 0)
    for name, folder in status["folders"].items():
        if wanted.folder in {"", name}:
            for group, states in GROUPS.items():
                counts[group] += sum(folder["states"].get(str(state), 0) for state in states)
    by_themselves = sum(job["code"] in CONDITIONS for job in status["held"])
    return {
        "status": status,
        "needing": status["total"]["held"] - by_themselves,
        "headline": in_figures(status),  # why nothing is sent, the notices below it say
        "wanted": wanted,
        "titles": TITLES,
        "counts": counts,
        "folders": sorted(status["folders"]),
        "paused": {gate["folder"] or "" for gate in status["gates"] if gate["code"] == "pause"},
    }


def problem(status: int, words: str) -> Response:
    """Give a page that says what is wrong."""
    return HTMLResponse(render("problem.html", status=status, words=words), status)
