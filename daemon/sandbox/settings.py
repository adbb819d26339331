"""What the sandbox is set to do: pace, form of its answers, keys, limits."""

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

#: The forms in which one and the same answer occurs: the published clients', one without the envelope, and
#: that of the upload page's examples.
Form = Literal["envelope", "bare", "seed"]


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """The sandbox's settings; times are seconds, `limit_mb` is in 10^6 bytes."""

    latency: float = 0.0  # added to each call, downloads too
    predict_seconds: float = 0.0  # how long a prediction takes; 0: done at its first poll
    jitter: float = 0.0  # the fraction by which that varies, up or down
    warm_up: float = 0.0  # how long a new prediction answers 404
    form: Form = "envelope"
    charge: float = 1.0  # how many times its price a prediction costs: prices of the catalogue are floors
    tell_price: bool = False  # whether a prediction that is over says what it cost
    balance: float = 1000.0  # USD; setting it anew fills or empties the account
    keys: frozenset[str] | None = None  # None: any key will do
    limit_mb: float | None = None  # a larger upload answers 413; the API's own limit is 50
    keep_bytes: bool = True  # False: uploads are hashed and dropped, and outputs are stand-ins
    upload_seconds: float = 3600.0  # how long an upload's URL is good for

    def changed(self, values: Mapping[str, object]) -> "SandboxSettings":
        """Give these settings with `values` replaced; raises ValueError that names what is wrong."""
        checked: dict[str, Any] = {name: _checked(name, value) for name, value in values.items()}
        return dataclasses.replace(self, **checked)

    def as_json(self) -> dict[str, Any]:
        """Give the settings as what JSON can hold."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        values["keys"] = None if self.keys is None else sorted(self.keys)
        return values


_NUMBERS = frozenset(
    {"charge", "latency", "predict_seconds", "jitter", "warm_up", "balance", "limit_mb", "upload_seconds"}
)


_SWITCHES = frozenset({"keep_bytes", "tell_price"})


def _checked(name: str, value: object) -> object:
    if name in _NUMBERS:
        if value is None and name == "limit_mb":
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"{name}: a number of at least 0 is needed, not {value!r}")
        return float(value)
    if name == "form" and value not in get_args(Form):
        raise ValueError(f"form: one of {', '.join(get_args(Form))} is needed, not {value!r}")
    if name in _SWITCHES and not isinstance(value, bool):
        raise ValueError(f"{name}: true or false is needed, not {value!r}")
    if name == "keys":
        return _keys(value)
    if name != "form" and name not in _SWITCHES:
        raise ValueError(f"{name}: there is no such setting")
    return value


def _keys(value: object) -> frozenset[str] | None:
    if value is None:
        return None
    if isinstance(value, Iterable) and not isinstance(value, str):
        return frozenset(str(key) for key in value)
    raise ValueError(f"keys: a list of keys or null is needed, not {value!r}")
