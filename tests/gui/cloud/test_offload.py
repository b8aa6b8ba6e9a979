"""A project handed over to AWS from the window: offered, done there, its results taken here."""

from __future__ import annotations

from cloud.client.service import Job, Service
from cloud.client.test_run import holding
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from spaceport_app.cloud.client.wishes import Wish
from spaceport_app.cloud.layout import following
from spaceport_app.gui.cloud.machine_choice import MachineChoice
from spaceport_app.gui.cloud.offer_dialog import OfferDialog
from spaceport_app.gui.cloud.settings_dialog import AwsDialog
from spaceport_app.gui.run.panel import StagePanel
from spaceport_app.gui.window import MainWindow
from spaceport_app.project.project import Project

from .driving import (
    LONG_MS,
    choose_aws,
    click,
    closed,
    dialog,
    offered,
    opened,
    over,
    settled,
    submit,
)


def test_the_target_shows_service_time_and_cost(
    window: MainWindow, panel: StagePanel, service: Service, qtbot: QtBot
) -> None:
    controls = panel.controls
    assert controls.engine.text() == "Service at 127.0.0.1"
    assert "US dollars" in controls.estimate.text() and "on AWS" in controls.estimate.text()
    assert controls.start_button.text() == "Start on AWS"
    assert service.requests == [("GET", "/prod/health")]
    qtbot.keyClick(controls.target, Qt.Key.Key_Up)
    settled(panel, qtbot)
    assert "memory" in controls.estimate.text()
    assert controls.start_button.text() == "Start" and not controls.connection_button.isVisible()


def test_without_a_connection_the_start_asks_for_one(
    window: MainWindow, project: Project, qtbot: QtBot
) -> None:
    panel = opened(window, project, qtbot)
    choose_aws(panel, qtbot)
    assert panel.controls.engine.text() == "Not connected yet"
    click(qtbot, panel.controls.start_button)
    aws = dialog(window, AwsDialog, qtbot)
    assert not panel.running()
    aws.reject()


def test_nothing_leaves_before_a_yes(
    window: MainWindow, panel: StagePanel, service: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    assert "6 photos reduced to" in offer.leaving.text()
    assert "no serial numbers" in offer.leaving.text()
    assert "US dollars" in offer.expected.text()
    before = offer.expected.text()
    assert offer.wish().first == "sfm" and offer.wish().photos == "scaled"
    # SfM and training both there: the values for its card, unless one keeps one's own.
    assert offer.gpu.isVisible()
    offer.photos.setCurrentIndex(1)
    qtbot.waitUntil(lambda: "as they are" in offer.leaving.text(), timeout=LONG_MS)
    assert offer.expected.text() == before
    offer.steps.setCurrentIndex(offer.steps.findText("Camera positions"))
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.expected.text() != before and not offer.gpu.isVisible()
    assert [offer.steps.itemText(n) for n in range(offer.steps.count())] == [
        "All stages",
        "Camera positions and training",
        "Camera positions",
    ]
    qtbot.keyClick(offer, Qt.Key.Key_Escape)
    closed(offer, qtbot)
    assert not panel.running()
    assert not service.jobs and ("POST", "/prod/jobs") not in service.requests


def test_machines_and_spare_capacity_are_chosen_with_their_prices(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    training = offer.machines.lists["3dgs"]
    assert training.currentText() == "ml.g4dn.xlarge, 4 cores, 0.74 USD an hour, usual"
    assert "us-east-1, 2026-11; check them at https://aws" in training.toolTip()
    assert "0.29 instead of 0.74" in offer.machines.spot.toolTip()
    before = offer.expected.text()
    training.setFocus()
    qtbot.keyClick(training, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.expected.text() != before
    assert "0.56 instead of 1.41" in offer.machines.spot.toolTip()
    click(qtbot, offer.machines.spot)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert "Waits for spare capacity" in offer.expected.text()
    offer.steps.setCurrentIndex(offer.steps.findText("Camera positions"))
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert not training.isVisible() and not offer.machines.spot.isVisible()
    assert "spare" not in offer.expected.text()
    offer.steps.setCurrentIndex(0)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    click(qtbot, offer.start)
    over(panel, qtbot)
    (job,) = results.jobs.values()
    assert job.request["instances"] == {"3dgs": "ml.g5.xlarge"}
    assert job.request["spot"] is True


def test_a_wrong_mail_address_is_refused_and_a_good_one_sent(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    qtbot.keyClicks(offer.email, "pilot@")
    click(qtbot, offer.start)
    assert "no mail address" in offer.trouble.text() and offer.isVisible()
    qtbot.keyClicks(offer.email, "example.org")
    click(qtbot, offer.start)
    over(panel, qtbot)
    (job,) = results.jobs.values()
    assert job.request["email"] == "pilot@example.org"


def test_a_job_runs_from_the_offer_to_results_that_everything_works_with(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    sentences: list[str] = []
    metrics: list[object] = []

    def work(name: str, job: Job) -> None:
        values = {"iteration": 100.0, "loss": 0.1, "psnr_db": 20.0}
        results.tell(job, "train", {"event": "metric", "values": values})
        results.finish(name, job)

    results.work = work
    panel.stage_event.connect(metrics.append)
    panel.stage_event.connect(
        lambda _: sentences.extend(row.sentence.text() for row in panel.rows.values())
    )
    submit(window, panel, qtbot)
    over(panel, qtbot)
    assert set(panel.state().values()) == {"done"}
    assert panel.controls.estimate.text() == "Everything is done."
    assert any(words.startswith("Sending 6 files") and "so far" in words for words in sentences)
    assert any(words.startswith("Fetching") and "so far" in words for words in sentences)
    assert any("Metric" in repr(event) for event in metrics)
    assert len(holding(project)) == 5
    # AWS trains on a card, so the project takes the values for one.
    assert Project.open(project.folder).document.settings.device == "cuda"
    assert window.menus.export.isEnabled()
    assert not panel.controls.start_button.isVisible()
    qtbot.waitUntil(lambda: window.session.project is not None, timeout=LONG_MS)
    assert window.session.project is not None
    assert window.session.project.published("export") is not None


def test_keeping_ones_own_values(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    click(qtbot, offer.gpu)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.gpu.isVisible()
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert Project.open(project.folder).document.settings.device == "cpu"
    assert len(holding(project)) == 5


def test_photos_are_read_here_before_the_offer(
    window: MainWindow, panel: StagePanel, results: Service, qtbot: QtBot
) -> None:
    photos = window.session.project
    assert photos is not None
    first = sorted(photos.sources[0].iterdir())[0].name
    window.workspace._exclude(frozenset({first}))
    settled(panel, qtbot)
    click(qtbot, panel.controls.start_button)
    assert panel.running() and not panel.remote()
    offer = dialog(window, OfferDialog, qtbot)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.leaving.text().startswith("5 photos")
    assert not results.jobs
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert set(panel.state().values()) == {"done"}


def test_positions_there_and_the_rest_here_or_there(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    offer = offered(window, panel, qtbot)
    offer.steps.setCurrentIndex(offer.steps.findText("Camera positions"))
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert panel.state()["sfm"] == "done" and panel.state()["train"] == "waiting"
    assert panel.controls.start_button.isEnabled()
    # What is missing is offered next, from what was found.
    offer = offered(window, panel, qtbot)
    assert offer.steps.currentText() == "Training and compression"
    assert "files of the project" in offer.leaving.text() and not offer.photos.isVisible()
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert len(holding(project)) == 5
    firsts = [job.request["first"] for job in results.jobs.values()]
    assert firsts == ["sfm", "3dgs"]
    assert following("3dgs", "compression") == ("3dgs", "compression")


def test_a_stage_is_done_again_there(
    window: MainWindow, panel: StagePanel, project: Project, results: Service, qtbot: QtBot
) -> None:
    submit(window, panel, qtbot)
    over(panel, qtbot)
    panel.rows["train"].arrow.click()
    click(qtbot, panel.rows["train"].again_button)
    offer = dialog(window, OfferDialog, qtbot)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.wish().first == "3dgs"
    click(qtbot, offer.start)
    over(panel, qtbot)
    assert [job.request["first"] for job in results.jobs.values()] == ["sfm", "3dgs"]


def test_the_machine_that_the_service_takes_is_listed_and_counted(
    window: MainWindow, panel: StagePanel, service: Service, qtbot: QtBot
) -> None:
    usual = offered(window, panel, qtbot)
    cheap = usual.expected.text()
    usual.reject()
    service.machines = {"3dgs": "ml.g5.xlarge", "compression": "ml.p9.huge"}
    settled(panel, qtbot)
    click(qtbot, panel.controls.start_button)
    offer = dialog(window, OfferDialog, qtbot)
    qtbot.waitUntil(offer.trouble.isVisible, timeout=LONG_MS)
    training, compression = (offer.machines.lists[step] for step in ("3dgs", "compression"))
    assert training.itemText(0).startswith("ml.g5.xlarge") and "usual" in training.itemText(0)
    assert "usual" not in training.itemText(1)
    assert "instead of 1.41 US dollars" in offer.machines.spot.toolTip()
    assert compression.itemText(0) == "ml.p9.huge, usual, its price is not in the table"
    # Its cost is not known: another must be chosen, or the table be filled in.
    assert "no ml.p9.huge" in offer.trouble.text() and not offer.start.isEnabled()
    compression.setCurrentIndex(1)
    qtbot.waitUntil(lambda: offer.offer is not None, timeout=LONG_MS)
    assert offer.expected.text() != cheap
    assert dict(offer.wish().for_steps()) == {"compression": compression.currentData()}


def test_a_service_that_does_not_answer_is_offered_by_the_table(
    window: MainWindow, panel: StagePanel, service: Service, qtbot: QtBot
) -> None:
    settled(panel, qtbot)
    service.fault = lambda method, path: "503"
    offer = offered(window, panel, qtbot)
    assert "usual" in offer.machines.lists["3dgs"].itemText(0)


def test_a_machine_of_unknown_price_has_none_on_spare_capacity(qtbot: QtBot) -> None:
    choice = MachineChoice(Wish())
    assert "US dollars" in choice.spot.toolTip()
    choice.set_usual({"3dgs": "ml.p9.huge"})
    assert choice.spot.toolTip().startswith("Cheaper. AWS may interrupt it")
