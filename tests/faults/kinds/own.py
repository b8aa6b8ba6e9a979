"""Files of the person in and around the project: wherever they lie, they stay."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from ..base import FOLDERS, OPTIONS, STAGES
from ..scene import Scene
from ..verdict import LOST

_INSIDE = (
    *FOLDERS,
    "sfm/views",
    "sfm/model",
    "bundle/bundle",
    "splats/held_out",
    "logs",
    ".",
    "photos.kept-1",
    "export.kept-1",
    "mine",
    ".photos.old",
    ".sfm.old",
    ".export.old",
    ".export.removing",
    ".sfm.old.removing",
)
_NAMES = (
    "notes.txt",
    "DJI_0001.JPG",
    "splats.ply",
    "o.sog",
    "photos.json",
    ".hidden",
    ".project.json.1.partial",
    "Öland (2).txt",
    "meta.json",
    "train.log.txt",
)


def inside(scene: Scene) -> None:
    """Put files, folders and links of the person into a project, then have stages made anew."""
    scene.begin("finished")
    chance = scene.chance
    own: list[Path] = []
    for _ in range(chance.choice((1, 2, 3, 5))):
        path = scene.project / chance.choice(_INSIDE) / chance.choice(_NAMES)
        if path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(chance.randrange(1, 3000)))
        own.append(path)
        scene.did(f"mine at {path.relative_to(scene.project).as_posix()}")
    if chance.random() < 0.3:
        _link(scene)
    scene.guard(own)
    for _ in range(chance.choice((1, 1, 2))):
        words = _again(scene)
        scene.did(" ".join(str(word) for word in words if word != scene.project))
        if chance.random() < 0.25:
            run = scene.spaceport.start(*words)
            run.until('"started"', chance.randrange(4))
            run.send()
            run.finish()
        else:
            scene.judged(scene.spaceport(*words), None)
    scene.go_on(may_run=STAGES, words=("run", "-o", scene.project, "--json", *OPTIONS))
    scene.check(kept=True)


def _again(scene: Scene) -> tuple[object, ...]:
    stage = scene.chance.choice((*STAGES, "export", "compress"))
    return scene.chance.choice(
        (
            ("stage", stage, scene.project, "--json"),
            ("run", "-o", scene.project, "--json", "--export-orientation", "world"),
            ("run", "-o", scene.project, "--json", "--compress-order", "morton"),
            ("run", "-o", scene.project, "--json", "--train-iterations", "20"),
        )
    )


def _link(scene: Scene) -> None:
    """Put a folder of the person elsewhere, with a link to it where Spaceport works."""
    elsewhere = scene.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine.txt").write_bytes(scene.chance.randbytes(500))
    names = ["logs/train.log", "logs/export.log", "export/extra.bin", "splats/extra", "sfm/views/x"]
    names += [".export.old", ".train.scratch", ".sfm.partial", "logs/import.log", "logs"]
    where = scene.project / scene.chance.choice(names)
    if where.is_dir():
        shutil.rmtree(where)
    where.unlink(missing_ok=True)
    target = elsewhere if where.suffix == "" or where.name.startswith(".") else None
    where.symlink_to(target or elsewhere / "mine.txt")
    scene.did(f"a link at {where.relative_to(scene.project).as_posix()}")


def _folder_is_photos(scene: Scene) -> tuple[object, ...]:
    place = scene.folder / "trip" / scene.chance.choice(FOLDERS)
    shutil.copytree(scene.photos, place)
    return ("run", place, "-o", scene.folder / "trip")


def _beside(scene: Scene) -> tuple[object, ...]:
    place = scene.folder / "trip" / "photos"
    shutil.copytree(scene.photos, place)
    return ("run", scene.photos, "-o", scene.folder / "trip")


def _in_the_photos(scene: Scene) -> tuple[object, ...]:
    return ("run", scene.photos, "-o", scene.photos)


def _below_the_photos(scene: Scene) -> tuple[object, ...]:
    return (
        "run",
        scene.photos,
        "-o",
        scene.photos / scene.chance.choice((*FOLDERS, "x.spaceport")),
    )


def _full_folder(scene: Scene) -> tuple[object, ...]:
    place = scene.folder / "full"
    for name in scene.chance.sample([*_INSIDE, "."], 3):
        (place / name).mkdir(parents=True, exist_ok=True)
        (place / name / scene.chance.choice(_NAMES)).write_bytes(scene.chance.randbytes(99))
    return ("run", scene.photos, "-o", place)


def _a_file(scene: Scene) -> tuple[object, ...]:
    place = scene.folder / "file.spaceport"
    place.write_bytes(b"mine")
    return ("run", scene.photos, "-o", place)


def _photos_in_a_project(scene: Scene) -> tuple[object, ...]:
    shutil.copytree(scene.photos, scene.project / "photos" / "more")
    return ("run", scene.project / "photos" / "more", "-o", scene.folder / "second.spaceport")


def _linked_folder(scene: Scene) -> tuple[object, ...]:
    (scene.folder / "real").mkdir()
    (scene.folder / "real" / "mine.txt").write_bytes(b"mine")
    (scene.folder / "link.spaceport").symlink_to("real")
    return ("run", scene.photos, "-o", scene.folder / "link.spaceport")


_LAYOUTS: Mapping[str, Callable[[Scene], tuple[object, ...]]] = {
    "the photos lie where a result would": _folder_is_photos,
    "a folder of photos lies where a result would": _beside,
    "the project is the photos' folder": _in_the_photos,
    "the project lies in the photos' folder": _below_the_photos,
    "a full folder": _full_folder,
    "a file": _a_file,
    "the photos lie in another project": _photos_in_a_project,
    "the project is a link": _linked_folder,
}


def around(scene: Scene) -> None:
    """Have a project made in a place where the person's files lie in its way."""
    scene.session.lay("finished")
    layout = scene.chance.choice(list(_LAYOUTS))
    scene.did(layout)
    words = _LAYOUTS[layout](scene)
    place = Path(str(words[-1]))
    before = {path: path.read_bytes() for path in scene.folder.rglob("*") if path.is_file()}
    for _ in range(2):
        ended = scene.judged(scene.spaceport(*words, "--json", *OPTIONS), None)
        if ended.code == 0:
            break
    for path, data in before.items():
        if not path.is_file() or path.read_bytes() != data:
            scene.fault(LOST, f"of the person's: {path.relative_to(scene.folder)}")
    scene.guard()
    if ended.code == 0:
        shutil.rmtree(place)
    # Only its own project folder may be new.
    scene.verdict.told = scene.verdict.told[:1]
    scene.check(whole=False)
