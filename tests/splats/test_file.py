import numpy as np
import pytest

from spaceport_app import ply
from spaceport_app.errors import StageError
from spaceport_app.splats.file import read_ply, write_ply
from spaceport_app.splats.model import Splats

NAMES = ("means", "log_scales", "quaternions", "opacity_logits", "sh")


def gaussians(count, degree):
    r = np.random.default_rng(degree)
    shapes = ((count, 3), (count, 3), (count, 4), (count,), (count, (degree + 1) ** 2, 3))
    return Splats(*(r.normal(size=shape).astype(np.float32) for shape in shapes))


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize("count", [1, 17])
def test_round_trip(tmp_path, count, degree):
    splats = gaussians(count, degree)
    path = tmp_path / "Süd hang.ply"
    write_ply(path, splats)
    again = read_ply(path)
    for name in NAMES:
        assert np.array_equal(getattr(splats, name), getattr(again, name))
        assert getattr(again, name).flags.c_contiguous


def test_layout_is_the_original_one(tmp_path):
    splats = gaussians(4, 2)
    write_ply(tmp_path / "a.ply", splats)
    table = ply.read_vertices(tmp_path / "a.ply")
    rest = [f"f_rest_{i}" for i in range(24)]
    assert list(table.dtype.names) == [
        *("x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"),
        *rest,
        *("opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"),
    ]
    # All coefficients of red come first, then all of green, then all of blue.
    assert np.array_equal(table["f_rest_0"], splats.sh[:, 1, 0])
    assert np.array_equal(table["f_rest_7"], splats.sh[:, 8, 0])
    assert np.array_equal(table["f_rest_8"], splats.sh[:, 1, 1])
    assert np.array_equal(table["f_rest_23"], splats.sh[:, 8, 2])
    assert np.array_equal(table["rot_0"], splats.quaternions[:, 0])


def test_reads_any_order_and_other_types(tmp_path):
    splats = gaussians(5, 1)
    write_ply(tmp_path / "a.ply", splats)
    table = ply.read_vertices(tmp_path / "a.ply")
    names = [n for n in reversed(table.dtype.names) if n not in ("nx", "ny", "nz")]
    other = np.zeros(5, [("red", "u1"), *((n, "f8") for n in names)])
    for name in names:
        other[name] = table[name]
    ply.write_vertices(tmp_path / "b.ply", other)
    again = read_ply(tmp_path / "b.ply")
    assert all(np.array_equal(getattr(splats, n), getattr(again, n)) for n in NAMES)


def test_says_what_is_missing(tmp_path):
    ply.write_vertices(tmp_path / "cloud.ply", np.zeros(3, [("x", "f4"), ("y", "f4"), ("z", "f4")]))
    with pytest.raises(StageError, match="does not hold Gaussians") as caught:
        read_ply(tmp_path / "cloud.ply")
    assert caught.value.code == "no_gaussians"


def test_refuses_odd_harmonics(tmp_path):
    write_ply(tmp_path / "a.ply", gaussians(2, 1))
    table = ply.read_vertices(tmp_path / "a.ply")
    names = [n for n in table.dtype.names if n != "f_rest_8"]
    ply.write_vertices(tmp_path / "b.ply", table[names].copy())
    with pytest.raises(StageError, match="8 f_rest"):
        read_ply(tmp_path / "b.ply")


def test_cut_short(tmp_path):
    write_ply(tmp_path / "a.ply", gaussians(9, 0))
    whole = (tmp_path / "a.ply").read_bytes()
    (tmp_path / "a.ply").write_bytes(whole[:-7])
    with pytest.raises(StageError, match="cut short"):
        read_ply(tmp_path / "a.ply")
