"""The release workflow: what its steps call is there, takes their words, and where cheap, works."""

from __future__ import annotations

import argparse
import json
import os
import re
import runpy
import shlex
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from linux import deb, interpreter
from locked import places
from windows import script

from spaceport_app import __version__
from spaceport_app.cli.app import build

ROOT = Path(__file__).resolve().parents[3]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text("utf-8"))
JOBS = WORKFLOW["jobs"]
EXPRESSION = re.compile(r"\$\{\{.*?\}\}")


def steps(shell: str) -> list[Any]:
    """The steps that a shell runs, as parameters named after job and step."""
    found = []
    for name, job in JOBS.items():
        own = job.get("defaults", {}).get("run", {}).get("shell", "bash")
        for step in job["steps"]:
            if "run" in step and step.get("shell", own) == shell:
                found.append(pytest.param(step["run"], id=f"{name}: {step.get('name', 'run')}"))
    return found


def with_words(words: str) -> list[Any]:
    """The steps of bash that hold some words."""
    return [one for one in steps("bash") if words in one.values[0]]


@cache
def known_commands() -> dict[str, Any]:
    found: dict[str, Any] = typer.main.get_command(build()).commands  # type: ignore[attr-defined]
    return found


def test_actions_are_pinned_to_a_commit() -> None:
    used = [step["uses"] for job in JOBS.values() for step in job["steps"] if "uses" in step]
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", one)] == []


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize("run", steps("bash"))
def test_bash_understands_the_step(run: str) -> None:
    text = EXPRESSION.sub("x", run)
    done = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


class _Parsed(Exception):  # noqa: N818 - what is hoped for
    pass


@pytest.mark.parametrize("run", with_words("python packaging/"))
def test_our_scripts_take_the_words_of_the_step(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parse = argparse.ArgumentParser.parse_args

    def parsed(*given: Any, **named: Any) -> None:
        parse(*given, **named)
        raise _Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parsed)
    text = re.sub(r'"\$\((?:.*?)\)"', "1", EXPRESSION.sub("x", run))
    lines = [line for line in text.splitlines() if "python packaging/" in line]
    for line in lines:
        # Behind the check for equal builds stands the command of a build.
        for words in line.split(" -- "):
            _, program, *rest = shlex.split(words[words.index("python ") :])
            if program.endswith("reproduce.py"):
                assert (ROOT / program).is_file() and " -- " in line
                continue
            monkeypatch.setattr(sys, "argv", [program, *rest])
            monkeypatch.setattr(sys, "path", [*sys.path])
            with pytest.raises(_Parsed):
                runpy.run_path(str(ROOT / program), run_name="__main__")


def test_tools_from_pypi_are_taken_by_their_hashes() -> None:
    asked = [line.strip() for one in with_words("pip ") for line in one.values[0].splitlines()]
    installs = [line for line in asked if line.startswith("pip ")]
    assert installs
    for line in installs:
        _, install, *options, last = shlex.split(line)
        assert (install, options) == ("install", [*places.STRICT, "-r"])
        assert (ROOT / last).parent == places.FOLDER and (ROOT / last).is_file()


def test_every_installer_is_attested_in_a_job_that_runs_nothing_else() -> None:
    attesting = [
        name
        for name, job in JOBS.items()
        if any("attest" in step.get("uses", "") for step in job["steps"])
    ]
    assert attesting == ["attest"]
    job = JOBS["attest"]
    assert [step["uses"].partition("@")[0] for step in job["steps"]] == [
        "actions/download-artifact",
        "actions/attest-build-provenance",
    ]
    assert job["steps"][1]["with"] == {"subject-path": f"{job['steps'][0]['with']['path']}/*"}
    assert "attest" in JOBS["draft"]["needs"]


def test_no_job_may_do_more_than_it_needs() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    allowed = {name: job["permissions"] for name, job in JOBS.items() if "permissions" in job}
    assert allowed == {
        "attest": {"id-token": "write", "attestations": "write"},
        "draft": {"contents": "write"},
    }
    for job in JOBS.values():
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_the_last_step_closes_a_release(tmp_path: Path) -> None:
    """The very words of the step, on a checkout with two installers in `dist`."""
    (run,) = with_words("finish.py")[0].values
    for name in ("packaging", "spaceport_app"):
        (tmp_path / name).symlink_to(ROOT / name)
    dist = tmp_path / "dist"
    dist.mkdir()
    for name in (f"Spaceport-{__version__}-Setup.exe", f"spaceport_{__version__}_amd64.deb"):
        (dist / name).write_bytes(name.encode())
    page = f"https://releases.example/v{__version__}"
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "SPACEPORT_"))},
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_REF_NAME": f"v{__version__}",
        "PAGE": page,
    }
    commit = "git init -q && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m x"
    for words in (commit, run, "cd dist && sha256sum --check --strict SHA256SUMS"):
        done = subprocess.run(
            ["bash", "-e", "-c", words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert json.loads((dist / "latest.json").read_text("utf-8"))["page"] == page


def test_windows_steps_use_words_and_places_that_there_are() -> None:
    text = "\n".join(one.values[0] for one in steps("pwsh"))
    commands = known_commands()
    called = re.findall(r'spaceport\.exe" (\w+)([^|\n]*)', text)
    # What the window's program gets, it hands to `open`.
    called += [("open", words) for words in re.findall(r"Spaceport\.exe\".*?'(--\w+)'", text)]
    assert {name for name, _ in called} == {"doctor", "run", "open"}
    for name, words in called:
        known = {option for one in commands[name].params for option in one.opts}
        assert set(re.findall(r"(?<=\s)-{1,2}[a-z]+|^-{2}\w+", words)) <= known
    assert (ROOT / "resources" / "sample_flight").is_dir()
    assert "spaceport_app\\resources\\sample_flight" in text
    assert f"ExitCode -ne {script.OPEN})" in text


def test_linux_steps_use_words_and_places_that_there_are() -> None:
    text = "\n".join(one["run"] for one in JOBS["linux"]["steps"] if "run" in one)
    commands = known_commands()
    called = re.findall(r"^\s*(?:\S*/bin/)?spaceport (\w+)([^|&\n]*)", text, re.MULTILINE)
    assert {name for name, _ in called} == {"doctor", "run", "open"}
    for name, words in called:
        known = {option for one in commands[name].params for option in one.opts}
        assert set(re.findall(r"(?<=\s)-{1,2}[a-z]+", words)) <= known
    assert f"/{deb.HOME}/runtime/{interpreter.SITE}/spaceport_app/resources/sample_flight" in text
    assert set(JOBS["draft"]["needs"]) == JOBS.keys() - {"build", "draft"}
