"""How long it still takes, from counted work and the time it took."""

from __future__ import annotations

from collections import deque

_FEWEST_ADVANCES = 4
_SHORTEST_S = 2.0
_WEIGHTS_TELL = 0.1


class Eta:
    """The time left of one stage, from the speed of its recent work.

    Only work that this run has seen counts: a stage that goes on from a checkpoint starts at
    more than nothing. Recent means the last third of the time so far, 15 seconds at least,
    since speed changes within a step. A step is judged by its own work: what comes before its
    first count (loading, compiling) says nothing about the counts that follow.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._step: str | None = None
        self._first: tuple[float, float] | None = None
        self._advances = 0
        self._before = 0.0

    def update(self, fraction: float, now_s: float, step: str = "") -> float | None:
        """Take the fraction of the stage that is done at `now_s` and return the seconds left.

        Parameters
        ----------
        fraction : float
            Part of the whole stage that is done, 0 to 1.
        now_s : float
            A clock that only goes forward.
        step : str
            What the stage is doing now.

        Returns
        -------
        float or None
            None until it can be told: two seconds and four counts of this step, or earlier
            steps that were a tenth of the stage.
        """
        seen = self._seen
        if seen and fraction < seen[-1][1]:
            self._first = None
            seen.clear()
        if self._first is None:
            self._first = (now_s, fraction)
        if step != self._step:
            seen.clear()
            self._step, self._advances = step, 0
            self._before = fraction - self._first[1]
        elif seen and fraction > seen[-1][1]:
            self._advances += 1
            if self._advances == 1:
                seen.clear()
        seen.append((now_s, fraction))
        window = max(15.0, (now_s - seen[0][0]) / 3)
        while len(seen) > 2 and now_s - seen[1][0] >= window:
            seen.popleft()
        if self._advances > _FEWEST_ADVANCES:
            left = _left(seen[0], now_s, fraction)
            if left is not None:
                return left
        if self._before >= _WEIGHTS_TELL:
            return _left(self._first, now_s, fraction)
        return None


def _left(then: tuple[float, float], now_s: float, fraction: float) -> float | None:
    seconds, done = now_s - then[0], fraction - then[1]
    if seconds < _SHORTEST_S or done <= 0.0:
        return None
    return (1.0 - fraction) * seconds / done
