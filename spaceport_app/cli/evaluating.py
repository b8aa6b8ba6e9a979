"""``evaluate``: the quality of a project's splats, measured again from its files."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from spaceport_app import installed_engine
from spaceport_app.cli.output import Output, told
from spaceport_app.cli.running import Json, ProjectFolder
from spaceport_app.errors import StageError
from spaceport_app.pipeline import stages as rooms
from spaceport_app.pipeline import whole
from spaceport_app.pipeline.messages import plain
from spaceport_app.project import layout
from spaceport_app.project.project import Project


def evaluate(
    project: ProjectFolder,
    engine: Annotated[str, typer.Option(help="What renders: auto, cpu or cuda.")] = "auto",
    json: Json = False,
) -> None:
    """Measure the trained splats against the held-out photos again, from the files alone.

    Colour-fitted: what is left of the error once exposure and white balance, fitted on one
    half of a photo, are taken off the other half.
    """
    output = Output(json=json)
    if engine != "cpu" and (trouble := installed_engine.use()):
        output.warn(trouble)
    with told(output, project):
        found = measure(Project.open(project), engine)
        output.document(plain(found))
        for line in _lines(found):
            output.say(line)


def measure(project: Project, engine: str) -> dict[str, Any]:
    """Return mean and each view's quality, JSON-able.

    Raises
    ------
    StageError
        As `whole.require` for sfm and train, ``no_held_out`` if no photo was held out, or
        what reading the files and making the engine raises.
    """
    whole.require(project, "sfm", "train")
    from spaceport_app.splats import evaluation, measured
    from spaceport_app.splats.engines import choose
    from spaceport_app.splats.file import read_ply

    folder = project.folder / layout.SPLATS
    training = measured.read(folder)
    if not training.held_out:
        raise StageError(
            "no_held_out",
            "No photo was held out of the training, so there is none to measure by.",
            "Train again with held-out photos: --train-held-out every-8th.",
        )
    renderer = choose.make(engine)
    renderer.load(read_ply(folder / "splats.ply"))
    views = evaluation.evaluate(
        renderer,
        rooms.reconstruction(project).views,
        training.held_out,
        image_size=training.image_size,
        look=training.look,
    )
    mean = evaluation.mean(views)
    assert mean is not None
    return {
        "project": str(project.folder.absolute()),
        "engine": renderer.name,
        "gaussians": len(renderer),
        "image_size_px": training.image_size,
        "psnr_db": mean[0],
        "ssim": mean[1],
        "colour_fitted_psnr_db": mean[2],
        "views": [asdict(view) for view in views],
    }


def _lines(found: dict[str, Any]) -> list[str]:
    rows = [*found["views"], {**found, "name": "Mean"}]
    width = max(len(row["name"]) for row in rows)
    lines = [f"{'':<{width}}  {'PSNR':>9}  {'SSIM':>6}  {'colour-fitted PSNR':>18}"]
    for row in rows:
        lines.append(
            f"{row['name']:<{width}}  {row['psnr_db']:>6.2f} dB  {row['ssim']:>6.4f}"
            f"  {row['colour_fitted_psnr_db']:>15.2f} dB"
        )
    return lines
