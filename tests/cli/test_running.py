"""Runs that come to an end: what they do, say and keep."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .doors import LINUX, Spaceport, clean, letters


def test_photos_to_the_end_and_again(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    ended = spaceport("run", texts)
    assert ended.code == 0
    project = tmp_path / "Flug über Öland.spaceport"
    assert letters(project) == 90
    assert clean(project)
    assert "Counting letters: finished" in ended.out
    again = spaceport("run", texts)
    assert again.code == 0
    assert again.out.count("nothing to do") == 3
    by_project = spaceport("run", project)
    assert by_project.code == 0
    assert by_project.out.count("nothing to do") == 3


def test_json_lines_then_the_report(spaceport: Spaceport, texts: Path) -> None:
    ended = spaceport(
        "run", texts, "-o", "a.spaceport", "--json", "--count-rounds", 3, "--count-pause-s", 0.15
    )
    assert (ended.code, ended.err) == (0, "")
    *events, report = ended.lines
    assert [e["stage"] for e in events if e["event"] == "started"] == ["collect", "count", "pack"]
    progress = [e for e in events if e["event"] == "progress" and e["stage"] == "count"]
    assert [e["done"] for e in progress] == [1, 2, 3]
    assert report["event"] == "report"
    assert report["ok"] is True
    count = report["report"]["stages"]["count"]
    assert count["report"]["letters"] == 54
    assert count["peak_memory_bytes"] > 5 << 20


def test_quiet_says_nothing(spaceport: Spaceport, texts: Path) -> None:
    ended = spaceport("run", texts, "--quiet")
    assert (ended.code, ended.out, ended.err) == (0, "", "")


def test_options_are_saved_as_differences(spaceport: Spaceport, texts: Path) -> None:
    spaceport("run", texts, "-o", "a.spaceport", "--count-letters", "a", "--count-rounds", 5)
    found = spaceport("status", "a.spaceport", "--json").json
    assert found["ok"] is True
    assert found["options"] == {"count": {"letters": "a"}}  # five rounds are the default
    assert letters(spaceport.folder / "a.spaceport") == 30
    spaceport("run", "-o", "a.spaceport", "--collect-upper", "off", "--count-letters", "abc")
    assert spaceport("status", "a.spaceport", "--json").json["options"] == {}
    assert letters(spaceport.folder / "a.spaceport") == 90


def test_a_changed_option_runs_only_what_follows(spaceport: Spaceport, texts: Path) -> None:
    spaceport("run", texts, "-o", "a.spaceport")
    ended = spaceport("run", "-o", "a.spaceport", "--json", "--count-letters", "b")
    ran = ended.lines[-1]["ran"]
    assert ran == {"collect": "skipped", "count": "finished", "pack": "finished"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run"], "Name photos"),
        (["run", "nowhere"], "There is no nowhere"),
        (["run", "{texts}", "--preset", "best"], "no preset called best"),
        (["run", "{texts}", "--device", "abacus"], "no device called abacus"),
        (["run", "{texts}", "--count-rounds", "0"], "at least 1"),
        (["run", "{texts}", "--collect-upper", "maybe"], "either on or off"),
        (["run", "{texts}", "--count-fault", "flood"], "must be one of"),
        (["run", "{texts}", "--count-rounds", "many"], "valid integer"),
        (["run", "{texts}", "--no-such-flag"], "no-such-flag"),
        (["no-such-command"], "no-such-command"),
    ],
)
def test_wrong_use_is_exit_2_and_one_sentence(
    spaceport: Spaceport, texts: Path, arguments: list[str], words: str
) -> None:
    ended = spaceport(*(word.format(texts=texts) for word in arguments))
    assert ended.code == 2
    assert words in ended.err
    assert ended.out == ""
    assert not list(spaceport.folder.glob("*.spaceport"))


def test_other_photos_for_a_project_need_a_word(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    spaceport("run", texts, "-o", "a.spaceport")
    other = tmp_path / "other"
    other.mkdir()
    (other / "x.txt").write_text("aaa")
    ended = spaceport("run", other, "-o", "a.spaceport")
    assert ended.code == 2
    assert "--replace-photos" in ended.err
    assert letters(tmp_path / "a.spaceport") == 90
    assert spaceport("run", other, "-o", "a.spaceport", "--replace-photos").code == 0
    assert letters(tmp_path / "a.spaceport") == 15


def test_the_same_photos_by_other_paths_are_the_same(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    spaceport.folder = other
    assert spaceport("run", Path("..") / texts.name, "-o", "../a.spaceport").code == 0
    spaceport.folder = tmp_path
    other.rmdir()
    (tmp_path / "link").symlink_to(texts)
    for path in (texts, texts.name, f"{texts.name}/../{texts.name}", "link"):
        ended = spaceport("run", path, "-o", "a.spaceport")
        assert (ended.code, ended.out.count("nothing to do")) == (0, 3), ended.err


def test_a_project_is_named_after_the_folder_above(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    spaceport.folder = texts / "notes"
    spaceport.folder.mkdir()
    assert spaceport("run", "..").code == 0
    assert (spaceport.folder / f"{texts.name}.spaceport" / "project.json").is_file()


def test_no_project_is_exit_3(spaceport: Spaceport, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    for arguments in (["run", "-o", "plain"], ["status", "plain"], ["stage", "count", "plain"]):
        ended = spaceport(*arguments)
        assert ended.code == 3
        assert "is no Spaceport project" in ended.err
        told = spaceport(*arguments, "--json")
        assert (told.code, told.err) == (3, "")
        assert told.json["error"]["code"] == "no_project"
    assert list((tmp_path / "plain").iterdir()) == []


def test_a_failed_stage_is_exit_1_and_tells_how_to_go_on(spaceport: Spaceport, texts: Path) -> None:
    ended = spaceport("run", texts, "-o", "my a.spaceport", "--count-fault", "stage_error")
    assert ended.code == 1
    assert "There are too few letters. Write more." in ended.err
    assert "spaceport run -o 'my a.spaceport'" in ended.err
    status = spaceport("status", "my a.spaceport", "--json").json
    assert status["states"]["count"]["state"] == "failed"
    assert spaceport("run", "-o", "my a.spaceport", "--count-fault", "none").code == 0


def test_a_result_that_holds_outlives_a_later_try_that_failed(
    spaceport: Spaceport, texts: Path
) -> None:
    project = spaceport.folder / "a.spaceport"
    spaceport("run", texts, "-o", project)
    assert spaceport("stage", "count", project, "--count-fault", "stage_error").code == 1
    found = spaceport("status", project, "--json").json
    assert found["states"]["count"]["state"] == "finished"
    assert found["states"]["count"]["message"]
    assert spaceport("run", "-o", project).out.count("nothing to do") == 3
    assert spaceport("status", project, "--json").json["states"]["count"]["message"] == ""
    assert clean(project)


@pytest.mark.parametrize("harm", ["gone", "cut"])
def test_a_result_that_lost_a_file_is_made_again(
    spaceport: Spaceport, texts: Path, harm: str
) -> None:
    project = spaceport.folder / "a.spaceport"
    spaceport("run", texts, "-o", project)
    file = project / "count" / "count.json"
    whole = file.read_bytes()
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(whole[:-3])
    (project / "packed" / "Thumbs.db").write_text("what others leave harms nobody")
    states = spaceport("status", project, "--json").json["states"]
    assert {name: state["state"] for name, state in states.items()} == {
        "collect": "finished",
        "count": "damaged",
        "pack": "outdated",
    }
    ended = spaceport("run", "-o", project)
    assert ended.code == 0
    assert "made again: count/count.json." in ended.out
    assert "Packing" in ended.out
    assert file.read_bytes() == whole


def test_nothing_is_kept_where_nothing_was_done(spaceport: Spaceport, texts: Path) -> None:
    ended = spaceport("run", texts, "-o", "a.spaceport", "--count-fault", "stage_error")
    assert "What is done is kept." in ended.err
    (texts / "0.txt").unlink()
    (texts / "1.txt").unlink()
    (texts / "2.txt").unlink()
    ended = spaceport("run", texts, "-o", "b.spaceport")
    assert ended.code == 1
    assert "kept" not in ended.err


def test_one_stage_again(spaceport: Spaceport, texts: Path) -> None:
    spaceport("run", texts, "-o", "a.spaceport")
    ended = spaceport("stage", "count", "a.spaceport", "--count-letters", "c")
    assert ended.code == 0
    assert "Now outdated: pack" in ended.out
    status = spaceport("status", "a.spaceport", "--json").json
    assert status["states"]["pack"]["state"] == "outdated"
    unknown = spaceport("stage", "fly", "a.spaceport")
    assert (unknown.code, unknown.err.count("\n")) == (2, 1)
    assert "collect, count, pack" in unknown.err


@LINUX
def test_names_that_are_no_unicode(spaceport: Spaceport, tmp_path: Path) -> None:
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/fl\xfcg"))
    try:
        odd.mkdir()
    except OSError:
        pytest.skip("this disk takes Unicode names only")
    (odd / "a.txt").write_text("abc")
    ended = spaceport("run", odd, "-o", "a.spaceport")
    assert (ended.code, ended.err) == (0, "")
    status = spaceport("status", "a.spaceport")
    assert "fl\\udcfcg" in status.out
    assert spaceport("status", "a.spaceport", "--json").json["photos"] == [str(odd)]


def test_a_reader_that_has_seen_enough(spaceport: Spaceport, texts: Path) -> None:
    process = spaceport.start("run", texts, "-o", "a.spaceport", "--count-rounds", 50)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
    process.wait(20)


@LINUX
def test_bars_on_a_terminal(spaceport: Spaceport, texts: Path) -> None:
    import pty

    mine, theirs = pty.openpty()
    environment = {**spaceport.environment, "TERM": "xterm-256color", "COLUMNS": "80"}
    command = [sys.executable, "-m", "spaceport_app", "run", str(texts), "-o", "a.spaceport"]
    command += ["--count-rounds", "20", "--count-pause-s", "0.25", "--count-letters", "z"]
    process = subprocess.Popen(
        command, cwd=spaceport.folder, env=environment, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(mine, 1 << 16)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(mine)
    assert process.wait() == 0
    text = shown.decode()
    assert "Note: z: None of the letters occurs." in text
    assert "Traceback" not in text
    shares = {int(word) for word in re.findall(r"(\d+)%", text)}
    assert len(shares) > 5
    assert 100 in shares
    assert " left" in text
