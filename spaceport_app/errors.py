"""What can go wrong, in words for a person: a code, a sentence and a remedy."""

from __future__ import annotations


class StageError(Exception):
    """A failure that a person can understand and mend.

    Parameters
    ----------
    code : str
        Stable identifier in snake case, such as ``"too_few_photos"``.
    message : str
        One short sentence that says what happened.
    remedy : str
        One short sentence that says what to do about it.
    """

    def __init__(self, code: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}"

    def __reduce__(self) -> tuple[type[StageError], tuple[str, str, str]]:
        return type(self), (self.code, self.message, self.remedy)
