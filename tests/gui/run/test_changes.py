"""What a choice in the panel makes of the settings."""

from spaceport_app.gui.run import changes
from spaceport_app.gui.run.controls import Controls
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.project.model import Settings


def test_a_time_is_saved_and_goes_with_its_preset() -> None:
    timed = changes.with_preset(STAGES, Settings("standard", "cpu"), "timed")
    assert changes.minutes(timed) == 10.0
    seven = changes.with_minutes(STAGES, timed, 7.0)
    assert changes.minutes(seven) == 7.0
    assert resolve_all(STAGES, seven)["train"].finish_in_min == 7.0
    back = changes.with_preset(STAGES, seven, "preview")
    assert changes.minutes(back) == 0.0
    assert resolve_all(STAGES, back)["train"].finish_in_min == 0.0


def test_other_changes_stay_with_another_preset() -> None:
    changed = Settings("timed", "cpu", {"train": {"finish_in_min": 7.0, "seed": 3}})
    assert changes.number_changed(changed) == 1
    assert changes.with_preset(STAGES, changed, "high").options == {"train": {"seed": 3}}


def test_the_time_is_asked_for_only_where_there_is_one(themed, qtbot) -> None:
    controls = Controls()
    qtbot.addWidget(controls)
    controls.show()
    controls.show_settings(Settings("preview", "cpu"))
    assert not controls.minutes.isVisible()
    told: list[float] = []
    controls.minutes_chosen.connect(told.append)
    controls.show_settings(Settings("timed", "cpu"))
    assert controls.minutes.isVisible() and controls.minutes.value() == 10
    assert told == []
    controls.minutes.setValue(25)
    assert told == [25.0]
