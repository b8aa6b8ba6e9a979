from __future__ import annotations

import errno
import json
import os
import shutil
import threading
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageFilter

from spaceport_app import atomic, resources
from spaceport_app.errors import StageError
from spaceport_app.events import JsonValue, Notice, Progress, ignore
from spaceport_app.photos import decode, store
from spaceport_app.photos.importing import ImportInputs, run
from spaceport_app.photos.model import Photo, PhotoSet
from spaceport_app.photos.options import ImportOptions

from .conftest import Events, MakePhoto, texture, xmp_packet
from .hostile import many_scans

MakeFlight = Callable[..., list[Path]]


def imported(
    output: Path, *sources: Path, excluded: frozenset[str] = frozenset(), **options: Any
) -> tuple[PhotoSet, dict[str, JsonValue]]:
    report = run(ImportInputs(sources, output, excluded), ImportOptions(**options), ignore)
    assert json.loads(json.dumps(report)) == report
    return store.read(output), report


def failure(output: Path, *sources: Path, **options: Any) -> StageError:
    with pytest.raises(StageError) as caught:
        run(ImportInputs(sources, output), ImportOptions(**options), ignore)
    assert caught.value.message.endswith((".", "!")) and caught.value.remedy.endswith(".")
    assert not (output / "photos.json").exists()
    return caught.value


def codes(photo: Photo) -> list[str]:
    return [finding.code for finding in photo.findings]


def test_a_flight(tmp_path: Path, output: Path, make_flight: MakeFlight, events: Events) -> None:
    folder = tmp_path / "Flug über die Küste"
    make_flight(folder, 5, t37386=3.61, t41989=20)
    report = run(ImportInputs((folder,), output), ImportOptions(), events)
    photos = store.read(output)
    assert [photo.name for photo in photos.photos] == [f"DJI_{i:04}.JPG" for i in range(5)]
    first = photos.photos[0]
    assert (first.width, first.height, first.make, first.model) == (800, 600, "DJI", "FC300S")
    assert first.path == folder / "DJI_0000.JPG"
    assert first.focal_px == pytest.approx(462.25, abs=0.01)
    assert first.taken_at == "2016-06-23T16:00:00"
    assert all(photo.used and not photo.findings for photo in photos.photos)
    assert photos.origin is not None
    assert photos.origin.latitude == pytest.approx(46.8428, abs=1e-9)
    assert photos.origin.height == pytest.approx(200.0)
    assert report["photos"] == report["used"] == report["gps_photos"] == 5
    assert report["left_out"] == []
    assert report["cameras"] == [{"name": "DJI FC300S 3.6 mm 800x600", "photos": 5}]
    assert report["megapixels"] == pytest.approx(2.4)
    assert (report["altitude_min_m"], report["altitude_max_m"]) == (198.0, 202.0)
    assert report["area_hectares"] == pytest.approx(0.0127, rel=0.05)

    steps = events.of(Progress)
    assert [event.done for event in steps] == [0, 1, 2, 3, 4, 5]
    assert {event.total for event in steps} == {5}
    assert steps[-1].fraction == 1.0
    assert events.of(Notice) == []


def test_damaged_and_foreign_files_are_left_out_with_a_reason(
    tmp_path: Path, output: Path, make_flight: MakeFlight, events: Events
) -> None:
    folder = tmp_path / "in"
    good = make_flight(folder, 4)
    data = good[0].read_bytes()
    (folder / "abgeschnitten.jpg").write_bytes(data[: len(data) // 2])
    (folder / "leer.jpg").write_bytes(b"")
    (folder / "text.jpg").write_text("Das ist kein Bild.")
    report = run(ImportInputs((folder,), output), ImportOptions(), events)
    left_out = {item.name: item.reason for item in store.read(output).left_out}
    assert set(left_out) == {"abgeschnitten.jpg", "leer.jpg", "text.jpg"}
    assert {reason.code for reason in left_out.values()} == {"unreadable"}
    assert "cut short" in left_out["abgeschnitten.jpg"].message
    assert "empty" in left_out["leer.jpg"].message
    assert "not a photo" in left_out["text.jpg"].message
    assert (report["photos"], report["used"]) == (7, 4)
    assert {notice.subject for notice in events.of(Notice)} == set(left_out)


def test_two_photos_of_one_name_are_both_kept(
    tmp_path: Path, output: Path, make_flight: MakeFlight
) -> None:
    make_flight(tmp_path / "Nord", 2)
    make_flight(tmp_path / "Süd", 2, seed=50)
    photos, report = imported(output, tmp_path / "Nord", tmp_path / "Süd")
    assert [photo.name for photo in photos.used] == [
        "Nord/DJI_0000.JPG",
        "Nord/DJI_0001.JPG",
        "Süd/DJI_0000.JPG",
        "Süd/DJI_0001.JPG",
    ]
    assert len({photo.sha256 for photo in photos.photos}) == report["used"] == 4


def test_two_cameras_make_two_groups(tmp_path: Path, output: Path, make_flight: MakeFlight) -> None:
    make_flight(tmp_path / "in" / "a", 3, model="FC300S")
    make_flight(tmp_path / "in" / "b", 3, seed=50, make="Canon", model="Canon EOS R5")
    photos, report = imported(output, tmp_path / "in")
    assert photos.cameras == ("Canon EOS R5 800x600", "DJI FC300S 800x600")
    assert report["cameras"] == [{"name": name, "photos": 3} for name in photos.cameras]


def test_a_stray_photo_of_another_size_is_named(
    tmp_path: Path, output: Path, make_flight: MakeFlight, make_photo: MakePhoto
) -> None:
    make_flight(tmp_path / "in", 4)
    make_photo(tmp_path / "in" / "phone.jpg", 77, size=(500, 400), make="X", model="Phone")
    photos, _ = imported(output, tmp_path / "in")
    assert codes(photos.photos[-1]) == ["no_gps", "small", "odd_size"]
    assert photos.photos[-1].used and len(photos.cameras) == 2


def test_duplicates_are_used_once(tmp_path: Path, output: Path, make_flight: MakeFlight) -> None:
    flight = make_flight(tmp_path / "in", 4)
    shutil.copy(flight[1], tmp_path / "in" / "Kopie.JPG")
    small = Image.open(flight[2]).resize((400, 300))
    small.save(tmp_path / "in" / "klein.jpg")
    photos, report = imported(output, tmp_path / "in")
    by_name = {photo.name: photo for photo in photos.photos}
    assert codes(by_name["Kopie.JPG"]) == ["duplicate"]
    assert "DJI_0001.JPG" in by_name["Kopie.JPG"].findings[-1].message
    assert codes(by_name["klein.jpg"])[-1] == "near_duplicate"
    assert [p.name for p in photos.used] == [path.name for path in flight]
    left_out = report["left_out"]
    assert isinstance(left_out, list) and len(left_out) == 2
    shutil.rmtree(output)
    output.mkdir()
    kept, _ = imported(output, tmp_path / "in", leave_out_duplicates=False)
    assert len(kept.used) == 6


def test_a_copy_stands_in_for_an_original_that_was_taken_out(
    tmp_path: Path, output: Path, make_flight: MakeFlight
) -> None:
    flight = make_flight(tmp_path / "in", 4)
    shutil.copy(flight[1], tmp_path / "in" / "Kopie.JPG")
    photos, _ = imported(output, tmp_path / "in", excluded=frozenset({"DJI_0001.JPG"}))
    assert "Kopie.JPG" in {photo.name for photo in photos.used}
    assert codes(photos.photos[1]) == ["excluded"] and not photos.photos[1].used


def test_blurred_photos_are_named_and_left_out_on_request(
    tmp_path: Path, output: Path, make_flight: MakeFlight, make_photo: MakePhoto
) -> None:
    make_flight(tmp_path / "in", 5)
    blurred = texture(9).filter(ImageFilter.GaussianBlur(2))
    make_photo(tmp_path / "in" / "x.jpg", image=blurred, place=(46.8426, -91.994))
    photos, _ = imported(output, tmp_path / "in")
    assert codes(photos.photos[-1]) == ["blurred"] and photos.photos[-1].used
    photos, report = imported(output, tmp_path / "in", leave_out_blurred=True)
    assert not photos.photos[-1].used and report["used"] == 5
    message = photos.photos[-1].findings[-1].message
    assert report["left_out"] == [{"name": "x.jpg", "code": "blurred", "message": message}]


def test_wrong_gps_is_not_used(
    tmp_path: Path, output: Path, make_flight: MakeFlight, make_photo: MakePhoto
) -> None:
    make_flight(tmp_path / "in", 5)
    make_photo(tmp_path / "in" / "far.jpg", 60, place=(12.0, 40.0), altitude=200.0)
    zeros = {1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}
    make_photo(tmp_path / "in" / "zero.jpg", 61, gps=zeros)
    photos, report = imported(output, tmp_path / "in")
    by_name = {photo.name: photo for photo in photos.photos}
    assert codes(by_name["far.jpg"]) == ["wrong_gps"]
    assert codes(by_name["zero.jpg"]) == ["no_gps"]
    assert by_name["far.jpg"].position is None and by_name["far.jpg"].used
    assert report["gps_photos"] == 5
    assert photos.origin is not None
    assert photos.origin.latitude == pytest.approx(46.8428, abs=1e-9)


def test_no_gps_at_all_is_said_once(
    tmp_path: Path, output: Path, make_photo: MakePhoto, events: Events
) -> None:
    for i in range(4):
        make_photo(tmp_path / "in" / f"{i}.jpg", i)
    report = run(ImportInputs((tmp_path / "in",), output), ImportOptions(), events)
    assert store.read(output).origin is None
    assert report["origin"] is None and report["area_hectares"] is None
    assert [(notice.code, notice.subject) for notice in events.of(Notice)] == [("no_gps", "")]


def test_heic_among_the_others(tmp_path: Path, output: Path, make_flight: MakeFlight) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    make_flight(tmp_path / "in", 3)
    pillow_heif.from_pillow(texture(70, (320, 240))).save(
        tmp_path / "in" / "Handy.heic", quality=90
    )
    photos, _ = imported(output, tmp_path / "in")
    assert photos.photos[-1].name == "Handy.heic" and not photos.photos[-1].plain


def test_heic_without_its_package_is_left_out_with_the_remedy(
    tmp_path: Path, output: Path, make_flight: MakeFlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    make_flight(tmp_path / "in", 3)
    pillow_heif.from_pillow(texture(70, (64, 48))).save(tmp_path / "in" / "Handy.heic")
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    photos, report = imported(output, tmp_path / "in")
    assert report["used"] == 3
    assert photos.left_out[0].reason.code == "heic_unsupported"
    assert "pillow-heif" in photos.left_out[0].reason.message


def test_a_zip_is_unpacked_and_survives_publication(
    tmp_path: Path, output: Path, make_flight: MakeFlight, events: Events
) -> None:
    with zipfile.ZipFile(tmp_path / "Flug Küste.zip", "w") as file:
        for path in make_flight(tmp_path / "in", 4):
            file.write(path, f"100MEDIA/{path.name}")
        file.writestr("../../evil.jpg", "evil")
    run(ImportInputs((tmp_path / "Flug Küste.zip",), output), ImportOptions(), events)
    published = output.with_name("photos")
    output.rename(published)
    photos = store.read(published)
    assert photos.photos[0].name == "100MEDIA/DJI_0000.JPG"
    assert photos.photos[0].path == published / "extracted/Flug Küste/100MEDIA/DJI_0000.JPG"
    assert store.changed(photos) == ()
    assert [item.reason.code for item in photos.left_out] == ["unsafe_zip"]
    assert list(tmp_path.rglob("evil.jpg")) == []
    fractions = [event.fraction for event in events.of(Progress)]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0


def test_errors_for_what_cannot_be_used(
    tmp_path: Path, output: Path, make_flight: MakeFlight
) -> None:
    assert failure(output, tmp_path / "nicht da").code == "not_found"
    (tmp_path / "leer").mkdir()
    assert failure(output, tmp_path / "leer").code == "no_photos"
    make_flight(tmp_path / "two", 2)
    error = failure(output, tmp_path / "two")
    assert error.code == "too_few_photos" and "Only 2 photos" in error.message
    (tmp_path / "kaputt.zip").write_bytes(b"PK\x03\x04 no zip")
    error = failure(output, tmp_path / "kaputt.zip")
    assert error.code == "bad_zip" and "kaputt.zip" in error.message
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("a.tif", b"\0" * 5_000_000)
    assert failure(output, tmp_path / "bomb.zip").code == "zip_bomb"
    (tmp_path / "text").mkdir()
    for i in range(5):
        (tmp_path / "text" / f"{i}.jpg").write_text("no photo")
    error = failure(output, tmp_path / "text")
    assert error.code == "too_few_photos" and "not a photo" in error.message


def test_all_blurred_is_an_error(tmp_path: Path, output: Path, make_photo: MakePhoto) -> None:
    for i in range(4):
        blurred = texture(i).filter(ImageFilter.GaussianBlur(4))
        make_photo(tmp_path / "in" / f"{i}.jpg", image=blurred)
    error = failure(output, tmp_path / "in")
    assert error.code == "all_blurred" and "4 of 4" in error.message


def test_copies_of_one_photo_are_too_few(
    tmp_path: Path, output: Path, make_photo: MakePhoto
) -> None:
    for i in range(4):
        make_photo(tmp_path / "in" / f"{i}.jpg", 1)
    error = failure(output, tmp_path / "in")
    assert error.code == "too_few_photos" and "same file as 0.jpg" in error.message


def test_a_full_disk_is_told_to_the_pipeline(
    tmp_path: Path, output: Path, make_flight: MakeFlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flight(tmp_path / "in", 3)

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "write_bytes", full)
    with pytest.raises(OSError) as caught:
        imported(output, tmp_path / "in")
    assert caught.value.errno == errno.ENOSPC


def test_memory_stays_bounded(
    tmp_path: Path, output: Path, make_flight: MakeFlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flight(tmp_path / "in", 8)
    lock, now, most = threading.Lock(), 0, 0
    plain = decode.decode

    def counted(data: bytes, limit: float) -> decode.Decoded:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        try:
            time.sleep(0.03)  # Long enough for every thread of the pool to start one.
            return plain(data, limit)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(decode, "decode", counted)
    _, report = imported(output, tmp_path / "in")
    assert report["used"] == 8 and 1 <= most <= 2


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.timeout(60)
def test_photos_that_would_hold_up_the_import_are_left_out_alone(
    tmp_path: Path, output: Path, make_flight: MakeFlight
) -> None:
    make_flight(tmp_path / "in", 4)
    os.mkfifo(tmp_path / "in" / "a pipe.jpg")
    (tmp_path / "in" / "endless.jpg").symlink_to("/dev/zero")
    (tmp_path / "in" / "scans.jpg").write_bytes(many_scans((16000, 12000), 4000))
    photoset, report = imported(output, tmp_path / "in")
    assert report["used"] == 4
    reasons = {item.name: item.reason for item in photoset.left_out}
    assert {name: reason.code for name, reason in reasons.items()} == {
        "a pipe.jpg": "unreadable",
        "endless.jpg": "unreadable",
        "scans.jpg": "too_slow",
    }
    assert reasons["a pipe.jpg"].message == "This is no regular file."


def test_a_photo_that_memory_cannot_hold_is_left_out_alone(
    tmp_path: Path, output: Path, make_flight: MakeFlight, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_flight(tmp_path / "in", 4)
    Image.new("RGB", (3000, 2000), "grey").save(tmp_path / "in" / "large.jpg")
    monkeypatch.setattr(resources, "free_memory_bytes", lambda: 40_000_000)
    photoset, report = imported(output, tmp_path / "in")
    assert report["used"] == 4
    assert [(item.name, item.reason.code) for item in photoset.left_out] == [
        ("large.jpg", "too_large")
    ]
    assert "72.0 MB of memory" in photoset.left_out[0].reason.message


@pytest.mark.parametrize(
    ("written", "read"),
    [
        # Alone, the first would look 40 degrees backwards and the last up.
        ((-40.0, -60.0, 5.0, -30.0), [-40.0, -60.0, 5.0, -30.0]),
        ((0.5, 45.0, 20.0, 0.0), [-89.5, -45.0, -70.0, -90.0]),
        ((0.5, -1.0, 0.0, 1.0), [None] * 4),
    ],
)
def test_the_direction_of_a_flight_is_settled_at_once(
    written: tuple[float, ...],
    read: list[float | None],
    tmp_path: Path,
    output: Path,
    make_photo: MakePhoto,
    events: Events,
) -> None:
    for i, pitch in enumerate(written):
        values = {"Yaw": "30", "Pitch": f"{pitch}", "Roll": "0"}
        packet = xmp_packet("http://pix4d.com/camera/1.0", "Camera", values, "attributes")
        make_photo(
            tmp_path / "in" / f"{i}.jpg",
            i,
            size=(160, 120),
            make="Camera",
            model="XL715",
            place=(46.8426 + 1e-4 * i, -91.994),
            xmp=packet.replace(
                b" rdf:about=",
                b' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Make="Autel '
                b'Robotics" rdf:about=',
            ),
        )
    run(ImportInputs((tmp_path / "in",), output), ImportOptions(), events)
    photos = store.read(output).photos
    assert [p.orientation and p.orientation.pitch for p in photos] == pytest.approx(read)
    assert {p.make for p in photos} == {"Autel Robotics"}
    told = [n for n in events.of(Notice) if n.code == "orientation_unknown"]
    assert [n.message for n in told] == [
        "The camera angles in the 4 photos can be read in two ways and are not used."
    ] * (None in read)


def test_positions_that_contradict_each_other_are_told_once(
    tmp_path: Path, output: Path, make_photo: MakePhoto, events: Events
) -> None:
    for i in range(4):
        latitude = 46.8426 + 1e-4 * i
        values = {"GpsLatitude": f"{latitude + 1e-4:.7f}", "GpsLongitude": "-91.9940000"}
        packet = xmp_packet("http://www.dji.com/drone-dji/1.0/", "d", values, "attributes")
        make_photo(
            tmp_path / "in" / f"{i}.jpg", i, size=(160, 120), place=(latitude, -91.994), xmp=packet
        )
    run(ImportInputs((tmp_path / "in",), output), ImportOptions(), events)
    told = [n.message for n in events.of(Notice) if n.code == "gps_disagrees"]
    assert len(told) == 1 and "in all 4 photos" in told[0]
    first = store.read(output).photos[0]
    # EXIF, which programs that correct positions write.
    assert first.position is not None and first.position.latitude == pytest.approx(46.8426)
    assert codes(first) == ["gps_disagrees", "small"]
