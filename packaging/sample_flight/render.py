"""Off-screen pictures of the place, four samples a pixel and averaged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvista as pv
from PIL import Image
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkRenderingCore import vtkWindowToImageFilter

from sample_flight import flight, ground, houses, layout, meshes, plants, shade, vehicles
from sample_flight.horizon import Horizon
from sample_flight.layout import Floats
from sample_flight.terrain import Terrain, axis

_SUPERSAMPLE = 2
_NOTHING = 0.999999


class Stage:
    """The place as a renderable scene; open it with ``with``."""

    def __init__(self, terrain: Terrain, seed: int, inner_pixels: int = 6400) -> None:
        size = [_SUPERSAMPLE * flight.WIDTH, _SUPERSAMPLE * flight.HEIGHT]
        plotter: Any = pv.Plotter
        self._plotter = plotter(off_screen=True, window_size=size, lighting="none")
        self._plotter.set_background((0.70, 0.80, 0.90))
        self._terrain = terrain
        trees = layout.trees(seed)
        light = shade.ground_light(terrain, trees)
        self._add_ground(light, seed, inner_pixels)
        for k, house in enumerate(layout.HOUSES):
            for panel in houses.panels(house, terrain, 101 * k + seed):
                self._add_panel(panel)
        rng = np.random.default_rng(seed)
        shells: list[meshes.Shell] = []
        for tree in trees:
            near = max(abs(tree.x), abs(tree.y)) < layout.INNER_HALF_M
            shells.append(plants.tree_shell(tree, terrain, near, rng))
        shells += [vehicles.car_shell(car, terrain, rng) for car in layout.cars()]
        self._add_shell(meshes.join(shells))

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *exception: object) -> None:
        self._plotter.close()

    def photos(
        self, shots: tuple[flight.Shot, ...], behind: Horizon | None = None
    ) -> Iterator[Image.Image]:
        """Yield the photo of each shot, `flight.WIDTH` x `flight.HEIGHT`."""
        for shot in shots:
            turn = flight.rotation(shot.yaw, shot.pitch, shot.roll)
            camera = self._plotter.camera
            camera.position = tuple(shot.centre)
            camera.focal_point = tuple(shot.centre + 40 * turn[2])
            camera.up = tuple(-turn[1])
            camera.view_angle = np.degrees(2 * np.arctan(flight.HEIGHT / 2 / flight.FOCAL_PX))
            camera.clipping_range = (5.0, 700.0)
            self._plotter.render()
            picture = self._plotter.screenshot(return_img=True)
            if behind is not None:
                picture = self._with_horizon(picture, behind, turn)
            shown = Image.fromarray(picture)
            yield shown.resize((flight.WIDTH, flight.HEIGHT), Image.Resampling.BOX)

    def _with_horizon(
        self, picture: npt.NDArray[np.uint8], behind: Horizon, turn: Floats
    ) -> npt.NDArray[np.uint8]:
        read = vtkWindowToImageFilter()
        read.SetInput(self._plotter.render_window)
        read.SetInputBufferTypeToZBuffer()
        read.ReadFrontBufferOff()
        read.Update()
        as_array: Any = vtk_to_numpy
        depths = as_array(read.GetOutput().GetPointData().GetScalars())
        height, width = picture.shape[:2]
        empty = depths.reshape(height, width)[::-1] >= _NOTHING
        v, u = np.mgrid[0:height, 0:width] + 0.5
        focal = flight.FOCAL_PX * width / flight.WIDTH
        rays = np.stack([(u - width / 2) / focal, (v - height / 2) / focal, np.ones_like(u)], -1)
        rays /= np.linalg.norm(rays, axis=-1, keepdims=True)
        painted = picture.copy()
        painted[empty] = np.rint(255 * behind.colours(rays[empty] @ turn)).astype(np.uint8)
        return painted

    def _add_ground(self, light: npt.NDArray[np.float32], seed: int, pixels: int) -> None:
        line = axis()
        within = np.abs(line) <= layout.INNER_HALF_M + 1e-6
        fine = self._terrain.heights[np.ix_(within, within)]
        picture = ground.paint(layout.INNER_HALF_M, pixels, light, seed)
        self._add_patch(line[within], fine, layout.INNER_HALF_M, picture)
        # The coarse surroundings lie a little lower under the fine square, so it stays hidden.
        coarse = self._terrain.heights[::2, ::2].copy()
        hidden = np.abs(line[::2]) < layout.INNER_HALF_M - 2.5
        coarse[np.ix_(hidden, hidden)] -= 3.0
        at_rim = np.abs(line[::2]) < layout.INNER_HALF_M
        coarse[np.ix_(at_rim, at_rim)] -= 0.03
        picture = ground.paint(layout.OUTER_HALF_M, 5000, light, seed)
        self._add_patch(line[::2], coarse, layout.OUTER_HALF_M, picture)

    def _add_patch(
        self, line: Floats, heights: Floats, half: float, picture: npt.NDArray[np.uint8]
    ) -> None:
        x, y = np.meshgrid(line, line)
        mesh: Any = pv.StructuredGrid(x, y, heights)
        points = np.asarray(mesh.points)
        mesh.active_texture_coordinates = (points[:, :2] + half) / (2 * half)
        self._plotter.add_mesh(mesh, texture=_texture(picture), lighting=False)

    def _add_panel(self, panel: meshes.Panel) -> None:
        face = np.concatenate([[len(panel.corners)], np.arange(len(panel.corners))])
        mesh: Any = pv.PolyData(panel.corners, face)
        mesh.active_texture_coordinates = panel.coordinates
        self._plotter.add_mesh(mesh, texture=_texture(panel.picture), lighting=False)

    def _add_shell(self, shell: meshes.Shell) -> None:
        faces = np.column_stack([np.full(len(shell.triangles), 3), shell.triangles]).ravel()
        mesh: Any = pv.PolyData(shell.points, faces)
        self._plotter.add_mesh(mesh, scalars=shell.colours, rgb=True, lighting=False)


def _texture(picture: npt.NDArray[np.uint8]) -> Any:
    make: Any = pv.Texture
    texture = make(picture)
    texture.MipmapOn()
    texture.InterpolateOn()
    texture.RepeatOff()
    texture.EdgeClampOn()
    texture.SetMaximumAnisotropicFiltering(8)
    return texture
