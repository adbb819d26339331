"""Reading the forms that the page sends: short ones, which carry their session's token."""

from urllib.parse import parse_qsl

from starlette.requests import Request

from daemon.web.keys import Keys

_LONGEST = 64 * 1024  # bytes
_FIELDS = 50


class BadForm(Exception):
    """A form that is not taken; `status` is the HTTP status that says why."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


async def read(request: Request, keys: Keys) -> dict[str, str]:
    """Give a form's fields. Raises BadForm for what is too long, no form, or not from this session's page."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise BadForm(415, "Only the page's own forms are taken.")
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > _LONGEST:
            raise BadForm(413, "This form is too long.")
        parts.append(part)
    try:
        fields = dict(parse_qsl(b"".join(parts).decode(), keep_blank_values=True, max_num_fields=_FIELDS))
    except ValueError:
        raise BadForm(400, "This form can't be read.") from None
    session = request.scope["session"]
    if session is None or not keys.is_form_token(fields.pop("token", ""), session):
        raise BadForm(403, "This form is not from the page as you opened it. Load the page again.")
    return fields
