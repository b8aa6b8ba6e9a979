"""What is taken out of the packages for both systems, and what stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from bundle import lock, pruning

KEPT = (
    "PySide6/Qt/lib/libQt6Core.so.6",
    "PySide6/Qt/lib/libicudata.so.73",
    "PySide6/Qt/plugins/platforms/libqxcb.so",
    "PySide6/Qt/plugins/platforms/libqwayland.so",
    "PySide6/Qt6Core.dll",
    "PySide6/QtWidgets.pyd",
    "PySide6/QtWidgets.abi3.so",
    "PySide6/plugins/platforms/qwindows.dll",
    "PySide6/opengl32sw.dll",
    "PySide6/__init__.py",
    "a-1.0.dist-info/licenses/LICENSE",
    "torch/bin/torch_shm_manager",
    "torch/lib/libtorch_cpu.so",
    "torch/testing/__init__.py",
    "vtk.libs/msvcp140-ba05f997.dll",
    "vtk.libs/vtkCommonCore-9.7.2.dll",
    "vtk.libs/vtkWrappingPythonCore3.11-9.7.2.dll",
    "vtkmodules/libvtkWrappingPythonCore3.11.so",
    "vtkmodules/util/numpy_support.py",
    "vtkmodules/vtkRenderingCore.cpython-311-x86_64-linux-gnu.so",
)
GONE = (
    "PySide6/Qt/lib/libQt6Quick.so.6",
    "PySide6/Qt/plugins/platforms/libqeglfs.so",
    "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
    "PySide6/Qt6Quick.dll",
    "PySide6/QtQml.pyd",
    "PySide6/designer.exe",
    "PySide6/linguist",
    "PySide6/qml/Qt/x.dll",
    "numba/tests/test_a.py",
    "scipy/special/tests/a.npz",
    "torch/bin/test_api",
    "torch/include/a.h",
    "torch/lib/c.lib",
    "torch/lib/libtorchbind_test.so",
    "vtk.libs/viskores_cont-9.7.2.dll",
    "vtk.libs/vtkIOXML-9.7.2.dll",
    "vtkmodules/libviskores_cont.so",
    "vtkmodules/libvtkIOXML.so",
    "vtkmodules/vtkIOXML.cpython-311-x86_64-linux-gnu.so",
    "vtkmodules/vtkIOXML.pyi",
)


def test_what_nothing_loads_goes_and_what_runs_stays(tmp_path: Path) -> None:
    for name in (*GONE, *KEPT):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    assert pruning.prune(tmp_path) == 5 * len(GONE)
    found = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    assert found == set(KEPT)
    assert not (tmp_path / "numba").exists()
    pruning.drop_licence_files(tmp_path)
    assert not (tmp_path / "a-1.0.dist-info" / "licenses").exists()
    assert (tmp_path / "PySide6" / "Qt6Core.dll").is_file()


@pytest.mark.parametrize("platform", lock.PLATFORMS)
def test_packages_that_nothing_runs_are_not_locked(platform: str) -> None:
    names = {wheel.name for wheel in lock.read(platform)}
    assert not names & set(pruning.NOT_SHIPPED)
    assert {"torch", "vtk", "pyside6-essentials", "uv"} <= names
