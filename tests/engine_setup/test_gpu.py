from __future__ import annotations

from pathlib import Path

import pytest

from spaceport_app import programs
from spaceport_app.engine_setup import gpu
from spaceport_app.errors import StageError

from .conftest import NvidiaSmi


def fails(code: str) -> StageError:
    with pytest.raises(StageError) as caught:
        gpu.find()
    assert caught.value.code == code
    assert caught.value.message.endswith(".") and caught.value.remedy
    return caught.value


def test_reads_what_the_driver_says(nvidia_smi: NvidiaSmi) -> None:
    nvidia_smi(
        'echo "NVIDIA GeForce RTX 4070, 580.65.06, 12282, 8.9"\n'
        'echo "NVIDIA GeForce GTX 1060, 580.65.06, 6144, 6.1"'
    )
    found = gpu.find()
    assert found.driver == (580, 65, 6)
    assert found.driver_words == "580.65.06"
    assert [card.name for card in found.cards] == [
        "NVIDIA GeForce RTX 4070",
        "NVIDIA GeForce GTX 1060",
    ]
    assert found.cards[0].memory_bytes == 12282 << 20
    assert found.cards[1].capability == (6, 1)


def test_the_most_able_of_several_cards_comes_first(nvidia_smi: NvidiaSmi) -> None:
    nvidia_smi(
        'echo "NVIDIA GeForce GTX 1060, 580.65.06, 6144, 6.1"\n'
        'echo "NVIDIA GeForce RTX 4070, 580.65.06, 12282, 8.9"\n'
        'echo "NVIDIA RTX 6000 Ada Generation, 580.65.06, 49140, 8.9"'
    )
    assert [card.name.split()[-1] for card in gpu.find().cards] == ["Generation", "4070", "1060"]


def test_fields_that_a_driver_does_not_fill(nvidia_smi: NvidiaSmi) -> None:
    nvidia_smi('echo "NVIDIA GB10, 580.95.05, [N/A], [Not Supported]"')
    assert gpu.find().cards == (gpu.Card("NVIDIA GB10", 0, ()),)


def test_linux_within_windows_has_it_elsewhere(
    nvidia_smi: NvidiaSmi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nvidia_smi('echo "NVIDIA GeForce RTX 3080, 591.44, 10240, 8.6"')
    monkeypatch.setattr(programs, "find", lambda name: None)
    monkeypatch.setattr(gpu, "_WSL", tmp_path / "bin" / "nvidia-smi")
    assert gpu.find().driver == (591, 44)


def test_an_old_driver_does_not_know_the_capability(nvidia_smi: NvidiaSmi) -> None:
    nvidia_smi(
        'case "$1" in *compute_cap*)'
        " echo 'Field \"compute_cap\" is not a valid field to query.'; exit 2;; esac\n"
        'echo "Tesla K80, 390.48, 11441"'
    )
    found = gpu.find()
    assert found.driver == (390, 48)
    assert found.cards[0].capability == ()


def test_without_a_card(nvidia_smi: NvidiaSmi) -> None:
    nvidia_smi("echo 'No devices were found'; exit 6")
    assert "processor" in fails("no_gpu").remedy


def test_without_a_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "find", lambda name: None)
    monkeypatch.setattr(gpu.ctypes, "CDLL", lambda name: (_ for _ in ()).throw(OSError(name)))
    fails("no_gpu")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "echo \"NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA "
            'driver."; exit 9',
            "couldn't communicate",
        ),
        ("exit 3", "ended with 3"),
        ("echo nonsense", "nonsense"),
        ('echo "RTX 4070, [N/A], 12282, 8.9"', "N/A"),
    ],
)
def test_a_driver_that_does_not_work(nvidia_smi: NvidiaSmi, body: str, words: str) -> None:
    nvidia_smi(body)
    error = fails("driver_broken")
    assert words in error.message and "Restart" in error.remedy


def test_a_driver_that_hangs(nvidia_smi: NvidiaSmi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "_TIMEOUT_S", 0.2)
    nvidia_smi("exec sleep 30")
    assert "does not answer" in fails("driver_broken").message


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("580.65.06", (580, 65, 6)), (" 528.33", (528, 33)), ("535", (535,)), ("[N/A]", ())],
)
def test_versions(text: str, numbers: tuple[int, ...]) -> None:
    assert gpu.version(text) == numbers


def test_asks_the_library_where_there_is_no_program(monkeypatch: pytest.MonkeyPatch) -> None:
    class Nvml:
        def __getattr__(self, name: str) -> object:
            def call(*arguments: object) -> int:
                if name == "nvmlSystemGetDriverVersion":
                    arguments[0].value = b"550.54.14"  # type: ignore[attr-defined]
                elif name == "nvmlDeviceGetCount_v2":
                    arguments[0]._obj.value = 1  # type: ignore[attr-defined]
                elif name == "nvmlDeviceGetName":
                    arguments[1].value = b"NVIDIA L4"  # type: ignore[attr-defined]
                elif name == "nvmlDeviceGetMemoryInfo":
                    arguments[1]._obj[0] = 24 << 30  # type: ignore[attr-defined]
                elif name == "nvmlDeviceGetCudaComputeCapability":
                    arguments[1]._obj.value = 8  # type: ignore[attr-defined]
                    arguments[2]._obj.value = 9  # type: ignore[attr-defined]
                return 0

            return call

    monkeypatch.setattr(programs, "find", lambda name: None)
    monkeypatch.setattr(gpu.ctypes, "CDLL", lambda name: Nvml())
    found = gpu.find()
    assert found == gpu.Cards((gpu.Card("NVIDIA L4", 24 << 30, (8, 9)),), (550, 54, 14))


def test_a_program_of_the_current_folder_is_nobody_to_ask(
    nvidia_smi: NvidiaSmi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    nvidia_smi('echo "NVIDIA GeForce RTX 3080, 591.44, 10240, 8.6"')
    monkeypatch.setattr(gpu.ctypes, "CDLL", lambda name: (_ for _ in ()).throw(OSError(name)))
    monkeypatch.chdir(tmp_path / "bin")
    for path in ("", ".", ":/nowhere"):
        monkeypatch.setenv("PATH", path)
        fails("no_gpu")
