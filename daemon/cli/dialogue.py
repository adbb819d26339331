"""The questions of `hotfolder init`, each asked only where no option has answered it."""

import os
from dataclasses import replace

from daemon.cli import ask
from daemon.cli.answers import Answers, Plan
from daemon.cli.output import say
from daemon.config.key import VARIABLE
from daemon.names import shown
from daemon.setup import starter, userunit, wizard
from daemon.setup.offers import Offers, try_key
from daemon.setup.wizard import Offer, Task, Wish

#: Models shown for a task; `hotfolder models` shows the rest.
_SHOWN = 6


def complete(given: Answers, plan: Plan, offers: Offers) -> Answers:
    """Ask for what is not said yet; nothing is written meanwhile."""
    say(
        f"This writes {shown(plan.path)}, with one folder to begin with.",
        "Enter takes what stands in brackets; Ctrl-C ends this and leaves nothing behind.",
    )
    given = _ask_key(given, plan.base_url)
    given = _ask_task(given)
    usual = wizard.usual_task(given.task, given.kind, given.model)
    if given.model is None:
        given = replace(given, model=_model(given, usual, offers))
    given = _ask_folder(given, usual, offers.of(given.model or ""), plan)
    given = _ask_limits(given)
    if given.service is None:
        given = replace(given, service=_ask_service())
    return given


def _ask_key(given: Answers, base_url: str) -> Answers:
    """Ask for the key, hidden, until the API accepts it or the person goes on without."""
    if given.no_key or given.key_file:
        return given
    if key := os.environ.get(VARIABLE, "").strip():
        kept = ask.yes(f"Keep the key of ${VARIABLE} in a file that only you can read?", default=True)
        return replace(given, key=key if kept else None)
    say("", "The API key, as Atlas Cloud's console shows it. It is not shown here; Enter alone leaves it out.")
    while key := ask.text("Key", hidden=True):
        accepted, words = try_key(base_url, key)
        say(f"  {words}")
        if accepted is not False:
            return replace(given, key=key)
    say(f"  Left out. Set ${VARIABLE} later, or name its file as api_key_file.")
    return given


def _ask_task(given: Answers) -> Answers:
    if given.task or given.kind or given.model:
        return given
    say("", "What is to become of your files?")
    titles = {task.title: name for name, task in wizard.TASKS.items()}
    rows = [(task.title, task.becomes) for task in wizard.TASKS.values()]
    return replace(given, task=titles[ask.choice("Your choice", rows)])


def _ask_folder(given: Answers, usual: Task | None, offer: Offer | None, plan: Plan) -> Answers:
    """Ask for the prompt, unless the files themselves are the prompts, and for the folder's name."""

    def with_answer(prompt: str | None = None, name: str | None = None) -> Wish:
        known = {"task": given.task, "kind": given.kind, "model": given.model}
        return wizard.wish(beside=plan.beside, offer=offer, prompt=prompt, name=name, **known)

    def wrong(prompt: str | None = None, name: str | None = None) -> str | None:
        field = "prompt" if name is None else "name"
        return starter.wrong(with_answer(prompt, name), plan.place, os.environ, field)

    say("")
    first = with_answer()
    if first.takes_media and given.prompt is None:
        question = "What is to become of each file (the prompt)"
        given = replace(given, prompt=ask.text(question, first.prompt, check=lambda said: wrong(prompt=said)))
    if given.folder is None:
        proposed = wizard.folder_name(usual, given.prompt, first.kind, media=first.takes_media)
        given = replace(given, folder=ask.text("The folder's name", proposed, check=lambda said: wrong(name=said)))
    return given


def _ask_limits(given: Answers) -> Answers:
    """Ask how much may be spent without a word of the person's."""
    if given.budget is None:
        question = "Spend at most this many USD a day (0: no limit)"
        given = replace(given, budget=ask.number(question, wizard.BUDGET_USD))
    if given.pile is None:
        question = "Wait for your word before more files than this at once (0: never)"
        given = replace(given, pile=int(ask.number(question, wizard.PILE, whole=True)))
    return given


def _ask_service() -> bool:
    if not userunit.available(os.environ):
        return False
    return ask.yes("Let it run as your service, from each login on (systemd)?", default=False)


def _model(given: Answers, usual: Task | None, offers: Offers) -> str:
    """Ask for a model: of those that fit the task, or by its id where they can't be had."""
    fitting = offers.fitting(given.task, _SHOWN) if given.task else []
    if fitting:
        say("", "Models for this, with the least that one result costs. You can write another's id.")
        rows = [(offer.id, "" if offer.price is None else f"from ${offer.price:g}") for offer in fitting]
        return ask.choice("Your choice", rows, other=lambda word: _unknown(word, offers))
    say("", "The models can't be had from the API now, so nothing is known of their prices.")
    proposed = usual.model if usual else ""
    return ask.text("The model's id", proposed, check=lambda word: None if word else "Write one.")


def _unknown(word: str, offers: Offers) -> str | None:
    if offers.of(word) is not None:
        return None
    near = ", ".join(offers.nearest(word, 3))
    return "The catalogue has no such model" + (f"; it has {near}." if near else ".")
