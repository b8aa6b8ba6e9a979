"""How long it still takes, from counted work and the time it took."""

from __future__ import annotations

from collections import deque


class Eta:
    """The time left of one stage, from the speed of its recent work.

    Only work that this run has seen counts: a stage that goes on from a checkpoint starts at
    more than nothing. Recent means the last third of the time so far, 15 seconds at least,
    since the steps of a stage differ in speed.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()

    def update(self, fraction: float, now_s: float) -> float | None:
        """Take the fraction of the stage that is done at `now_s` and return the seconds left.

        Returns
        -------
        float or None
            None until there is enough to tell: two seconds and some counted work.
        """
        seen = self._seen
        if seen and fraction < seen[-1][1]:
            seen.clear()
        seen.append((now_s, fraction))
        begin = seen[0][0]
        window = max(15.0, (now_s - begin) / 3)
        while len(seen) > 2 and now_s - seen[1][0] >= window:
            seen.popleft()
        then, before = seen[0]
        done = fraction - before
        if now_s - then < 2.0 or done <= 0.0:
            return None
        return (1.0 - fraction) * (now_s - then) / done
