from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLineEdit, QSpinBox

from spaceport_app.gui.run.options_dialog import OptionsDialog
from spaceport_app.gui.run.options_form import NumberBox, OptionsForm
from spaceport_app.options import option
from spaceport_app.pipeline.settings import as_json, base
from spaceport_app.pipeline.stages import STAGES
from spaceport_app.project.model import Settings


@dataclass(frozen=True)
class Sample:
    flag: bool = option(True, "A flag", "Whether to do it.")
    whole: int = option(5, "A count", "How many.", unit="px", minimum=1, maximum=10)
    rate: float = option(1.6e-4, "A rate", "How fast.", minimum=1e-7, maximum=0.1)
    word: str = option("auto", "A word", "Which one.", choices=("auto", "RADIAL", "plas"))
    text: str = option("every-8th", "A text", "Anything.")
    names: tuple[str, ...] = option(("a", "b"), "Names", "Some names.")


@pytest.fixture
def form(themed: QApplication, qtbot: Any) -> OptionsForm:
    form = OptionsForm(Sample)
    qtbot.addWidget(form)
    form.show()
    return form


def test_each_kind_of_option_has_its_field(form: OptionsForm) -> None:
    kinds = {name: type(editor) for name, editor in form.editors.items()}
    assert kinds == {
        "flag": QCheckBox,
        "whole": QSpinBox,
        "rate": NumberBox,
        "word": QComboBox,
        "text": QLineEdit,
        "names": QLineEdit,
    }
    assert form.values() == as_json(Sample())
    assert form.differing() == {}


def test_limits_units_and_help_are_told(form: OptionsForm) -> None:
    whole = form.editors["whole"]
    assert isinstance(whole, QSpinBox)
    assert (whole.minimum(), whole.maximum(), whole.suffix()) == (1, 10, " px")
    assert whole.toolTip() == "How many.\nFrom 1 to 10 px."
    assert whole.accessibleName() == "A count"
    word = form.editors["word"]
    assert isinstance(word, QComboBox)
    assert [word.itemText(i) for i in range(3)] == ["Automatic", "RADIAL", "PLAS"]


def test_a_changed_value_can_be_reset(form: OptionsForm, qtbot: Any) -> None:
    assert not form.resets["whole"].isVisible()
    whole = form.editors["whole"]
    assert isinstance(whole, QSpinBox)
    whole.setValue(99)
    assert form.differing() == {"whole": 10}
    qtbot.mouseClick(form.resets["whole"], Qt.MouseButton.LeftButton)
    assert form.differing() == {} and not form.resets["whole"].isVisible()


def test_small_numbers_can_be_read_and_typed(form: OptionsForm, qtbot: Any) -> None:
    rate = form.editors["rate"]
    assert isinstance(rate, NumberBox)
    assert rate.text() == "0.00016"
    rate.selectAll()
    qtbot.keyClicks(rate, "2.5e-05")
    qtbot.keyClick(rate, Qt.Key.Key_Return)
    assert form.values()["rate"] == pytest.approx(2.5e-5)
    rate.selectAll()
    qtbot.keyClicks(rate, "7")
    qtbot.keyClick(rate, Qt.Key.Key_Return)
    assert form.values()["rate"] != 7


def test_lists_are_split_at_commas(form: OptionsForm) -> None:
    names = form.editors["names"]
    assert isinstance(names, QLineEdit)
    names.setText(" x ,y,, ")
    assert form.differing() == {"names": ["x", "y"]}


def test_the_wheel_changes_no_value_in_passing(form: OptionsForm) -> None:
    whole = form.editors["whole"]
    form.setFocus()
    event = QWheelEvent(
        QPointF(5, 5),
        QPointF(whole.mapToGlobal(QPoint(5, 5))),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(whole, event)
    assert form.values()["whole"] == 5


@pytest.mark.parametrize("preset", ["preview", "standard", "high"])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_every_real_option_goes_around_unchanged(
    themed: QApplication, qtbot: Any, preset: str, device: str
) -> None:
    settings = Settings(preset, device)
    for stage in STAGES:
        usual = base(stage, settings)
        form = OptionsForm(stage.options_class())
        qtbot.addWidget(form)
        form.show_options(as_json(usual), as_json(usual))
        assert form.values() == as_json(usual)
        assert len(form.editors) == len(fields(usual))
        assert not form.differing()


def test_the_dialog_keeps_only_what_differs(themed: QApplication, qtbot: Any) -> None:
    settings = Settings("preview", "cpu", {"train": {"iterations": 77}})
    dialog = OptionsDialog(STAGES, settings)
    qtbot.addWidget(dialog)
    assert dialog.forms["train"].values()["iterations"] == 77
    assert dialog.state.text() == "1 option differs from the preset"
    seed = dialog.forms["train"].editors["seed"]
    assert isinstance(seed, QSpinBox)
    seed.setValue(5)
    dialog.accept()
    assert dialog.settings.options == {"train": {"iterations": 77, "seed": 5}}
    again = OptionsDialog(STAGES, dialog.settings)
    qtbot.addWidget(again)
    again.reset()
    again.accept()
    assert again.settings == Settings("preview", "cpu")
