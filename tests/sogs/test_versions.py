"""Both versions against a slow decoder of their specifications and against the scene."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from spaceport_app.errors import StageError
from spaceport_app.events import Event, Progress, ignore
from spaceport_app.sogs import file, version1, version2
from spaceport_app.sogs.bundle import Bundle
from spaceport_app.sogs.options import CompressOptions
from spaceport_app.splats.compare import compare_in_order
from spaceport_app.splats.model import Splats

from .plain_decoder import column, decode
from .scenes import scene

Encode = Callable[..., Bundle]
OPTIONS = CompressOptions(palette_entries=100)
BOTH = pytest.mark.parametrize("encode", [version1.encode, version2.encode])


def read(bundle: Bundle) -> Splats:
    return file.decode(bundle.files.__getitem__)


@BOTH
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 300])
def test_against_the_plain_decoder(encode: Encode, degree: int, count: int) -> None:
    bundle = encode(scene(count, degree), OPTIONS, ignore)
    ours, plain = read(bundle), decode(bundle.files)
    assert len(ours) == len(plain) == count
    assert ours.sh_degree == degree
    np.testing.assert_allclose(ours.means, column(plain, "position"), rtol=2e-6, atol=2e-6)
    np.testing.assert_allclose(ours.log_scales, column(plain, "scale"), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.quaternions, column(plain, "quaternion"), atol=1e-6)
    opacity = 1 / (1 + np.exp(-ours.opacity_logits.astype(float)))
    np.testing.assert_allclose(opacity, column(plain, "opacity")[:, 0], atol=2e-6)
    np.testing.assert_allclose(ours.sh[:, 0], column(plain, "dc"), atol=1e-6)
    np.testing.assert_allclose(
        ours.sh[:, 1:].reshape(count, -1), column(plain, "rest").reshape(count, -1), atol=1e-6
    )


@BOTH
@pytest.mark.parametrize(
    ("order", "degree"), [("hilbert", 0), ("hilbert", 3), ("morton", 3), ("plas", 3)]
)
def test_every_gaussian_comes_back(encode: Encode, order: str, degree: int) -> None:
    splats = scene(700, degree)
    bundle = encode(splats, CompressOptions(order=order), ignore)
    assert sorted(bundle.order) == list(range(700))
    error = compare_in_order(splats.take(bundle.order), read(bundle))
    assert error.rotation_rms_degrees < 0.40
    assert error.position_rms_relative < 1e-4
    if encode is version2.encode:
        assert error.opacity_max <= 0.0020
        assert error.dc_rms < 0.01
        assert error.log_scale_rms < 0.02
    else:
        assert error.dc_rms < 0.03
        assert error.log_scale_rms < 0.05


@BOTH
def test_few_gaussians_keep_their_harmonics(encode: Encode) -> None:
    splats = scene(900, 2)
    bundle = encode(splats, CompressOptions(), ignore)
    error = compare_in_order(splats.take(bundle.order), read(bundle))
    assert error.sh_snr_db is not None
    assert error.sh_snr_db > 35


@BOTH
def test_same_scene_same_bytes(encode: Encode) -> None:
    splats = scene(2000, 1)
    a, b = (encode(splats, OPTIONS, ignore) for _ in range(2))
    assert a.files == b.files


@BOTH
def test_extremes(encode: Encode) -> None:
    splats = scene(40, 1)
    splats.means[:, 1] = 4.25
    splats.means[0] = [1e6, 4.25, -1e6]
    splats.sh[:] = 0.5
    splats.log_scales[:] = -30
    splats.opacity_logits[:20] = 50
    splats.opacity_logits[20:] = -50
    bundle = encode(splats, CompressOptions(), ignore)
    back = read(bundle)
    original = splats.take(bundle.order)
    np.testing.assert_allclose(back.means[:, 1], 4.25, rtol=1e-6)
    np.testing.assert_allclose(back.sh, 0.5)
    np.testing.assert_allclose(back.log_scales, -30)
    error = compare_in_order(original, back)
    assert error.opacity_max < 1e-5
    assert all(np.isfinite(part).all() for part in (back.means, back.quaternions, back.sh))


@BOTH
def test_identical_gaussians(encode: Encode) -> None:
    one = scene(1, 3)
    back = read(encode(one.take(np.zeros(500, np.intp)), OPTIONS, ignore))
    assert len(back) == 500
    np.testing.assert_allclose(back.means, np.repeat(one.means, 500, axis=0), rtol=1e-6)
    step = float(np.ptp(one.sh[:, 1:])) / 255 if encode is version1.encode else 0.0
    np.testing.assert_allclose(back.sh, np.repeat(one.sh, 500, axis=0), atol=step / 2 + 1e-6)


@BOTH
def test_degree_can_be_lowered(encode: Encode) -> None:
    splats = scene(100, 3)
    assert read(encode(splats, CompressOptions(sh_degree=1), ignore)).sh_degree == 1
    bundle = encode(splats, CompressOptions(sh_degree=0), ignore)
    assert read(bundle).sh_degree == 0
    assert "shN_centroids.webp" not in bundle.files


@BOTH
@pytest.mark.parametrize("field", ["means", "log_scales", "quaternions", "opacity_logits", "sh"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_no_numbers_are_counted(encode: Encode, field: str, value: float) -> None:
    splats = scene(50, 1)
    getattr(splats, field).reshape(50, -1)[[7, 30], 0] = value
    with pytest.raises(StageError, match=r"2 of 50 Gaussians.*first is number 8") as caught:
        encode(splats, CompressOptions(), ignore)
    assert caught.value.code == "not_finite"


@BOTH
def test_empty_scenes_are_refused(encode: Encode) -> None:
    with pytest.raises(StageError) as caught:
        encode(scene(3).take(np.zeros(0, np.intp)), CompressOptions(), ignore)
    assert caught.value.code == "no_gaussians"


@BOTH
def test_progress_ends_at_one_and_never_falls(encode: Encode) -> None:
    seen: list[Event] = []
    encode(scene(3000, 1), CompressOptions(palette_entries=3), seen.append)
    fractions = [event.fraction for event in seen if isinstance(event, Progress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)


def test_version_2_names_what_it_holds() -> None:
    bundle = version2.encode(scene(100, 2), CompressOptions(), ignore, antialiased=True)
    meta = json.loads(bundle.files["meta.json"])
    assert meta["version"] == 2
    assert meta["model"] == "antialiased"
    assert meta["count"] == 100
    assert meta["shN"]["bands"] == 2
    for part in ("scales", "sh0", "shN"):
        book = meta[part]["codebook"]
        assert len(book) == 256
        assert book == sorted(book)
    assert read(bundle).sh_degree == 2


def broken(bundle: Bundle, change: Callable[[dict[str, Any]], object]) -> Bundle:
    meta = json.loads(bundle.files["meta.json"])
    change(meta)
    return replace(bundle, files={**bundle.files, "meta.json": json.dumps(meta).encode()})


@BOTH
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.pop("means"), "no part means"),
        (lambda m: m.pop("sh0"), "no part sh0"),
        (lambda m: m["means"].update(mins=[0, 1]), "mins of means"),
        (lambda m: m["means"].update(maxs=[0, float("nan"), 1]), "not finite"),
        (lambda m: m["means"].update(maxs=[0, "1", 1]), "no number"),
        (lambda m: m["means"].update(maxs=[1e300, 1e300, 1e300]), "no value can have"),
        (lambda m: m["quats"].update(files=["../quats.webp"]), "plain file name"),
        (lambda m: m["quats"].update(files=["C:quats.webp"]), "plain file name"),
        (lambda m: m["scales"].update(files=[]), "does not name 1 files"),
        (lambda m: m["shN"].update(files=["shN_centroids.webp"]), "does not name 2 files"),
    ],
)
def test_broken_meta_is_named(
    encode: Encode, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    bundle = broken(encode(scene(30, 1), CompressOptions(), ignore), change)
    with pytest.raises(StageError, match=words) as caught:
        read(bundle)
    assert caught.value.code == "bad_bundle"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m.update(count=0), "count is not a number from 1"),
        (lambda m: m.update(count="30"), "count is not a number"),
        (lambda m: m.update(count=31_000), "texels, 31,000 are needed"),
        (lambda m: m["scales"].update(codebook=[0.0] * 255), "256 numbers"),
        (lambda m: m["shN"].update(bands=4), "bands of shN"),
        (lambda m: m["shN"].update(bands=2), "3 coefficients an entry, not 8"),
        (lambda m: m["shN"].update(count=5), "points beyond the 5"),
        (lambda m: m["shN"].update(count=70_000), "count of shN"),
    ],
)
def test_broken_version_2(change: Callable[[dict[str, Any]], object], words: str) -> None:
    bundle = broken(version2.encode(scene(30, 1), CompressOptions(), ignore), change)
    with pytest.raises(StageError, match=words):
        read(bundle)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda m: m["means"].pop("shape"), "shape of means"),
        (lambda m: m["quats"].update(encoding="euler"), "encoded as euler"),
        (lambda m: m["shN"].update(quantization=5), "5 bits"),
    ],
)
def test_broken_version_1(change: Callable[[dict[str, Any]], object], words: str) -> None:
    bundle = broken(version1.encode(scene(30, 1), CompressOptions(), ignore), change)
    with pytest.raises(StageError, match=words):
        read(bundle)
