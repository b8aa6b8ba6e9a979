from __future__ import annotations

import threading
import time
from collections import deque

import pytest

from spaceport_app.cloud.client.crew import Crew
from spaceport_app.cloud.client.failures import Halted


def test_all_is_done_by_several_threads_and_told_on_the_caller_s() -> None:
    waiting, done, tellers = deque(range(40)), [], set()
    both = threading.Barrier(2, timeout=20)
    told = threading.Event()

    def turn() -> bool:
        try:
            piece = waiting.popleft()
        except IndexError:
            return False
        if piece < 2:
            both.wait()
            assert told.wait(20)
        done.append(piece)
        return True

    def tell() -> None:
        tellers.add(threading.current_thread())
        told.set()

    Crew().run("test", 2, turn, tell)
    assert sorted(done) == list(range(40))
    assert tellers == {threading.current_thread()}


def test_one_failure_ends_all_threads_and_is_raised() -> None:
    crew = Crew()
    first = threading.Lock()

    def turn() -> bool:
        if first.acquire(blocking=False):
            raise OSError("the disk is full")
        assert crew.over.wait(20)
        return True

    with pytest.raises(OSError, match="full"):
        crew.run("test", 3, turn, lambda: None)


def test_an_interruption_while_telling_leaves_no_thread() -> None:
    crew = Crew()

    def interrupted() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crew.run("crew of the test", 2, lambda: not crew.over.wait(20), interrupted)
    assert not [t for t in threading.enumerate() if t.name.startswith("crew of the test")]


def test_a_halt_waits_for_no_thread_that_waits_for_an_answer() -> None:
    halted, answered = threading.Event(), threading.Event()

    def turn() -> bool:
        halted.set()
        return answered.wait(3600)

    began = time.monotonic()
    with pytest.raises(Halted):
        Crew(halted).run("silent crew", 2, turn, lambda: None)
    assert time.monotonic() - began < 60
    answered.set()


def test_it_may_run_again_after_a_failure() -> None:
    crew, turns = Crew(), deque([True, False])

    def fails() -> bool:
        raise OSError

    with pytest.raises(OSError):
        crew.run("test", 1, fails, lambda: None)
    crew.run("test", 1, turns.popleft, lambda: None)
    assert not turns
