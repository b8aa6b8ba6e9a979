"""What stands in the 3D scene, one layer a kind of thing, that can be switched off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from spaceport_app.gui.flight import colours
from spaceport_app.gui.flight.ground import grid
from spaceport_app.gui.flight.scene import Bools, Floats, Scene
from spaceport_app.gui.theme import Colours

if TYPE_CHECKING:
    import pyvista

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


class Layers:
    """Fills a plotter with a scene and keeps track of what belongs to which layer.

    Parameters
    ----------
    plotter : pyvista.BasePlotter
    look : Colours
        The theme's colours.
    pixel_ratio : float
        Device pixels a logical one, for widths of lines and sizes of letters.
    moving_points : int
        Points of the cloud that are drawn while the view moves; at rest all of them are.
    """

    def __init__(
        self,
        plotter: Any,
        look: Colours,
        pixel_ratio: float = 1.0,
        moving_points: int = 1_000_000,
    ) -> None:
        self._plotter = plotter
        self._moving_points = moving_points
        self._ratio = pixel_ratio
        self._actors: dict[str, list[Any]] = {key: [] for key in (*LAYERS, "selected")}
        self._hidden: set[str] = set()
        self._point_size = 2.0
        self._thinned = False
        self._full_cloud: Any = None
        self._thin_cloud: Any = None
        self.dress(look)

    def dress(self, look: Colours) -> None:
        """Take the colours of a theme; what stands already is shown anew by its caller."""
        self._look = look
        self._plotter.set_background(look.background)

    def set_visible(self, layer: str, visible: bool) -> None:
        """Switch a layer."""
        (self._hidden.discard if visible else self._hidden.add)(layer)
        for actor in self._actors[layer]:
            actor.SetVisibility(visible)
        if layer == "cloud":
            self.thin(self._thinned)

    def set_point_size(self, size: float) -> None:
        """Draw points of the cloud with `size` logical pixels."""
        self._point_size = size
        for actor in self._actors["cloud"]:
            actor.GetProperty().SetPointSize(size * self._ratio)

    def thin(self, thinned: bool) -> None:
        """Draw only a part of a large cloud, while the view moves."""
        self._thinned = thinned
        if self._thin_cloud is not None and "cloud" not in self._hidden:
            self._full_cloud.SetVisibility(not thinned)
            self._thin_cloud.SetVisibility(thinned)

    def clear(self) -> None:
        """Take everything away."""
        for layer in self._actors:
            self._drop(layer)
        self._full_cloud = self._thin_cloud = None

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
            import pyvista

            faces = np.array([3, 0, 1, 2, 3, 0, 2, 3])
            self._add("ground", pyvista.PolyData(found.arrow, faces), color=self._look.muted)
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
        self._lines("heights", ends, self._look.muted, 1.0, opacity=0.35)

    def show_cameras(
        self, scene: Scene, shades: npt.NDArray[np.uint8], but: int | None = None
    ) -> None:
        """Draw the cameras as frusta in `shades`, (N, 3); the left-out ones in red.

        `but` is the row of the selected camera, which is drawn by `show_selected`.
        """
        self._drop("cameras")
        self._drop("left_out")
        wanted = np.arange(len(scene.names)) != (-1 if but is None else but)
        self._cameras("cameras", scene, shades, wanted & ~scene.left_out)
        red = np.tile(colours.parse(self._look.error), (len(scene.names), 1))
        self._cameras("left_out", scene, red, wanted & scene.left_out)

    def show_cloud(self, scene: Scene) -> None:
        """Draw the triangulated points in the colours of the photos."""
        self._drop("cloud")
        self._full_cloud = self._thin_cloud = None
        if scene.cloud is None:
            return
        xyz, rgb = scene.cloud.xyz.astype(np.float32), scene.cloud.rgb
        self._full_cloud = self._points("cloud", xyz, rgb, self._point_size)
        if len(xyz) > self._moving_points:
            some = np.random.default_rng(0).choice(len(xyz), self._moving_points, replace=False)
            self._thin_cloud = self._points("cloud", xyz[some], rgb[some], self._point_size)
            self.thin(self._thinned)

    def show_selected(
        self, scene: Scene, row: int | None, picture: npt.NDArray[np.uint8] | None = None
    ) -> None:
        """Draw one camera larger, with its photo, (H, W, 3), in its frame where there is one."""
        import pyvista

        self._drop("selected")
        if row is None:
            return
        length = 1.6 * scene.frustum_length
        corners = scene.corners(length)[row]
        dot = scene.centres[row][None].astype(np.float32)
        shade = self._look.error if scene.left_out[row] else self._look.accent
        self._points("selected", dot, colours.parse(shade)[None], 11.0)
        if not np.isfinite(corners).all():
            return
        points = np.concatenate([scene.centres[row][None], corners])
        self._lines("selected", points[np.array(_EDGES)], shade, 2.5)
        if picture is not None:
            frame = pyvista.PolyData(corners, np.array([4, 0, 1, 2, 3]))
            frame.active_texture_coordinates = np.array(
                [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
            )
            texture = pyvista.Texture(picture)  # type: ignore[no-untyped-call]
            self._add("selected", frame, texture=texture)

    def _cameras(
        self, layer: str, scene: Scene, shades: npt.NDArray[np.uint8], wanted: Bools
    ) -> None:
        import pyvista

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
        lines = np.insert(edges.reshape(-1, 2), 0, 2, axis=1).ravel()
        tinted = np.repeat(shades[directed], 5, axis=0)
        wires = pyvista.PolyData(points, lines=lines)
        wires["shade"] = tinted
        self._add(layer, wires, scalars="shade", rgb=True, line_width=1.4 * self._ratio)
        quads = np.insert(first[:, None] + np.arange(1, 5), 0, 4, axis=1).ravel()
        frames = pyvista.PolyData(points, quads)
        frames["shade"] = tinted
        self._add(layer, frames, scalars="shade", rgb=True, opacity=0.22)

    def _lines(
        self, layer: str, ends: Floats, colour: str, width: float, opacity: float = 1.0
    ) -> None:
        """Draw lines given by their ends, (L, 2, 3)."""
        import pyvista

        cells = np.insert(np.arange(2 * len(ends)).reshape(-1, 2), 0, 2, axis=1).ravel()
        mesh = pyvista.PolyData(ends.reshape(-1, 3), lines=cells)
        self._add(layer, mesh, color=colour, line_width=width * self._ratio, opacity=opacity)

    def _points(
        self, layer: str, xyz: npt.NDArray[Any], rgb: npt.NDArray[np.uint8], size: float
    ) -> Any:
        import pyvista

        mesh = pyvista.PolyData(xyz)
        mesh["shade"] = rgb
        return self._add(
            layer, mesh, scalars="shade", rgb=True, style="points", point_size=size * self._ratio
        )

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
        self._plotter.add_actor(actor, reset_camera=False, render=False, pickable=False)
        self._keep(layer, actor)

    def _add(self, layer: str, mesh: pyvista.PolyData, **look: Any) -> Any:
        actor = self._plotter.add_mesh(
            mesh,
            lighting=False,
            pickable=False,
            reset_camera=False,
            render=False,
            show_scalar_bar=False,
            copy_mesh=False,
            **look,
        )
        self._keep(layer, actor)
        return actor

    def _keep(self, layer: str, actor: Any) -> None:
        actor.SetVisibility(layer not in self._hidden)
        self._actors[layer].append(actor)

    def _drop(self, layer: str) -> None:
        for actor in self._actors[layer]:
            self._plotter.remove_actor(actor, reset_camera=False, render=False)
        self._actors[layer].clear()
