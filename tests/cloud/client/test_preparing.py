"""What leaves the computer, and that the other side finds the same in it."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from spaceport_app.cloud.client import photo_copies, preparing, submission
from spaceport_app.cloud.client.failures import CloudError, Halted
from spaceport_app.cloud.client.photo_copies import Recipe
from spaceport_app.events import Event, ignore
from spaceport_app.photos import decode, importing, store
from spaceport_app.photos.importing import ImportInputs
from spaceport_app.photos.model import Photo, PhotoSet
from spaceport_app.photos.options import ImportOptions
from spaceport_app.pipeline.settings import resolve_all
from spaceport_app.pipeline.stage import registry
from spaceport_app.project.project import Project


def prepared(
    project: Project, photos: preparing.Photos = "scaled"
) -> tuple[submission.Upload, ...]:
    options = resolve_all(registry(), project.document.settings)
    return preparing.prepare(project, "sfm", photos, options, ignore, threading.Event())


def imported_there(
    project: Project, uploads: tuple[submission.Upload, ...], folder: Path
) -> PhotoSet:
    """Lay the files out as a worker does and read them."""
    for upload in uploads:
        path = folder / "in" / upload.file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((project.folder / upload.path).read_bytes())
    (folder / "out").mkdir()
    importing.run(ImportInputs((folder / "in",), folder / "out"), ImportOptions(), ignore)
    return store.read(folder / "out")


def assert_same(there: Photo, here: Photo) -> None:
    assert there.name == here.name
    assert (there.make, there.model, there.taken_at) == (here.make, here.model, here.taken_at)
    assert there.orientation == here.orientation
    assert (there.position is None) == (here.position is None)
    if there.position is not None and here.position is not None:
        assert there.position.latitude == pytest.approx(here.position.latitude, abs=1e-10)
        assert there.position.longitude == pytest.approx(here.position.longitude, abs=1e-10)
        for name in ("altitude", "relative_altitude", "horizontal_accuracy", "vertical_accuracy"):
            assert getattr(there.position, name) == getattr(here.position, name)
    assert (there.focal_px is None) == (here.focal_px is None)
    if there.focal_px is not None and here.focal_px is not None:
        scaled = here.focal_px * there.width / here.width
        assert there.focal_px == pytest.approx(scaled, rel=1e-9)


def test_the_other_side_finds_the_same(project: Project, tmp_path: Path) -> None:
    uploads = prepared(project)
    here = store.read(project.folder / "photos").used
    there = imported_there(project, uploads, tmp_path / "there")
    assert len(there.used) == len(here) == 6
    for one, other in zip(there.used, here, strict=True):
        assert_same(one, other)
        assert max(one.width, one.height) == 600
    assert there.origin is not None
    assert len({photo.camera for photo in there.used}) == len({photo.camera for photo in here})
    for upload in uploads:
        data = (project.folder / upload.path).read_bytes()
        assert upload.file.size == len(data)
        assert upload.file.sha256 == hashlib.sha256(data).hexdigest()


def drone_photo(path: Path, serial: str, quality: int = 90) -> None:
    """A photo with all that a drone and its pilot leave in it."""
    pixels = Image.effect_noise((800, 600), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "DJI", "FC300S"
    exif[0x013B], exif[0x8298], exif[0x010E] = "Erika Mustermann", "(c) Erika", "At the castle"
    exif[0x0112] = 6
    inner = exif.get_ifd(0x8769)
    inner[0xA431], inner[0x920A], inner[0xA405] = serial, 3.61, 20
    inner[0x9003], inner[0x9291] = "2026:05:01 10:11:12", "345"
    inner[0x927C], inner[0x9286] = b"maker's own " * 40, b"ASCII\0\0\0a comment"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "S", (33.0, 51.0, 24.1234567), "W", (70.0, 30.0, 0.5)
    gps[5], gps[6] = b"\1", 12.5
    xmp = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf'
        '-syntax-ns#"><rdf:Description xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/" '
        'drone-dji:AbsoluteAltitude="-12.53" drone-dji:RelativeAltitude="+45.70" '
        'drone-dji:GimbalYawDegree="-120.3" drone-dji:GimbalPitchDegree="-89.9" '
        'drone-dji:GimbalRollDegree="0.1" drone-dji:RtkStdLon="0.011" drone-dji:RtkStdLat="0.012" '
        'drone-dji:RtkStdHgt="0.025" drone-dji:SelfData="Erika" '
        f'drone-dji:DroneSerialNumber="D{serial}"/></rdf:RDF></x:xmpmeta>'
    )
    buffer = io.BytesIO()
    pixels.save(buffer, "JPEG", quality=quality, exif=exif.tobytes(), comment=b"by Erika")
    data = buffer.getvalue()
    packet = b"http://ns.adobe.com/xap/1.0/\0" + xmp.encode()
    segment = b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet
    path.write_bytes(data[:2] + segment + data[2:] + b"\xff\xd8preview of Erika\xff\xd9")


@pytest.mark.parametrize("side", [0, 400])
def test_nothing_personal_leaves(tmp_path: Path, side: int) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number, serial in enumerate(("SN0AX17", "SN0AX17", "SN0BY29")):
        drone_photo(folder / f"{number}.jpg", serial)
    (tmp_path / "out").mkdir()
    importing.run(ImportInputs((folder,), tmp_path / "out"), ImportOptions(), ignore)
    photos = store.read(tmp_path / "out").used
    assert len({photo.camera for photo in photos}) == 2
    (tmp_path / "copies").mkdir()
    bodies = sorted({photo.camera for photo in photos})
    for photo in photos:
        data = photo_copies.make(photo, Recipe(side), 1 + bodies.index(photo.camera))
        for secret in (b"Erika", b"SN0", b"castle", b"maker", b"comment", b"preview"):
            assert secret not in data
        (tmp_path / "copies" / photo.name).write_bytes(data)
        original = decode.open_rgb(photo.path)
        if side == 0:
            # The very pixels: it was only freed of what is nobody's business.
            assert decode.open_rgb(tmp_path / "copies" / photo.name).tobytes() == original.tobytes()
            assert len(data) < photo.size_bytes
    (tmp_path / "again").mkdir()
    importing.run(ImportInputs((tmp_path / "copies",), tmp_path / "again"), ImportOptions(), ignore)
    there = store.read(tmp_path / "again").used
    for one, other in zip(there, photos, strict=True):
        assert_same(one, other)
    groups = [[p.camera for p in found] for found in (there, photos)]
    assert [g.index(c) for g in groups for c in g] == [0, 0, 2] * 2
    with Image.open(tmp_path / "copies" / "0.jpg") as image:
        assert image.getexif()[0x0112] == 6


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_other_formats_go_as_jpeg_under_their_names(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    Image.effect_noise((300, 200), 50).convert("RGB").save(path, kind)
    photo = Photo(path.name, path, 1, 1, "", 300, 200, "x", "", "", None, None, None, None, 1, 1)
    data = photo_copies.make(photo, Recipe(0), 0)
    assert data.startswith(b"\xff\xd8") and decode.decode(data).image.size == (300, 200)


def test_a_second_call_makes_nothing_anew(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = resolve_all(registry(), project.document.settings)
    halted = threading.Event()
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        if len(told) == 2:
            halted.set()

    with pytest.raises(Halted):
        preparing.prepare(project, "sfm", "scaled", options, listen, halted)
    place = submission.folder(project) / "photos"
    times = {path.name: path.stat().st_mtime_ns for path in place.iterdir()}
    assert times
    whole = prepared(project)
    assert times.items() <= {p.name: p.stat().st_mtime_ns for p in place.iterdir()}.items()
    monkeypatch.setattr(photo_copies, "make", None)
    assert prepared(project) == whole


def test_originals_are_read_where_they_lie(project: Project) -> None:
    here = store.read(project.folder / "photos").used
    uploads = prepared(project, "original")
    assert [Path(upload.path) for upload in uploads] == [photo.path for photo in here]
    assert [upload.file.sha256 for upload in uploads] == [photo.sha256 for photo in here]
    assert not (submission.folder(project) / "photos").exists()


def test_what_leaves_is_said_plainly(project: Project) -> None:
    options = resolve_all(registry(), project.document.settings)
    scaled = preparing.leaving(project, "sfm", "scaled", options)
    assert scaled.files == 6
    assert re.match(r"6 photos reduced to 600 pixels \(about [\d.]+ .B\) leave", scaled.sentence)
    assert "GPS position" in scaled.sentence and "no serial numbers" in scaled.sentence
    original = preparing.leaving(project, "sfm", "original", options)
    assert "as they are" in original.sentence and original.size > scaled.size
    real = sum(upload.file.size for upload in prepared(project))
    assert 0.3 < real / scaled.size < 3.0


def test_the_other_side_leaves_out_nothing_that_is_used_here(project: Project) -> None:
    settings = replace(project.document.settings, excluded=frozenset({"a.jpg"}))
    sent = submission.sent_settings(submission.settings_json(settings))
    assert sent["excluded"] == []
    assert sent["options"]["import"] == {
        "leave_out_blurred": False,
        "leave_out_duplicates": False,
    }


def test_a_photo_that_is_gone_is_named(project: Project) -> None:
    path = project.folder / "photos"
    found = store.read(path)
    gone = replace(found.photos[0], path=path / "gone.jpg", sha256="0" * 64)
    store.write(path, replace(found, photos=(gone, *found.photos[1:])))
    with pytest.raises(CloudError, match="is not there any more") as caught:
        prepared(project)
    assert caught.value.code == "photo_unreadable"
