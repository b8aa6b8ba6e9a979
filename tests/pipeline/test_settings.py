from __future__ import annotations

import json

import pytest

from spaceport_app.pipeline import presets
from spaceport_app.pipeline.settings import as_json, differing, resolve, with_options
from spaceport_app.pipeline.stage import find, following
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.project.errors import ProjectError
from spaceport_app.project.model import Settings


@pytest.mark.parametrize("preset", presets.NAMES)
@pytest.mark.parametrize("device", presets.DEVICES)
def test_every_preset_fits_the_options_of_every_stage(preset: str, device: str) -> None:
    for stage in STAGES:
        options = resolve(stage, Settings(preset, device))
        for name, value in presets.values(preset, device, stage.name).items():
            assert as_json(options)[name] == value
    named = set(presets.find(preset).options[device])
    assert named <= {stage.name for stage in STAGES}


def test_options_survive_json() -> None:
    for stage in STAGES:
        options = stage.options_class()()
        again = json.loads(json.dumps(as_json(options)))
        settings = Settings("standard", "cpu", {stage.name: again})
        assert resolve(stage, settings) == options


def test_only_differences_are_kept() -> None:
    settings = Settings("preview", "cpu")
    usual = presets.values("preview", "cpu", "train")["iterations"]
    same = with_options(STAGES, settings, {"train": {"iterations": usual}})
    assert same.options == {}
    other = with_options(STAGES, settings, {"train": {"iterations": 77}})
    assert other.options == {"train": {"iterations": 77}}
    assert resolve(find(STAGES, "train"), other).iterations == 77
    back = with_options(STAGES, other, {"train": {"iterations": usual}})
    assert back.options == {}


def test_differing_names_fields() -> None:
    train = find(STAGES, "train").options_class()
    assert differing(train(seed=5), train()) == {"seed": 5}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"no_such": 1}, "no option called no_such"),
        ({"iterations": "many"}, "cannot be 'many'"),
        ({"iterations": True}, "cannot be True"),
        ({"iterations": 1.5}, "cannot be 1.5"),
        ({"iterations": 0}, "at least"),
        ({"engine": "steam"}, "must be one of"),
        ({"coarse_to_fine": 1}, "cannot be 1"),
    ],
)
def test_wrong_options_are_refused_in_words(changed: dict[str, object], words: str) -> None:
    with pytest.raises(ProjectError) as error:
        with_options(STAGES, Settings("preview", "cpu"), {"train": changed})  # type: ignore[dict-item]
    assert error.value.code == "bad_option"
    assert words in error.value.message


def test_what_follows_a_stage() -> None:
    assert [stage.name for stage in following(STAGES, "train")] == ["compress", "export"]
    assert [stage.name for stage in following(STAGES, "export")] == []


@pytest.mark.parametrize(
    "saved",
    [
        Settings("splendid"),
        Settings("preview", "cpu", {"train": {"iterations": "many"}}),
        Settings("preview", "cpu", {"train": {"no_such": 1}}),
    ],
)
def test_wrong_settings_of_a_project_are_not_taken_for_wrong_use(saved: Settings) -> None:
    for use in (
        lambda: resolve(find(STAGES, "train"), saved),
        lambda: with_options(STAGES, saved, {"sfm": {}}),
    ):
        with pytest.raises(ProjectError) as error:
            use()
        assert error.value.code == "bad_settings"


def test_a_wrong_value_is_mended_by_another() -> None:
    saved = Settings("preview", "cpu", {"train": {"iterations": "many"}})
    mended = with_options(STAGES, saved, {"train": {"iterations": 7}})
    assert mended.options["train"]["iterations"] == 7
