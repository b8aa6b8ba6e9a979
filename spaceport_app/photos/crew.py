"""A few threads that look at many photos, and give up one that takes longer than any does.

A thread within a decoder cannot be ended. It is left alone with its photo, another one takes its
place, and it ends with the process.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# CPU seconds of the whole process while a photo is looked at: ten times and more what the
# slowest photo takes beside another one. A busy or sleeping computer spends none of them.
_SECONDS = 60.0
_SECONDS_A_MEGAPIXEL = 2.0
_LOOK_S = 0.5
_ENDING_S = 5.0


class Turn:
    """What a thread says about its photo while it looks at it."""

    def __init__(self, changed: threading.Condition, large: set[Turn], clock: Callable[[], float]):
        self._changed = changed
        self._large = large
        self._clock = clock
        self._allowed = _SECONDS
        self._until = clock() + self._allowed
        self.given_up = False
        self.thread = threading.current_thread()

    def expect(self, pixels: int) -> None:
        """Allow what so many pixels may take from now on."""
        self._allowed = _SECONDS + _SECONDS_A_MEGAPIXEL * pixels / 1e6
        self._until = self._clock() + self._allowed

    def alone(self) -> None:
        """Wait until no other thread holds a large photo; this one is held to the end."""
        with self._changed:
            # Who waits works on nothing.
            self._until = float("inf")
            while self._large:
                self._changed.wait()
            self._large.add(self)
            self._until = self._clock() + self._allowed

    def over(self) -> None:
        """Let others have large photos."""
        with self._changed:
            self._large.discard(self)
            self._changed.notify_all()

    @property
    def late(self) -> bool:
        """Whether it took longer than it may."""
        return self._clock() > self._until


@dataclass
class _Job(Generic[Item, Result]):
    item: Item
    turn: Turn | None = None
    results: list[Result] = field(default_factory=list)
    failure: BaseException | None = None

    @property
    def done(self) -> bool:
        return bool(self.results) or self.failure is not None


class Crew(Generic[Item, Result]):
    """Threads that look at items, in order.

    Parameters
    ----------
    look : callable
        Given an item and its `Turn`, returns what was found. It raises what ends all the work.
    give_up : callable
        Returns what to say of an item that took too long.
    threads : int
        How many at a time.
    clock : callable, optional
        CPU seconds of this process.
    """

    def __init__(
        self,
        look: Callable[[Item, Turn], Result],
        give_up: Callable[[Item], Result],
        threads: int,
        clock: Callable[[], float] = time.process_time,
    ) -> None:
        self._look = look
        self._give_up = give_up
        self._threads = threads
        self._clock = clock
        self._changed = threading.Condition()
        self._large: set[Turn] = set()
        self._waiting: deque[_Job[Item, Result]] = deque()
        self._over = False

    def results(self, items: Sequence[Item]) -> Iterator[tuple[Item, Result]]:
        """Yield items with what was found, in order; a few are looked at ahead."""
        ahead: deque[_Job[Item, Result]] = deque()
        crew = [self._start() for _ in range(self._threads)]
        try:
            for item in items:
                job: _Job[Item, Result] = _Job(item)
                ahead.append(job)
                with self._changed:
                    self._waiting.append(job)
                    self._changed.notify_all()
                if len(ahead) > self._threads:
                    yield self._finished(ahead.popleft(), ahead, crew)
            while ahead:
                yield self._finished(ahead.popleft(), ahead, crew)
        finally:
            with self._changed:
                self._over = True
                self._waiting.clear()
                self._changed.notify_all()
            for thread in crew:
                thread.join(_ENDING_S)

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._work, name="photos", daemon=True)
        thread.start()
        return thread

    def _finished(
        self,
        job: _Job[Item, Result],
        ahead: deque[_Job[Item, Result]],
        crew: list[threading.Thread],
    ) -> tuple[Item, Result]:
        with self._changed:
            while not job.done:
                self._changed.wait(_LOOK_S)
                for late in (job, *ahead):
                    if late.turn is not None and not late.done and late.turn.late:
                        late.turn.given_up = True
                        late.results.append(self._give_up(late.item))
                        self._large.discard(late.turn)
                        self._changed.notify_all()
                        crew.remove(late.turn.thread)
                        crew.append(self._start())
        if job.failure is not None:
            raise job.failure
        return job.item, job.results[0]

    def _work(self) -> None:
        while True:
            with self._changed:
                while not self._waiting and not self._over:
                    self._changed.wait()
                if self._over:
                    return
                job = self._waiting.popleft()
                turn = Turn(self._changed, self._large, self._clock)
                job.turn = turn
            found: Result | None = None
            failure: BaseException | None = None
            try:
                found = self._look(job.item, turn)
            except BaseException as error:
                failure = error
            turn.over()
            with self._changed:
                if turn.given_up:
                    return
                if failure is not None:
                    job.failure = failure
                else:
                    job.results.append(found)  # type: ignore[arg-type]
                self._changed.notify_all()
