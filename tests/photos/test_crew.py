from __future__ import annotations

import threading
import time

import pytest

from spaceport_app.photos.crew import Crew, Turn


def test_results_come_in_order_and_few_are_ahead() -> None:
    taken: list[int] = []

    def look(item: int, turn: Turn) -> int:
        taken.append(item)
        time.sleep(0.002 * (item % 3))
        return item * item

    crew = Crew(look, lambda item: -1, 2)
    seen = []
    for item, result in crew.results(range(40)):
        assert len(taken) <= len(seen) + 4
        seen.append((item, result))
    assert seen == [(item, item * item) for item in range(40)]
    assert threading.active_count() < 20


def test_what_ends_the_work_is_raised() -> None:
    def look(item: int, turn: Turn) -> int:
        if item == 5:
            raise OSError("the disk is full")
        return item

    with pytest.raises(OSError, match="full"):
        list(Crew(look, lambda item: -1, 2).results(range(9)))


@pytest.mark.timeout(30)
def test_a_photo_that_takes_too_long_is_given_up_and_the_others_are_done() -> None:
    end = threading.Event()

    def look(item: int, turn: Turn) -> str:
        if item in (1, 2, 6):
            turn.alone()
            end.wait(20)
            return "late"
        if item == 8:
            turn.alone()
        return "done"

    crew = Crew(look, lambda item: "given up", 2, clock=lambda: 100.0 * time.monotonic())
    found = dict(crew.results(range(10)))
    end.set()
    assert [item for item, result in found.items() if result == "given up"] == [1, 2, 6]
    assert set(found.values()) == {"done", "given up"}


def test_large_ones_go_one_by_one() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def look(item: int, turn: Turn) -> int:
        nonlocal now, most
        turn.alone()
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        return item

    list(Crew(look, lambda item: -1, 3).results(range(9)))
    assert most == 1


def test_what_is_allowed_grows_with_the_pixels() -> None:
    now = 0.0
    turn = Turn(threading.Condition(), set(), lambda: now)
    turn.expect(100_000_000)
    now = 200.0
    assert not turn.late
    turn.expect(1_000_000)
    now = 300.0
    assert turn.late


def test_leaving_early_ends_the_threads() -> None:
    before = threading.active_count()
    results = Crew(lambda item, turn: item, lambda item: -1, 2).results(range(100))
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
