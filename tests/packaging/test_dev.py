"""The set-up does what is missing, once, and says what it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import dev
import pytest
from development import commands, downloads, environment, lock, peers, system, torch_choice
from development import interpreter as interpreters
from development.environment import Environment
from development.words import SetupError
from locked import places

ROOT = Path(__file__).parents[2]


@pytest.fixture
def checkout(tmp_path: Path) -> Environment:
    """A checkout with what the stamp depends on."""
    root = tmp_path / "Münchner Flug"
    (root / "packaging").mkdir(parents=True)
    (root / "packaging" / "constraints.txt").write_text("numpy==2.4.6\n")
    (root / "pyproject.toml").write_text("[project]\n")
    return Environment(root)


class Installer:
    """Stands for the programs that the set-up starts: venv and pip."""

    def __init__(self, place: Environment, fail_at: int | None = None) -> None:
        self.place = place
        self.fail_at = fail_at
        self.commands: list[list[str]] = []

    def __call__(self, command: list[str], trouble: str) -> None:
        self.commands.append(command)
        if len(self.commands) == self.fail_at:
            raise SetupError(f"{trouble}.")
        if "venv" in command:
            self.place.python.parent.mkdir(parents=True)
            self.place.python.write_text("")


@pytest.fixture
def no_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "missing_libraries", lambda: ())
    monkeypatch.setattr(torch_choice, "nvidia_driver", lambda: False)
    monkeypatch.setattr(torch_choice, "answers", lambda url: False)
    monkeypatch.setattr(downloads, "announce", lambda pip, requirements, options=(): True)
    monkeypatch.setattr(environment, "_require_venv", lambda: None)
    monkeypatch.setattr(environment, "_has_pip", lambda place: place.python.exists())


def install(place: Environment, monkeypatch: pytest.MonkeyPatch, fail_at: int | None = None) -> Any:
    installer = Installer(place, fail_at)
    monkeypatch.setattr(environment, "_run", installer)
    environment.set_up(place)
    return installer


@pytest.mark.usefixtures("no_outside")
class TestStamp:
    def test_a_finished_set_up_is_complete_and_a_changed_pin_is_not(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert not checkout.complete("cpu")
        install(checkout, monkeypatch)
        assert checkout.complete("cpu")
        (checkout.root / "packaging" / "constraints.txt").write_text("numpy==2.4.7\n")
        assert not checkout.complete("cpu")

    def test_line_ends_of_a_windows_checkout_change_nothing(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(checkout, monkeypatch)
        (checkout.root / "packaging" / "constraints.txt").write_bytes(b"numpy==2.4.6\r\n")
        assert checkout.complete("cpu")

    def test_a_new_graphics_card_asks_for_another_torch(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(checkout, monkeypatch)
        assert not checkout.complete("cuda")
        monkeypatch.setattr(torch_choice, "nvidia_driver", lambda: True)
        again = install(checkout, monkeypatch)
        torch = next(c for c in again.commands if c[-1].endswith("torch.txt"))
        assert "--force-reinstall" in torch
        assert checkout.complete("cuda")

    def test_a_killed_set_up_is_made_again(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        with pytest.raises(SetupError, match="run this again"):
            install(checkout, monkeypatch, fail_at=3)
        rubbish = checkout.folder / "half-written"
        rubbish.write_text("")
        assert not checkout.complete("cpu")
        install(checkout, monkeypatch)
        assert "did not finish" in capsys.readouterr().out
        assert not rubbish.exists()
        assert checkout.complete("cpu")

    def test_an_environment_made_by_hand_is_kept(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        checkout.python.parent.mkdir(parents=True)
        checkout.python.write_text("")
        mine = checkout.folder / "mine"
        mine.write_text("")
        installer = install(checkout, monkeypatch)
        assert mine.exists()
        assert not any("venv" in command for command in installer.commands)
        assert checkout.complete("cpu")

    def test_a_removed_python_is_noticed(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(checkout, monkeypatch)
        checkout.python.unlink()
        assert not checkout.complete("cpu")

    def test_a_changed_hash_is_noticed(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install(checkout, monkeypatch)
        (checkout.root / "packaging" / "locked").mkdir()
        (checkout.root / "packaging" / "locked" / "development.txt").write_text("numpy==2.4.6\n")
        assert not checkout.complete("cpu")

    def test_everything_is_installed_by_hashes_and_spaceport_itself_from_here(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        *_, torch, rest, own = install(checkout, monkeypatch).commands
        for command, file in ((torch, places.TORCH_CPU), (rest, places.DEVELOPMENT)):
            assert set(places.STRICT) <= set(command)
            assert command[-2:] == ["--requirement", str(checkout.root / "packaging/locked" / file)]
        assert own[-1] == str(checkout.root)
        assert {"--no-index", "--no-deps", "--no-build-isolation"} <= set(own)

    def test_without_the_small_build_of_torch_the_one_of_pypi_is_taken(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def announce(pip: Any, requirements: Path, options: Any = ()) -> bool:
            return requirements.name != places.TORCH_CPU

        monkeypatch.setattr(downloads, "announce", announce)
        monkeypatch.setattr(sys, "platform", "linux")
        *_, torch, _, _ = install(checkout, monkeypatch).commands
        assert torch[-1].endswith(places.TORCH)


class TestTorch:
    @pytest.fixture(autouse=True)
    def linux(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(torch_choice.sys, "platform", "linux")

    def test_a_driver_takes_the_usual_index_and_asks_nobody(self) -> None:
        choice = torch_choice.choose(lambda: True, self.never)
        assert (choice.kind, choice.arguments, choice.lists) == ("cuda", (), (places.TORCH,))

    @staticmethod
    def never(url: str) -> bool:
        raise AssertionError(url)

    def test_without_a_driver_the_cpu_index_alone_is_asked(self) -> None:
        asked: list[str] = []
        choice = torch_choice.choose(lambda: False, lambda url: not asked.append(url))  # type: ignore[func-returns-value]
        assert asked == [torch_choice.CPU_INDEX]
        assert choice.arguments == ("--index-url", torch_choice.CPU_INDEX)
        assert choice.lists == (places.TORCH_CPU,)

    def test_out_of_reach_leaves_pip_as_the_user_configured_it(self) -> None:
        choice = torch_choice.choose(lambda: False, lambda url: False)
        assert (choice.kind, choice.arguments) == ("cpu", ())
        assert choice.lists == (places.TORCH_CPU, places.TORCH)

    @pytest.mark.parametrize("platform", ["win32", "darwin"])
    def test_elsewhere_the_build_of_pypi_is_the_one_without_cuda(
        self, platform: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(torch_choice.sys, "platform", platform)
        choice = torch_choice.choose(lambda: False, self.never)
        assert (choice.kind, choice.arguments, choice.lists) == ("cpu", (), (places.TORCH,))

    def test_an_address_that_does_not_answer_is_out_of_reach(self) -> None:
        assert not torch_choice.answers("http://127.0.0.1:9")


class TestSystem:
    def test_the_loader_decides_what_is_missing(self) -> None:
        libraries = (
            system.Library("libgone.so.9", "libgone9", "nothing"),
            system.Library("libhere.so.1", "libhere1", "nothing"),
        )
        missing = system.missing_libraries(libraries, lambda file: file == "libhere.so.1")
        expected = libraries[:1] if sys.platform.startswith("linux") else ()
        assert missing == expected
        assert not system.loads("libspaceport-has-no-such.so.1")

    def test_without_root_the_exact_line_is_said(
        self, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        monkeypatch.setattr(system.shutil, "which", lambda name: f"/usr/bin/{name}")
        system.require_libraries(system.LIBRARIES[2:4], None)
        said = capsys.readouterr().out
        assert "libGL.so.1, needed for rendering the sample flight" in said
        assert "sudo apt-get update && sudo apt-get install -y libegl1 libgl1" in said

    def test_as_root_they_are_installed(self) -> None:
        asked: list[list[str]] = []
        system.require_libraries(
            system.LIBRARIES[2:4], lambda packages: asked.append(list(packages))
        )
        system.require_libraries((), lambda packages: asked.append(list(packages)))
        assert asked == [["libgl1", "libegl1"]]

    def test_a_python_without_ensurepip_names_its_package(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
        monkeypatch.setattr(system, "can_install", lambda: False)
        monkeypatch.setattr(system.shutil, "which", lambda name: f"/usr/bin/{name}")
        with pytest.raises(
            SetupError, match=rf"apt-get install -y python3\.{sys.version_info[1]}-venv"
        ):
            environment._require_venv()


class TestInterpreter:
    @pytest.mark.parametrize(
        ("version", "fits"),
        [((3, 10, 2), False), ((3, 11, 0), True), ((3, 13, 9), True), ((3, 14, 0), False)],
    )
    def test_versions(self, version: tuple[int, ...], fits: bool) -> None:
        assert interpreters.fits(version) is fits

    def test_the_range_is_that_of_the_package(self) -> None:
        oldest, newest = interpreters.OLDEST, interpreters.NEWEST
        line = f'requires-python = ">={oldest[0]}.{oldest[1]},<{newest[0]}.{newest[1] + 1}"'
        assert line in (ROOT / "pyproject.toml").read_text()

    def test_a_wrong_python_hears_one_sentence(
        self, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        monkeypatch.setattr(interpreters, "other", lambda: None)
        assert interpreters.hand_over(["dev.py", "demo"]) == 1
        assert "Spaceport needs Python 3.11 to 3.13, and this is" in capsys.readouterr().err

    def test_a_wrong_python_hands_over_to_a_right_one(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(interpreters, "other", lambda: sys.executable)
        assert interpreters.hand_over(["-c", "raise SystemExit(7)"]) == 7


class TestDownloads:
    @staticmethod
    def entry(name: str, url: str) -> dict[str, object]:
        return {
            "metadata": {"name": name, "version": "1.0"},
            "download_info": {"url": url, "archive_info": {}},
        }

    def test_sizes_are_added_and_the_largest_named(self) -> None:
        sizes = {"a": 5_000_000, "b": 192_000_000, "c": None}
        report: dict[str, object] = {"install": [self.entry(n, n) for n in sizes]}
        report["install"].append({"metadata": {}, "download_info": {"url": "x", "dir_info": {}}})  # type: ignore[attr-defined]
        text = downloads.summary(report, lambda url: sizes[url])
        assert text == (
            "Fetching 3 packages, 197 MB and 1 of unknown size: b 1.0 192 MB, a 1.0 5.0 MB"
        )

    def test_nothing_new_is_said_so(self) -> None:
        assert downloads.summary({"install": []}, lambda url: 1) == "Nothing to fetch."

    def test_a_file_on_this_computer_has_its_size(self, tmp_path: Path) -> None:
        wheel = tmp_path / "a wheel.whl"
        wheel.write_bytes(b"x" * 1234)
        assert downloads.size_of(wheel.as_uri()) == 1234
        assert downloads.size_of("http://127.0.0.1:9/none.whl") is None


class TestCommands:
    def test_a_second_call_sets_nothing_up(
        self, checkout: Environment, monkeypatch: pytest.MonkeyPatch, no_outside: None, capsys: Any
    ) -> None:
        install(checkout, monkeypatch)

        def never(place: Environment) -> None:
            raise AssertionError("set up twice")

        monkeypatch.setattr(environment, "set_up", never)
        assert commands.run(checkout.root, "setup", []) == 0
        assert "Ready" in capsys.readouterr().out

    def test_two_set_ups_at_once_are_refused(self, tmp_path: Path) -> None:
        with lock.held(tmp_path):
            program = (
                "import sys; from pathlib import Path; from development import lock\n"
                f"with lock.held(Path({str(tmp_path)!r})): pass"
            )
            second = subprocess.run(
                [sys.executable, "-c", program],
                cwd=ROOT / "packaging", capture_output=True, text=True, check=False,
            )  # fmt: skip
        assert "Another set-up of this folder is running" in second.stderr
        with lock.held(tmp_path):
            pass

    def test_an_unknown_command_is_refused(self, capsys: Any) -> None:
        assert dev.main(["dance"]) == 2
        assert "demo|test|lint|setup" in capsys.readouterr().err

    def test_without_npm_a_loud_note_is_left(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        (tmp_path / "tests" / "peers").mkdir(parents=True)
        (tmp_path / "tests" / "peers" / "package-lock.json").write_text("{}")
        monkeypatch.setattr(peers.shutil, "which", lambda name: None)
        peers.set_up(tmp_path)
        assert "SKIPPED" in capsys.readouterr().err

    def test_peers_are_fetched_once_and_by_the_hashes_of_the_lock_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = tmp_path / "tests" / "peers"
        folder.mkdir(parents=True)
        (folder / "package-lock.json").write_text("{}")
        calls: list[list[str]] = []

        def npm(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            calls.append(command)
            (folder / "node_modules").mkdir(exist_ok=True)
            return subprocess.CompletedProcess(command, 0)

        monkeypatch.setattr(peers.shutil, "which", lambda name: "/usr/bin/npm")
        monkeypatch.setattr(peers.subprocess, "run", npm)
        peers.set_up(tmp_path)
        peers.set_up(tmp_path)
        assert len(calls) == 1
        assert calls[0][1] == "ci" and "--ignore-scripts" in calls[0]
        (folder / "package-lock.json").write_text('{"packages": {}}')
        peers.set_up(tmp_path)
        assert len(calls) == 2


class TestDemo:
    """What `demo` starts; the programs themselves are not run."""

    @pytest.fixture
    def started(self, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        calls: list[list[str]] = []
        monkeypatch.delenv("CI", raising=False)
        monkeypatch.setattr(
            commands, "_python", lambda place, words, folder: calls.append(list(words)) or 0
        )
        return calls

    @pytest.fixture
    def place(self, monkeypatch: pytest.MonkeyPatch) -> Environment:
        place = Environment(ROOT)
        monkeypatch.setattr(Environment, "python", Path(sys.executable))
        return place

    def demo(self, place: Environment, *arguments: str) -> None:
        assert commands._demo(place, arguments) == 0

    def test_a_display_gets_the_window(
        self,
        place: Environment,
        started: list[list[str]],
        monkeypatch: pytest.MonkeyPatch,
        capsys: Any,
    ) -> None:
        # Whoever names a platform of Qt knows that it works.
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        self.demo(place)
        assert started == [["-m", "spaceport_app", "open", "--sample"]]
        assert "Press Start" in capsys.readouterr().out

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others have a display")
    @pytest.mark.parametrize("display", ["", "127.0.0.1:987"])
    def test_no_display_gets_one_sentence_and_the_terminal(
        self,
        place: Environment,
        started: list[list[str]],
        monkeypatch: pytest.MonkeyPatch,
        capsys: Any,
        display: str,
    ) -> None:
        for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("DISPLAY", display)
        monkeypatch.setattr(system, "missing_libraries", lambda: ())
        self.demo(place)
        assert [words[2] for words in started] == ["run"]
        first, second = capsys.readouterr().out.splitlines()
        assert first.startswith("The display" if display else "There is no display")
        assert second == "The demo goes on in this terminal."

    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="others bring all of it")
    def test_missing_libraries_are_named_with_the_command(
        self,
        place: Environment,
        started: list[list[str]],
        monkeypatch: pytest.MonkeyPatch,
        capsys: Any,
    ) -> None:
        for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        gone = system.Library("libxcb-cursor.so.0", "libxcb-cursor0", "the window")
        monkeypatch.setattr(system, "missing_libraries", lambda: (gone,))
        monkeypatch.setattr(system.shutil, "which", lambda name: f"/usr/bin/{name}")
        self.demo(place)
        assert [words[2] for words in started] == ["run"]
        line = "sudo apt-get update && sudo apt-get install -y libxcb-cursor0"
        assert line in capsys.readouterr().out

    @pytest.mark.parametrize("arguments", [["--no-window"], ["--preset", "high"]])
    def test_words_for_the_terminal_keep_the_terminal(
        self,
        place: Environment,
        started: list[list[str]],
        monkeypatch: pytest.MonkeyPatch,
        arguments: list[str],
    ) -> None:
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        self.demo(place, *arguments)
        words = started[0]
        assert words[2] == "run"
        assert "--no-window" not in words
        assert words[-2:] == (["--preset", "preview"] if len(arguments) == 1 else arguments)

    def test_continuous_integration_keeps_the_terminal(
        self, place: Environment, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
        monkeypatch.setenv("CI", "true")
        self.demo(place)
        assert [words[2] for words in started] == ["run"]
