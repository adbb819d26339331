"""The page's templates: every text is escaped, and a name that a template does not know is an error."""

import os
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from daemon.money.amounts import at_least, dollars
from daemon.web import words

_HERE = os.path.dirname(os.path.abspath(__file__))


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(os.path.join(_HERE, "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters.update(
        commands=words.with_commands,
        sentence=words.sentence,
        duration=words.duration,
        size=words.size,
        moment=words.moment,
        stamp=words.stamp,
        parsed=words.parsed,
        at_least=at_least,
        dollars=dollars,
    )
    return environment


_ENVIRONMENT = _environment()


def render(name: str, **values: Any) -> str:
    """Give the HTML of the template `name` with these values."""
    return _ENVIRONMENT.get_template(name).render(values)
