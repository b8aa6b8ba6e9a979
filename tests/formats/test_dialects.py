"""Splats of other programs, made here from the formats' descriptions."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from spaceport_app import formats
from spaceport_app.errors import StageError
from spaceport_app.formats.model import Read

Columns = dict[str, npt.NDArray[np.float64]]
N = 40
_ORDERS = {"binary_little_endian": "<", "binary_big_endian": ">"}


def columns(degree: int = 0) -> Columns:
    chance = np.random.default_rng(3)
    names = ["x", "y", "z", "nx", "ny", "nz", "f_dc_0", "f_dc_1", "f_dc_2"]
    names += [f"f_rest_{i}" for i in range(3 * ((degree + 1) ** 2 - 1))]
    names += ["opacity", "scale_0", "scale_1", "scale_2", "rot_0", "rot_1", "rot_2", "rot_3"]
    found = {name: chance.normal(0, 1, N) for name in names}
    for name in ("nx", "ny", "nz"):
        found[name] = np.zeros(N)
    return found


def write(
    path: Path,
    table: Columns,
    order: str = "binary_little_endian",
    kind: str = "float",
    comments: tuple[str, ...] = (),
    before: tuple[str, bytes] = ("", b""),
) -> Path:
    head = ["ply", f"format {order} 1.0", *(f"comment {c}" for c in comments)]
    head += [line for line in before[0].split("\n") if line]
    head.append(f"element vertex {N}")
    head += [f"property {kind} {name}" for name in table]
    rows = np.column_stack(list(table.values()))
    if order == "ascii":
        body = "\n".join(" ".join(repr(float(v)) for v in row) for row in rows).encode() + b"\n"
    else:
        size = "f8" if kind == "double" else "f4"
        body = rows.astype(_ORDERS[order] + size).tobytes()
    path.write_bytes("\n".join([*head, "end_header\n"]).encode() + before[1] + body)
    return path


def assert_read(found: Read, table: Columns) -> None:
    s = found.splats
    place = np.column_stack([table[name] for name in "xyz"])
    np.testing.assert_allclose(s.means + found.offset, place, atol=1e-6)
    np.testing.assert_allclose(s.opacity_logits, table["opacity"], atol=1e-6)
    np.testing.assert_allclose(s.sh[:, 0, 1], table["f_dc_1"], atol=1e-6)
    np.testing.assert_allclose(s.quaternions[:, 3], table["rot_3"], atol=1e-6)


def codes(found: Read) -> set[str]:
    return {note.code for note in found.notes}


@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.parametrize(
    ("order", "kind"),
    [
        ("ascii", "float"),
        ("ascii", "double"),
        ("binary_little_endian", "float"),
        ("binary_little_endian", "double"),
        ("binary_big_endian", "float"),
        ("binary_big_endian", "double"),
    ],
)
def test_orders_and_types(tmp_path: Path, order: str, kind: str, degree: int) -> None:
    table = columns(degree)
    found = formats.read(write(tmp_path / "a.txt", table, order, kind))
    assert_read(found, table)
    assert found.splats.sh_degree == degree
    terms = (degree + 1) ** 2 - 1
    for k in range(terms):
        for c in range(3):
            wanted = table[f"f_rest_{c * terms + k}"]
            np.testing.assert_allclose(found.splats.sh[:, 1 + k, c], wanted, atol=1e-6)
    assert not found.notes


def test_columns_in_any_order_without_normals_and_with_others(tmp_path: Path) -> None:
    table = columns()
    table = {name: table[name] for name in reversed(table) if not name.startswith("n")}
    table |= {"confidence": np.ones(N), "label": np.arange(float(N))}
    found = formats.read(write(tmp_path / "a.ply", table))
    assert_read(found, table)
    assert found.unused == ("confidence", "label")
    assert "unused" in codes(found)


def test_a_fourth_degree_is_cut(tmp_path: Path) -> None:
    found = formats.read(write(tmp_path / "a.ply", columns(4)))
    assert found.splats.sh_degree == 3
    assert "degree_4" in codes(found)


@pytest.mark.parametrize("number", [1, 10, 46])
def test_harmonics_of_no_degree_are_told(tmp_path: Path, number: int) -> None:
    table = columns() | {f"f_rest_{i}": np.zeros(N) for i in range(number)}
    found = formats.read(write(tmp_path / "a.ply", table))
    assert found.splats.sh_degree == 0
    assert "odd_harmonics" in codes(found)


def test_two_dimensions(tmp_path: Path) -> None:
    table = columns()
    del table["scale_2"]
    found = formats.read(write(tmp_path / "a.ply", table))
    np.testing.assert_allclose(found.splats.log_scales[:, 2], np.log(1e-6))
    np.testing.assert_allclose(found.splats.log_scales[:, 1], table["scale_1"], atol=1e-6)
    assert "two_dimensional" in codes(found)


def test_faces_before_the_vertices_are_passed_over(tmp_path: Path) -> None:
    header = "element face 2\nproperty list uchar int vertex_indices"
    faces = b"".join(struct.pack("<B3i", 3, 0, 1, 2) for _ in range(2))
    table = columns()
    assert_read(formats.read(write(tmp_path / "a.ply", table, before=(header, faces))), table)


@pytest.mark.parametrize(
    "place", [(448_251.25, 5_411_933.5, 312.0), (4_027_893.7, 307_045.6, 4_919_475.1), (0, -9e6, 0)]
)
@pytest.mark.parametrize("order", ["ascii", "binary_little_endian"])
def test_doubles_far_from_zero_keep_a_tenth_of_a_millimetre(
    tmp_path: Path, place: tuple[float, ...], order: str
) -> None:
    table = columns()
    for axis, start in zip("xyz", place, strict=True):
        table[axis] = table[axis] + start
    found = formats.read(write(tmp_path / "a.ply", table, order, "double"))
    wanted = np.column_stack([table[axis] for axis in "xyz"])
    assert np.abs(found.splats.means + found.offset - wanted).max() < 1e-4
    assert np.array_equal(found.offset, np.rint(found.offset))
    assert "offset" in codes(found)


def test_an_offset_in_a_comment_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ply", columns(), comments=("offset 500000 4649776 12.5",))
    assert formats.read(path).offset.tolist() == [500_000, 4_649_776, 12.5]


def test_single_precision_that_was_lost_is_told(tmp_path: Path) -> None:
    table = columns()
    table["y"] += 5_411_933.0
    assert "rounded" in codes(formats.read(write(tmp_path / "a.ply", table)))


def test_the_filter_of_mip_splatting_is_folded_in(tmp_path: Path) -> None:
    table = columns() | {"filter_3D": np.random.default_rng(5).uniform(0.01, 3, N)}
    found = formats.read(write(tmp_path / "a.ply", table))
    # As its authors render: scales of both variances, opacity by the ratio of the volumes.
    scales = np.exp(np.column_stack([table[f"scale_{i}"] for i in range(3)]))
    widened = np.sqrt(scales**2 + table["filter_3D"][:, None] ** 2)
    opacity = 1 / (1 + np.exp(-table["opacity"])) * scales.prod(axis=1) / widened.prod(axis=1)
    np.testing.assert_allclose(np.exp(found.splats.log_scales), widened, rtol=1e-5)
    np.testing.assert_allclose(found.splats.opacities, opacity, rtol=1e-5)
    assert found.antialiased


@pytest.mark.parametrize(
    ("name", "value", "code", "kept"),
    [
        ("opacity", np.inf, "opaque", N),
        ("opacity", -np.inf, "invisible", N - 5),
        ("opacity", np.nan, "not_numbers", N - 5),
        ("scale_1", -np.inf, "flat", N),
        ("scale_1", np.inf, "not_numbers", N - 5),
        ("x", np.nan, "not_numbers", N - 5),
        ("y", np.inf, "not_numbers", N - 5),
        ("rot_2", np.nan, "not_numbers", N - 5),
        ("f_dc_0", np.nan, "not_numbers", N - 5),
        ("f_rest_4", np.nan, "harmonics", N),
    ],
)
def test_values_that_are_no_usual_numbers(
    tmp_path: Path, name: str, value: float, code: str, kept: int
) -> None:
    table = columns(1)
    table[name][:5] = value
    found = formats.read(write(tmp_path / "a.ply", table))
    assert len(found.splats) == kept
    assert found.held == N
    assert found.splats.finite.all()
    assert [(note.code, note.count) for note in found.notes] == [(code, 5)]
    if code == "opaque":
        assert (found.splats.opacities[:5] == 1.0).all()


def test_rows_of_zeros_are_left_out(tmp_path: Path) -> None:
    table = columns()
    for values in table.values():
        values[3:13] = 0.0
    found = formats.read(write(tmp_path / "a.ply", table))
    assert len(found.splats) == N - 10
    assert [(note.code, note.count) for note in found.notes] == [("zero_rotation", 10)]


def test_nothing_left_is_one_sentence(tmp_path: Path) -> None:
    table = columns()
    table["x"][:] = np.nan
    with pytest.raises(StageError, match="None of the 40 Gaussians") as caught:
        formats.read(write(tmp_path / "a.ply", table))
    assert caught.value.code == "nothing_usable"


@pytest.mark.parametrize(
    ("taken", "words"),
    [
        (("opacity", "scale_", "rot_", "f_"), "is a point cloud, not Gaussians"),
        (("opacity",), "lacks opacity"),
        (("rot_",), "lacks rot_0"),
        (("scale_",), "lacks scale_0"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, taken: tuple[str, ...], words: str) -> None:
    table = {name: v for name, v in columns().items() if not name.startswith(taken)}
    with pytest.raises(StageError, match=words) as caught:
        formats.read(write(tmp_path / "a.ply", table))
    assert caught.value.code == "no_gaussians"


def splat_rows(count: int) -> tuple[bytes, Columns]:
    chance = np.random.default_rng(9)
    rows = np.zeros(
        count,
        [("p", "<f4", 3), ("s", "<f4", 3), ("c", "u1", 4), ("q", "u1", 4)],
    )
    turn = chance.normal(0, 1, (count, 4))
    turn /= np.linalg.norm(turn, axis=1)[:, None]
    rows["p"] = chance.normal(0, 2, (count, 3))
    rows["s"] = chance.uniform(0.01, 1, (count, 3))
    rows["c"] = chance.integers(1, 255, (count, 4))
    rows["q"] = np.clip(np.rint(turn * 128 + 128), 0, 255)
    return rows.tobytes(), {"turn": turn, **{name: rows[name].astype(float) for name in "psc"}}


@pytest.mark.parametrize("name", ["a.splat", "a.bin"])
def test_splat(tmp_path: Path, name: str) -> None:
    data, wanted = splat_rows(200)
    (tmp_path / name).write_bytes(data)
    found = formats.read(tmp_path / name)
    np.testing.assert_allclose(found.splats.means, wanted["p"], atol=1e-6)
    np.testing.assert_allclose(np.exp(found.splats.log_scales), wanted["s"], rtol=1e-5)
    np.testing.assert_allclose(found.splats.opacities, wanted["c"][:, 3] / 255, atol=1e-5)
    shown = 0.5 + 0.28209479177387814 * found.splats.sh[:, 0]
    np.testing.assert_allclose(shown, wanted["c"][:, :3] / 255, atol=1e-6)
    length = np.linalg.norm(found.splats.quaternions, axis=1)
    dots = (found.splats.quaternions * wanted["turn"]).sum(axis=1) / length
    assert dots.min() > 0.9998


def test_a_splat_that_is_cut_short(tmp_path: Path) -> None:
    (tmp_path / "a.splat").write_bytes(splat_rows(20)[0][:-7])
    with pytest.raises(StageError, match="cut short"):
        formats.read(tmp_path / "a.splat")


@pytest.mark.parametrize("content", [b"", b"only words", bytes(3200), b"\x89PNG\r\n\x1a\n" * 400])
def test_anything_else_is_no_splat(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.bin").write_bytes(content)
    with pytest.raises(StageError) as caught:
        formats.read(tmp_path / "a.bin")
    assert caught.value.code == "unknown_file"
