from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

import pytest

from spaceport_app.errors import StageError
from spaceport_app.pipeline.trouble import explain

FOLDER, LOG = Path("/data/a.spaceport"), Path("/data/a.spaceport/logs/sfm.log")


def os_error(number: int, name: str = "/data/x") -> OSError:
    return OSError(number, os.strerror(number), name)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StageError("too_few_photos", "Few.", "More."), "too_few_photos"),
        (os_error(errno.ENOSPC), "disk_full"),
        (os_error(errno.EDQUOT), "disk_full"),
        (os_error(errno.EFBIG), "disk_full"),
        (sqlite3.OperationalError("database or disk is full"), "disk_full"),
        (RuntimeError("write failed: No space left on device"), "disk_full"),
        (os_error(errno.EACCES), "no_permission"),
        (os_error(errno.EROFS), "no_permission"),
        (os_error(errno.ENOENT), "file_missing"),
        (MemoryError(), "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), "out_of_memory"),
        (RuntimeError("std::bad_alloc"), "out_of_memory"),
        (KeyError("x"), "internal"),
        (os_error(errno.EIO), "file_error"),
        (os_error(errno.ESTALE), "file_error"),
        (os_error(errno.EMFILE), "file_error"),
    ],
)
def test_an_exception_gets_its_code(error: Exception, code: str) -> None:
    failure = explain(error, FOLDER, LOG)
    assert failure.code == code
    assert failure.message
    assert failure.remedy


def test_the_cause_behind_an_exception_counts() -> None:
    try:
        try:
            raise os_error(errno.ENOSPC)
        except OSError as error:
            raise RuntimeError("the database could not be written") from error
    except RuntimeError as error:
        assert explain(error, FOLDER, LOG).code == "disk_full"


def test_an_unexpected_exception_names_the_log_on_one_line() -> None:
    failure = explain(ValueError("a\nb" * 500), FOLDER, LOG)
    assert failure.code == "internal"
    assert "\n" not in failure.message
    assert len(failure.message) < 300
    assert str(LOG) in failure.remedy
