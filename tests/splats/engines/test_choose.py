from types import SimpleNamespace

import pytest
import torch

from spaceport_app.errors import StageError
from spaceport_app.splats.engines import choose
from spaceport_app.splats.engines.cpu.engine import CpuEngine


@pytest.fixture
def without_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def with_gpu(monkeypatch):
    card = SimpleNamespace(name="Tesla T4", total_memory=15 * 2**30)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: card)


def test_describes_a_machine_without_a_gpu(without_gpu, monkeypatch):
    monkeypatch.setattr("spaceport_app.resources.cores", lambda: 2)
    first, second = choose.available()
    assert (first.name, first.usable) == ("cpu", True)
    assert first.description == "CPU, 2 cores, no NVIDIA GPU found"
    assert (second.name, second.usable) == ("cuda", False)


def test_describes_a_gpu_first(with_gpu):
    first, second = choose.available()
    assert (first.name, first.description, first.usable) == ("cuda", "Tesla T4, 15 GiB", True)
    assert second.description.startswith("CPU, ") and "GPU" not in second.description


def test_says_when_gsplat_is_missing(with_gpu, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    first, second = choose.available()
    assert first.name == "cpu"
    assert "gsplat is not installed" in second.description


@pytest.mark.parametrize("name", ["auto", "cpu"])
def test_makes_the_cpu_engine(without_gpu, name):
    engine = choose.make(name)
    assert isinstance(engine, CpuEngine) and len(engine) == 0


def test_refuses_cuda_without_a_gpu(without_gpu):
    with pytest.raises(StageError, match="no NVIDIA GPU found") as caught:
        choose.make("cuda")
    assert caught.value.code == "no_cuda"


def test_refuses_unknown_names():
    with pytest.raises(StageError) as caught:
        choose.make("tpu")
    assert caught.value.code == "unknown_engine"
