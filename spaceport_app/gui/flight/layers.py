"""What stands in the 3D scene, one layer a kind of thing, that can be switched off."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spaceport_app.gui.flight import colours
from spaceport_app.gui.flight.ground import grid
from spaceport_app.gui.flight.scene import Bools, Floats, Scene
from spaceport_app.gui.theme import Colours

LAYERS = {
    "track": "Track",
    "cameras": "Cameras",
    "left_out": "Photos left out",
    "heights": "Height lines",
    "cloud": "Point cloud",
    "ground": "Ground grid",
}
"""Layers that a person can switch: key to label."""

_EDGES = ((0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (2, 3), (3, 4), (4, 1))

MOVING_POINTS = (None, 640_000, 160_000, 40_000, 20_000, 10_000)
"""Points of the cloud that are drawn while the view moves, by level; None for all."""
_FEWEST_POINTS = 10_000
_MOST_POINTS_A_STEP = 80_000
_MANY_CAMERAS = 200
"""From so many cameras on, moving leaves out what takes long and tells little."""
_NO_FACES, _NO_WIRES = 2, 5
"""Levels from which on faces and height lines, and the cameras' edges, are left out of many."""


class Layers:
    """Fills a renderer with a scene and keeps track of what belongs to which layer.

    For the thread that draws.

    Parameters
    ----------
    renderer : vtkRenderer
    look : Colours
        The theme's colours.
    pixel_ratio : float
        Device pixels a logical one, for widths of lines and sizes of letters.
    fewest_points : int
        Points of the cloud that are drawn while a slow computer moves; at rest all of them are.
    """

    def __init__(
        self,
        renderer: Any,
        look: Colours,
        pixel_ratio: float = 1.0,
        fewest_points: int = _FEWEST_POINTS,
    ) -> None:
        self._renderer = renderer
        self._fewest_points = fewest_points
        self._ratio = pixel_ratio
        self._actors: dict[str, list[Any]] = {key: [] for key in (*LAYERS, "selected")}
        self._hidden: set[str] = set()
        self._point_size = 2.0
        self._level = 0
        self._leaves_at: dict[Any, int] = {}
        self._chunks: list[tuple[Any, int]] = []
        """Parts of the cloud, and how many points it has up to the end of each."""
        self._placed: list[tuple[npt.NDArray[np.intp], Any, npt.NDArray[np.float32]]] = []
        """Per drawn set of cameras: row to place in it, the mesh, and its points."""
        self._out: int | None = None
        self.dress(look)

    def dress(self, look: Colours) -> None:
        """Take the colours of a theme; what stands already is shown anew by its caller."""
        self._look = look
        self._renderer.SetBackground(*(colours.parse(look.background) / 255.0))

    def set_visible(self, layer: str, visible: bool) -> None:
        """Switch a layer."""
        (self._hidden.discard if visible else self._hidden.add)(layer)
        self._switch()

    def set_point_size(self, size: float) -> None:
        """Draw points of the cloud with `size` logical pixels."""
        self._point_size = size
        for actor in self._actors["cloud"]:
            actor.GetProperty().SetPointSize(size * self._ratio)

    def thin(self, level: int) -> None:
        """Leave out so much as the view moves; level 0, at rest, has everything."""
        if level != self._level:
            self._level = level
            self._switch()

    def steps(self) -> list[list[Any]]:
        """Return what is drawn at rest in parts that each take little time.

        What lets other things shine through comes last, over all of them.
        """
        shown = [(a, layer) for layer in self._actors for a in self._actors[layer]]
        shown = [(a, layer) for a, layer in shown if layer not in self._hidden]
        clear = [a for a, _ in shown if a.HasTranslucentPolygonalGeometry()]
        single = [[a] for a, layer in shown if layer == "cloud" or a in self._leaves_at]
        alone = [part[0] for part in single]
        rest = [a for a, _ in shown if a not in clear and a not in alone]
        solid = [part for part in single if part[0] not in clear]
        through = [part for part in single if part[0] in clear]
        letters = [a for a in clear if a not in alone]
        return [part for part in (rest, *solid, *through, letters) if part]

    def show_only(self, actors: list[Any]) -> None:
        """Let only these be drawn, until `show_all`."""
        for layer in self._actors:
            for actor in self._actors[layer]:
                actor.SetVisibility(actor in actors)

    def show_all(self) -> None:
        """Let be drawn what the level and the switches of the layers say."""
        self._switch()

    def clear(self) -> None:
        """Take everything away."""
        for layer in self._actors:
            self._drop(layer)

    def _switch(self) -> None:
        most = MOVING_POINTS[self._level]
        if most is not None:
            most = most * self._fewest_points // _FEWEST_POINTS
        for layer, actors in self._actors.items():
            for actor in actors:
                there = layer not in self._hidden
                actor.SetVisibility(there and self._level < self._leaves_at.get(actor, 99))
        if most is not None:
            for actor, end in self._chunks:
                if end > most:
                    actor.SetVisibility(False)

    def show_ground(self, scene: Scene) -> None:
        """Draw the grid, its scale and the north arrow; where north is unknown, no arrow."""
        self._drop("ground")
        low, high = scene.bounds()
        found = grid(low, high, scene.ground)
        self._lines("ground", found.lines, self._look.line, 1.0)
        self._lines("ground", found.scale[None], self._look.muted, 3.0)
        text = f"{found.step:g} m" if scene.metric else f"{found.step:g} units"
        beside = found.scale[1] + np.array([0.15 * found.step, 0.0, 0.0])
        self._letters("ground", text, beside, self._look.muted, 12, centred=False)
        if scene.metric:
            arrow = _mesh(found.arrow)
            arrow.SetPolys(_cells(np.array([[0, 1, 2], [0, 2, 3]])))
            look = self._add("ground", arrow).GetProperty()
            look.SetColor(*(colours.parse(self._look.muted) / 255.0))
            self._letters("ground", "N", found.north, self._look.text, 14)

    def show_track(self, scene: Scene) -> None:
        """Draw the way from photo to photo in the order of their times."""
        self._drop("track")
        points = scene.centres[scene.track[~scene.left_out[scene.track]]]
        if len(points) > 1:
            self._lines("track", np.stack([points[:-1], points[1:]], axis=1), self._look.accent, 2)

    def show_heights(self, scene: Scene) -> None:
        """Draw a line from each camera down to the ground."""
        self._drop("heights")
        feet = scene.centres.copy()
        feet[:, 2] = scene.ground
        ends = np.stack([scene.centres, feet], axis=1)
        actor = self._lines("heights", ends, self._look.muted, 1.0, opacity=0.35)
        if len(ends) >= _MANY_CAMERAS:
            self._leaves_at[actor] = _NO_FACES
            self._switch()

    def show_cameras(
        self, scene: Scene, shades: npt.NDArray[np.uint8], but: int | None = None
    ) -> None:
        """Draw the cameras as frusta in `shades`, (N, 3); the left-out ones in red.

        `but` is the row of the selected camera, which is drawn by `show_selected`.
        """
        self._drop("cameras")
        self._drop("left_out")
        self._placed.clear()
        self._out = None
        self._cameras("cameras", scene, shades, ~scene.left_out)
        red = np.tile(colours.parse(self._look.error), (len(scene.names), 1))
        self._cameras("left_out", scene, red, scene.left_out)
        self.leave_out(but)

    def leave_out(self, row: int | None) -> None:
        """Draw all cameras but this one, without drawing the others anew."""
        if row == self._out:
            return
        for wanted, back in ((self._out, True), (row, False)):
            for places, mesh, points in self._placed:
                if wanted is not None and places[wanted] >= 0:
                    first = 5 * places[wanted]
                    part = slice(first, first + 5)
                    # Drawn into its own centre, it has neither edges nor faces.
                    _points_of(mesh)[part] = points[part] if back else points[first]
                    mesh.GetPoints().Modified()
        self._out = row

    def show_cloud(self, scene: Scene) -> None:
        """Draw the triangulated points in the colours of the photos."""
        self._drop("cloud")
        if scene.cloud is None:
            return
        xyz, rgb = scene.shuffled_cloud
        begin, size = 0, self._fewest_points
        while begin < len(xyz):
            end = min(begin + size, len(xyz))
            actor = self._points("cloud", xyz[begin:end], rgb[begin:end], self._point_size)
            self._chunks.append((actor, end))
            # 10, 20, 40 thousand and so on in all, in parts that take little time each.
            begin, size = end, min(end, _MOST_POINTS_A_STEP)
        self._switch()

    def show_selected(
        self, scene: Scene, row: int | None, picture: npt.NDArray[np.uint8] | None = None
    ) -> None:
        """Draw one camera larger, with its photo, (H, W, 3), in its frame where there is one."""
        self._drop("selected")
        if row is None:
            return
        length = 1.6 * scene.frustum_length
        corners = scene.corners(length, slice(row, row + 1))[0]
        dot = scene.centres[row][None].astype(np.float32)
        shade = self._look.error if scene.left_out[row] else self._look.accent
        self._points("selected", dot, colours.parse(shade)[None], 11.0)
        if not np.isfinite(corners).all():
            return
        points = np.concatenate([scene.centres[row][None], corners])
        self._lines("selected", points[np.array(_EDGES)], shade, 2.5)
        if picture is not None:
            self._add("selected", _frame(corners)).SetTexture(_texture(picture))

    def _cameras(
        self, layer: str, scene: Scene, shades: npt.NDArray[np.uint8], wanted: Bools
    ) -> None:
        if not wanted.any():
            return
        self._points(layer, scene.centres[wanted].astype(np.float32), shades[wanted], 6.0)
        directed = wanted & np.isfinite(scene.rotations).all(axis=(1, 2))
        count = int(directed.sum())
        if not count:
            return
        corners = scene.corners(scene.frustum_length)[directed]
        points = np.concatenate([scene.centres[directed][:, None], corners], axis=1).reshape(-1, 3)
        first = 5 * np.arange(count)
        edges = first[:, None, None] + np.array(_EDGES)
        tinted = np.repeat(shades[directed], 5, axis=0)
        mesh = _mesh(points, tinted)
        mesh.SetLines(_cells(edges.reshape(-1, 2)))
        wires = self._add(layer, mesh)
        wires.GetProperty().SetLineWidth(1.6 * self._ratio)
        self._remember(mesh, directed)
        mesh = _mesh(points, tinted)
        mesh.SetPolys(_cells(first[:, None] + np.arange(1, 5)))
        faces = self._add(layer, mesh)
        faces.GetProperty().SetOpacity(0.22)
        self._remember(mesh, directed)
        if count >= _MANY_CAMERAS:
            self._leaves_at[wires], self._leaves_at[faces] = _NO_WIRES, _NO_FACES
            self._switch()

    def _remember(self, mesh: Any, drawn: Bools) -> None:
        """Keep which camera is where in a mesh of five points each, for `leave_out`."""
        places = np.where(drawn, np.cumsum(drawn) - 1, -1)
        self._placed.append((places, mesh, _points_of(mesh).copy()))

    def _lines(
        self, layer: str, ends: Floats, colour: str, width: float, opacity: float = 1.0
    ) -> Any:
        """Draw lines given by their ends, (L, 2, 3)."""
        mesh = _mesh(ends.reshape(-1, 3))
        mesh.SetLines(_cells(np.arange(2 * len(ends)).reshape(-1, 2)))
        actor = self._add(layer, mesh)
        look = actor.GetProperty()
        look.SetColor(*(colours.parse(colour) / 255.0))
        look.SetLineWidth(width * self._ratio)
        look.SetOpacity(opacity)
        return actor

    def _points(
        self, layer: str, xyz: npt.NDArray[Any], rgb: npt.NDArray[np.uint8], size: float
    ) -> Any:
        mesh = _mesh(xyz, rgb)
        mesh.SetVerts(_cells(np.arange(len(xyz))[:, None]))
        actor = self._add(layer, mesh)
        look = actor.GetProperty()
        look.SetRepresentationToPoints()
        look.SetPointSize(size * self._ratio)
        return actor

    def _letters(
        self,
        layer: str,
        text: str,
        place: Floats,
        colour: str,
        size: int,
        centred: bool = True,
    ) -> None:
        from vtkmodules.vtkRenderingCore import vtkBillboardTextActor3D

        actor = vtkBillboardTextActor3D()
        actor.SetInput(text)
        actor.SetPosition(*place)
        look = actor.GetTextProperty()
        look.SetFontSize(round(size * self._ratio))
        look.SetColor(*(colours.parse(colour) / 255.0))
        if centred:
            look.SetJustificationToCentered()
        look.SetVerticalJustificationToCentered()
        self._renderer.AddActor(actor)
        self._keep(layer, actor)

    def _add(self, layer: str, mesh: Any) -> Any:
        from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper

        mapper = vtkPolyDataMapper()
        mapper.SetInputData(mesh)
        mapper.SetColorModeToDirectScalars()
        actor = vtkActor()
        actor.SetMapper(mapper)
        actor.GetProperty().LightingOff()
        self._renderer.AddActor(actor)
        self._keep(layer, actor)
        return actor

    def _keep(self, layer: str, actor: Any) -> None:
        actor.SetVisibility(layer not in self._hidden)
        self._actors[layer].append(actor)

    def _drop(self, layer: str) -> None:
        for actor in self._actors[layer]:
            self._renderer.RemoveActor(actor)
            self._leaves_at.pop(actor, None)
        self._actors[layer].clear()
        if layer == "cloud":
            self._chunks.clear()


def _mesh(points: npt.NDArray[Any], shades: npt.NDArray[np.uint8] | None = None) -> Any:
    """Return points without cells, in colours, (N, 3), where there are some."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonCore import vtkPoints
    from vtkmodules.vtkCommonDataModel import vtkPolyData

    places = vtkPoints()
    places.SetData(numpy_to_vtk(np.ascontiguousarray(points, np.float32), deep=True))  # type: ignore[no-untyped-call]
    mesh = vtkPolyData()
    mesh.SetPoints(places)
    if shades is not None:
        colours = numpy_to_vtk(np.ascontiguousarray(shades), deep=True)  # type: ignore[no-untyped-call]
        mesh.GetPointData().SetScalars(colours)
    return mesh


def _points_of(mesh: Any) -> npt.NDArray[np.float32]:
    """Return the points of a mesh, (N, 3), to be read and written."""
    from vtkmodules.util.numpy_support import vtk_to_numpy

    points: npt.NDArray[np.float32] = vtk_to_numpy(mesh.GetPoints().GetData())  # type: ignore[no-untyped-call]
    return points


def _cells(places: npt.NDArray[np.intp]) -> Any:
    """Return cells, (C, P), of the points at so many places each."""
    from vtkmodules.util.numpy_support import numpy_to_vtkIdTypeArray
    from vtkmodules.vtkCommonDataModel import vtkCellArray

    count, size = places.shape
    cells = vtkCellArray()
    cells.SetData(
        numpy_to_vtkIdTypeArray(size * np.arange(count + 1, dtype=np.int64), deep=True),  # type: ignore[no-untyped-call]
        numpy_to_vtkIdTypeArray(np.ascontiguousarray(places.ravel(), np.int64), deep=True),  # type: ignore[no-untyped-call]
    )
    return cells


def _frame(corners: Floats) -> Any:
    """Return what fills four corners, clockwise from top left, and takes a picture."""
    from vtkmodules.util.numpy_support import numpy_to_vtk

    frame = _mesh(corners)
    frame.SetPolys(_cells(np.arange(4)[None]))
    places = np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]], np.float32)
    frame.GetPointData().SetTCoords(numpy_to_vtk(places, deep=True))  # type: ignore[no-untyped-call]
    return frame


def _texture(picture: npt.NDArray[np.uint8]) -> Any:
    """Return a picture, (H, W, 3), for a frame."""
    from vtkmodules.util.numpy_support import numpy_to_vtk
    from vtkmodules.vtkCommonDataModel import vtkImageData
    from vtkmodules.vtkRenderingCore import vtkTexture

    height, width = picture.shape[:2]
    image = vtkImageData()
    image.SetDimensions(width, height, 1)
    # VTK's first line is the lowest.
    pixels = np.ascontiguousarray(picture[::-1]).reshape(-1, 3)
    image.GetPointData().SetScalars(numpy_to_vtk(pixels, deep=True))  # type: ignore[no-untyped-call]
    texture = vtkTexture()
    texture.SetInputData(image)
    texture.InterpolateOn()
    return texture
