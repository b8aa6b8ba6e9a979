from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from .doors import Spaceport, wait_for, workers

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="signals of Linux")


def letters(project: Path) -> int:
    value: int = json.loads((project / "count" / "count.json").read_text())["letters"]
    return value


def rounds(project: Path) -> int:
    try:
        value: int = json.loads((project / ".count.scratch" / "state.json").read_text())[0]
    except (OSError, ValueError):
        return 0
    return value


def clean(project: Path) -> bool:
    """Nothing lies about that a finished run should have removed."""
    left = {path.name for path in project.iterdir()}
    return left == {".lock", "count", "logs", "packed", "project.json", "texts"}


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


def test_two_runs_at_once(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    slow = ["--count-rounds", 1000, "--count-pause-s", 0.01]
    first = spaceport.start("run", texts, "-o", "a.spaceport", *slow)
    project = tmp_path / "a.spaceport"
    wait_for(lambda: rounds(project) > 3)
    second = spaceport("run", "-o", "a.spaceport")
    assert second.code == 3
    assert f"process {first.pid} on" in second.err
    assert (
        spaceport("status", "a.spaceport", "--json").json["states"]["count"]["state"] == "running"
    )
    # Looking on did not disturb the first run.
    assert first.poll() is None
    first.send_signal(signal.SIGINT)
    first.communicate()
    assert first.returncode == 130


@LINUX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_stops_cleanly(
    spaceport: Spaceport, texts: Path, tmp_path: Path, number: int
) -> None:
    slow = ["--count-rounds", 300, "--count-pause-s", 0.01]
    process = spaceport.start("run", texts, "-o", "a.spaceport", *slow)
    project = tmp_path / "a.spaceport"
    wait_for(lambda: rounds(project) > 5)
    working = workers(project)
    assert len(working) == 1
    process.send_signal(number)
    _, err = process.communicate(timeout=10)
    assert process.returncode == 130
    reached = rounds(project)
    assert f"Stopped at round {reached} of 300. To go on: spaceport run -o a.spaceport" in err
    assert workers(project) == []
    assert spaceport("status", "a.spaceport", "--json").json["states"]["count"]["state"] == (
        "cancelled"
    )
    ended = spaceport("run", "-o", "a.spaceport", "--json")
    assert ended.lines[-1]["report"]["stages"]["count"]["report"] == {
        "letters": 5400,
        "rounds": 300,
        "first_round": reached,
    }


@LINUX
def test_a_second_ctrl_c_does_not_wait(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    options = ["--count-rounds", 20, "--count-fault", "hang"]
    process = spaceport.start("run", texts, "-o", "a.spaceport", *options)
    project = tmp_path / "a.spaceport"
    wait_for(lambda: rounds(project) >= 10)
    time.sleep(2.0)  # until it hangs
    process.send_signal(signal.SIGINT)
    time.sleep(1.0)
    assert process.poll() is None, "the first one waits for the work to be saved"
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert time.monotonic() - began < 5.0
    assert process.returncode == 130 and "Stopped. To go on" in err
    assert workers(project) == []


@LINUX
def test_kill_at_any_moment_and_run_again(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    """Kill the run or its worker at random moments until a run comes through."""
    project = tmp_path / "a.spaceport"
    seed = random.SystemRandom().randrange(1 << 30)
    chance = random.Random(seed)
    slow = ["--count-rounds", 120, "--count-pause-s", 0.01]
    killed = 0
    for _ in range(40):
        if killed == 8:
            break
        process = spaceport.start("run", texts, "-o", project, *slow)
        target = chance.choice(["run", "worker"])
        if target == "worker":
            wait_for(lambda: workers(project) or process.poll() is not None)  # noqa: B023
        time.sleep(chance.uniform(0.0, 1.0))
        victims = [process.pid] if target == "run" else [p.pid for p in workers(project)]
        for victim in victims:
            try:
                os.kill(victim, signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
        process.communicate(timeout=60)
        if process.returncode == 0:
            # It came through before the kill: the next one begins from nothing.
            shutil.rmtree(project)
        if target == "run":
            wait_for(lambda: workers(project) == [], 5.0)
    ended = spaceport("run", texts, "-o", project, *slow)
    assert ended.code == 0, (seed, ended.err)
    assert letters(project) == 18 * 120, seed
    assert clean(project), (seed, list(project.iterdir()))
    assert killed == 8


@LINUX
def test_grandchildren_of_a_killed_run_are_ended_by_the_next(
    spaceport: Spaceport, texts: Path, tmp_path: Path
) -> None:
    project = tmp_path / "a.spaceport"
    process = spaceport.start("run", texts, "-o", project, "--count-fault", "orphan")
    found: list[psutil.Process] = []

    def children() -> list[psutil.Process]:
        for worker in workers(project):
            with contextlib.suppress(psutil.Error):
                found.extend(worker.children())
        return found

    wait_for(children)
    grandchild = found[0]
    process.kill()
    process.communicate()
    wait_for(lambda: workers(project) == [], 5.0)
    spaceport("run", "-o", project, "--count-fault", "none")
    assert not grandchild.is_running() or grandchild.status() == "zombie"


@LINUX
def test_a_full_disk(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs rights that this user lacks")
    try:
        project = disk / "a.spaceport"
        assert spaceport("run", texts, "-o", project).code == 0
        ended = spaceport("run", "-o", project, "--count-letters", "a", "--count-fault", "fill")
        assert ended.code == 1
        assert "disk" in ended.err
        assert "full" in ended.err
        # The results before it are whole, and with room again it goes on.
        assert letters(project) == 90
        assert spaceport("run", "-o", project, "--count-fault", "none").code == 0
        assert letters(project) == 30
        # Not even room for the project file.
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="space"):
            while True:
                file.write(b"x" * 4096)
        ended = spaceport("run", "-o", project, "--count-letters", "b")
        assert ended.code in (1, 3)
        assert "full" in ended.err
        other = spaceport("run", texts, "-o", disk / "new.spaceport")
        assert other.code in (1, 3)
        assert "full" in other.err
        filler.unlink()
        assert spaceport("run", "-o", project, "--count-letters", "b").code == 0
        assert letters(project) == 30
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@LINUX
def test_a_folder_that_cannot_be_written(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir()
    if os.geteuid() == 0:
        mount = ["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(closed)]
        if subprocess.run(mount, check=False, capture_output=True).returncode:
            pytest.skip("root can write everywhere, and mounting is not allowed")
    else:
        closed.chmod(0o500)
    try:
        ended = spaceport("run", texts, "-o", closed / "a.spaceport")
        assert ended.code == 3
        assert "cannot be written" in ended.err
    finally:
        if os.geteuid() == 0:
            subprocess.run(["umount", str(closed)], check=True)


def test_a_file_in_place_of_the_folder(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    (tmp_path / "a.spaceport").write_text("mine")
    ended = spaceport("run", texts, "-o", "a.spaceport")
    assert ended.code == 3
    assert "a file has that name" in ended.err
    assert (tmp_path / "a.spaceport").read_text() == "mine"


def test_a_damaged_project_file_is_kept(spaceport: Spaceport, texts: Path, tmp_path: Path) -> None:
    spaceport("run", texts, "-o", "a.spaceport")
    file = tmp_path / "a.spaceport" / "project.json"
    text = file.read_text()[:200]
    file.write_text(text)
    for arguments in (["run", "-o", "a.spaceport"], ["status", "a.spaceport"]):
        ended = spaceport(*arguments)
        assert ended.code == 3
        assert "is damaged" in ended.err
        assert file.read_text() == text
    assert spaceport("run", texts, "-o", "a.spaceport").code == 0
    assert letters(tmp_path / "a.spaceport") == 90
    assert (tmp_path / "a.spaceport" / "project.damaged-1.json").read_text() == text


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
