"""Every fault that the sandbox knows, on every call of a job, alone and all mixed: each job ends as it must."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from daemon.sandbox.faults import KINDS
from daemon.states import State
from tests.conftest import Figure
from tests.daemon.house import House, house_in
from tests.daemon.samples import picture
from tests.support import wait_for

CALLS = ("upload", "submit", "poll", "download")
CASES = [(call, kind) for kind, known in KINDS.items() for call in CALLS if call in known.calls]
#: Options where the usual ones would take long.
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "hang": {"seconds": 0.1},
    "drip": {"interval": 0.0001},
    "huge": {"bytes": 3_000_000},
}
#: What does not end well by itself, and how it ends; all other faults are got over.
_UNKNOWN = (State.HELD, "unknown_submit")
_EXPIRED_TWICE = (State.FAILED, "upload_expired")
ENDS: Mapping[tuple[str, str], tuple[State, str]] = {
    **{("submit", kind): _UNKNOWN for kind in ("status", "reset_before", "reset_after", "redirect")},
    **{("submit", kind): _UNKNOWN for kind in ("cut_json", "not_json", "html_200", "other_form")},
    ("poll", "prediction_status"): (State.FAILED, "prediction_failed"),
    ("poll", "no_outputs"): (State.HELD, "result_refused"),
    ("download", "huge"): (State.HELD, "result_refused"),
    ("download", "bomb"): (State.HELD, "result_refused"),
}
#: Kinds that a job gets over or that leave its submit unknown; the seed decides which call each of them strikes.
MIXED = [kind for kind in KINDS if kind not in {"prediction_status", "no_outputs", "huge", "bomb"}]
FILES = 300


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Give one house for all cases: each brings a file of its own, and no fault outlives its case."""
    with house_in(str(tmp_path_factory.mktemp("house"))) as opened:
        opened.start(limits={"max_result_mb": 2})
        yield opened


@pytest.mark.parametrize(("call", "kind"), CASES)
def test_a_fault_of_one_call(common: House, call: str, kind: str) -> None:
    number = CASES.index((call, kind))
    content = picture(number)
    common.sandbox.fault(call, kind, **OPTIONS.get(kind, {}))
    state, code = ENDS.get((call, kind), (State.DONE, None))
    common.hurried(common.drop(f"{number}.png", content), state, code=code)
    assert [entry.fault for entry in common.sandbox.journal() if entry.call == call].count(kind) == 1
    sent = [entry for entry in common.submits() if entry.fault != "upload_expired"]
    assert len(sent) == 1
    assert common.results().get(f"{number}.png") == (content if state is State.DONE else None)
    common.sandbox.clear_journal()


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_faults_of_a_tenth_of_all_calls(house: House, figure: Figure) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    figure("seed of the mixed faults", seed)
    for number, kind in enumerate(MIXED):
        options: dict[str, Any] = {**OPTIONS.get(kind, {}), "probability": share(kind), "seed": seed + number}
        house.sandbox.fault("any", kind, count=None, **options)
    house.start()
    sources = {house.drop(f"{number}.png", picture(number)): picture(number) for number in range(FILES)}

    def ended() -> bool:
        house.hurry()
        jobs = house.jobs()
        return len(jobs) == FILES and all(job.put_away or job.state is State.HELD for job in jobs)

    wait_for(ended, 200, "the end of all jobs")
    tell_how_it_went(house, figure)
    results, jobs = house.results(), house.jobs()
    # An expired upload is made anew once. By chance a file may be told so twice; that is no other than a bad file.
    twice = [job for job in jobs if (job.state, job.error_code) == _EXPIRED_TWICE]
    assert all(job.reuploads == 1 for job in twice)
    for job in jobs:
        assert (job.state, job.error_code) in {(State.DONE, None), _UNKNOWN} or job in twice, job
        assert job.state is not State.DONE or results[job.name] == sources[job.source]
    accepted = Counter(entry.uploads for entry in house.sandbox.submits())
    assert set(accepted.values()) == {1}
    # Where a submit broke before it was read, the journal can't say whose it was; but there are no more than jobs.
    refused = [entry for entry in house.submits() if entry.fault == "upload_expired"]
    assert len(house.submits()) - len(refused) == FILES - len(twice)
    assert len(refused) >= 2 * len(twice)
    house.sandbox.clear_faults()


def share(kind: str) -> float:
    """Give the probability of a kind so that a tenth of all calls is struck by one of the kinds."""
    return 0.1 / len(MIXED) * len(CALLS) / max(1, len(KINDS[kind].calls & set(CALLS)))


def tell_how_it_went(house: House, figure: Figure) -> None:
    journal = [entry for entry in house.sandbox.journal() if entry.call in CALLS]
    struck = sum(entry.fault is not None for entry in journal)
    figure("calls, those struck by a fault", f"{len(journal)}, {struck} ({100 * struck / len(journal):.1f} %)")
    figure("how the jobs ended", dict(Counter(str(job.error_code or job.state) for job in house.jobs())))
