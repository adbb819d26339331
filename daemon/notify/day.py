"""When the daily summary is due: at a time of day by the machine's own clock, whatever daylight saving does."""

import time


def next_at(after: float, at: str) -> float:
    """Give the first time after `after` at which the local clock shows `at` ("08:00"); seconds since the epoch.

    An hour that a change to daylight saving leaves out counts as the one after it (mktime(3)).
    """
    hour, minute = (int(part) for part in at.split(":"))
    local = time.localtime(after)
    for days in (0, 1, 2):
        day = (local.tm_year, local.tm_mon, local.tm_mday + days, hour, minute, 0, 0, 0, -1)
        found = time.mktime(day)
        if found > after:
            return found
    raise AssertionError("two days hold every time of day")
