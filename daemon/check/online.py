"""What `check` asks the API: the key, the balance, and each rule against its model's schema. Nothing is paid."""

from collections.abc import Iterator

from daemon.atlas.catalogue import Model, Schema, model_faults, schema_faults
from daemon.atlas.client import Client
from daemon.check.finding import Finding, fault, ok, warning
from daemon.config import FolderRule, Settings
from daemon.config.words import dotted
from daemon.errors import Blocked, Rejected, StageError, Unreachable


def online_findings(settings: Settings, client: Client) -> Iterator[Finding]:
    """Ask for the balance, which needs the key, then for the catalogue and the schemas of the rules' models.

    What can't be had of catalogue and schemas is a warning: the rules may be right all the same. An API that
    does not answer at all is a fault, since its address may be wrong.
    """
    try:
        yield _balance(client)
    except Unreachable as error:
        yield fault("api.base_url", f"{error} `check --offline` leaves out what needs the API.")
        return
    except StageError as error:
        yield _trouble(error)
    try:
        models = client.models()
    except StageError as error:
        yield warning("api", f"The models could not be checked. {error}")
        return
    yield from _rules(settings, models, client)


def _balance(client: Client) -> Finding:
    found = client.balance()
    text = f"the key is accepted; the balance is {found.available:.2f} {found.currency.upper()}"
    if found.available > 0:
        return ok("api", text)
    return warning("api", f"{text}: jobs wait until there is more")


def _trouble(error: StageError) -> Finding:
    """Judge why the balance could not be had."""
    if isinstance(error, Blocked) and error.code == "balance":
        return warning("api", str(error))
    if isinstance(error, Rejected):
        # a key may be good for generating and not for reading the account
        return warning("api", f"The balance could not be read. {error}")
    return fault("api", str(error))


def _rules(settings: Settings, models: tuple[Model, ...], client: Client) -> Iterator[Finding]:
    schemas: dict[str, Schema | str] = {}
    for name, rule in settings.folders.items():
        key = dotted(("folders", name, "model"))
        if wrong := model_faults(rule.model, rule.kind, models):
            yield from (fault(key, text) for text in wrong)
            continue
        url = next(model.schema_url for model in models if model.id == rule.model)
        if url is None:
            yield warning(key, "the catalogue names no schema for this model, so the rule could not be checked")
            continue
        if url not in schemas:
            schemas[url] = _schema(client, url)
        yield from _rule(name, rule, schemas[url])


def _schema(client: Client, url: str) -> Schema | str:
    """Give a model's schema, or why it can't be had."""
    try:
        return client.schema(url)
    except StageError as error:
        return str(error)


def _rule(name: str, rule: FolderRule, schema: Schema | str) -> Iterator[Finding]:
    key = dotted(("folders", name, "model"))
    if isinstance(schema, str):
        yield warning(key, f"The rule could not be checked against its model. {schema}")
        return
    prompted = bool(rule.prompt) or not rule.takes_media
    if "prompt" in schema.required and not prompted:
        yield warning(
            dotted(("folders", name, "prompt")),
            "is empty, and the model needs one: files without a sidecar that holds a prompt will fail",
        )
    wrong = schema_faults(schema, input_field=rule.input, params=rule.params)
    for text in wrong:
        # the catalogue says first which key it speaks of, if it is another than `model`
        field, colon, rest = text.partition(": ")
        named = colon and field in {"input", "params"}
        yield fault(dotted(("folders", name, field)), rest) if named else fault(key, text)
    if not wrong:
        yield ok(key, f'"{rule.model}" is in the catalogue and takes what the rule sends')
