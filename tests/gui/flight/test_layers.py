from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from PySide6.QtGui import QImage

from gui.flight.flights import photo_set, reconstruction
from spaceport_app.gui import theme
from spaceport_app.gui.flight import poses
from spaceport_app.gui.flight.layers import MOVING_POINTS, Layers
from spaceport_app.gui.flight.offscreen import Offscreen
from spaceport_app.gui.flight.scene import Scene, build
from spaceport_app.gui.theme import Colours

GREEN = np.array([0, 255, 0], np.uint8)


@pytest.fixture(scope="module")
def scene() -> Scene:
    photos = photo_set()
    found = build(photos, reconstruction(photos, ("P03.png",)))
    assert found is not None
    return found


@pytest.fixture
def surface(scene: Scene) -> Iterator[Offscreen]:
    """A picture of the scene from above, in memory."""
    surface = Offscreen()
    surface.take(poses.top(scene, 1.0), 400, 400)
    yield surface
    surface.close()


def picture(surface: Offscreen, over: bool = False) -> np.ndarray:
    if not over:
        surface.renderer.ResetCameraClippingRange()
    surface.render(over)
    image = surface.picture().convertToFormat(QImage.Format.Format_RGBX8888)
    pixels = np.array(image.constBits()).reshape(image.height(), image.width(), 4)
    return pixels[..., :3].astype(int)


def like(pixels: np.ndarray, colour: str, reach: int = 12) -> np.ndarray:
    wanted = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)])
    return (np.abs(pixels - wanted) < reach).all(axis=-1)


def centre_of(mask: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(mask)
    return float(columns.mean()), float(rows.mean())


def shades(scene: Scene) -> np.ndarray:
    return np.tile(GREEN, (len(scene.names), 1))


@pytest.mark.parametrize("look", [theme.DARK, theme.LIGHT])
def test_photos_left_out_are_red_at_their_gps_position(
    surface: Offscreen, scene: Scene, look: Colours
) -> None:
    layers = Layers(surface.renderer, look)
    layers.show_cameras(scene, shades(scene))
    pixels = picture(surface)
    red = like(pixels, look.error)
    assert red.sum() > 15
    # The fourth camera is the south-eastern one.
    x, y = centre_of(red)
    assert x > 250
    assert y > 250
    assert like(pixels, "#00ff00").sum() > 11 * 15
    layers.set_visible("left_out", False)
    assert like(picture(surface), look.error).sum() == 0


def test_larger_points_cover_more(surface: Offscreen, scene: Scene) -> None:
    layers = Layers(surface.renderer, theme.DARK)
    layers.show_cloud(scene)
    layers.set_point_size(2.0)
    small = like(picture(surface), "#c8c8c8").sum()
    layers.set_point_size(6.0)
    assert like(picture(surface), "#c8c8c8").sum() > 3 * small > 500


def test_a_moving_cloud_is_thinned_and_a_resting_one_is_whole(
    surface: Offscreen, scene: Scene
) -> None:
    layers = Layers(surface.renderer, theme.DARK, fewest_points=50)
    layers.show_cloud(scene)
    whole = like(picture(surface), "#c8c8c8").sum()
    counts = []
    for level in range(len(MOVING_POINTS)):
        layers.thin(level)
        counts.append(like(picture(surface), "#c8c8c8").sum())
    assert counts == sorted(counts, reverse=True) and counts[0] == whole
    assert 0 < counts[-1] < 0.3 * whole
    layers.set_visible("cloud", False)
    assert like(picture(surface), "#c8c8c8").sum() == 0
    layers.set_visible("cloud", True)
    assert like(picture(surface), "#c8c8c8").sum() == counts[-1]
    layers.thin(0)
    assert like(picture(surface), "#c8c8c8").sum() == whole


def test_drawn_in_parts_it_looks_as_drawn_at_once(surface: Offscreen, scene: Scene) -> None:
    layers = Layers(surface.renderer, theme.DARK, fewest_points=50)
    layers.show_ground(scene)
    layers.show_cloud(scene)
    layers.show_cameras(scene, shades(scene))
    layers.set_visible("track", False)
    whole = picture(surface)
    parts = layers.steps()
    assert len(parts) > 4
    for number, part in enumerate(parts):
        layers.show_only(part)
        drawn = picture(surface, over=number > 0)
        if number == 0:
            assert np.abs(drawn - whole).max() > 100, "the cloud is not there yet"
    layers.show_all()
    differ = (np.abs(drawn - whole).max(axis=-1) > 8).mean()
    assert differ < 0.002
    assert np.array_equal(picture(surface), whole)


def test_the_photo_stands_upright_in_the_frame_of_its_camera(
    surface: Offscreen, scene: Scene
) -> None:
    layers = Layers(surface.renderer, theme.DARK)
    photo = np.zeros((60, 80, 3), np.uint8)
    photo[:30, :40] = 255, 0, 255
    photo[30:, 40:] = 255, 255, 0
    layers.show_selected(scene, scene.row("P05.png"), photo)
    pixels = picture(surface)
    # The cameras look down with north up, as does the eye: top left stays top left.
    left, top = centre_of(like(pixels, "#ff00ff"))
    right, bottom = centre_of(like(pixels, "#ffff00"))
    assert left < right
    assert top < bottom
    layers.show_selected(scene, None)
    assert like(picture(surface), "#ff00ff").sum() == 0


def test_the_selected_camera_is_not_drawn_twice(surface: Offscreen, scene: Scene) -> None:
    layers = Layers(surface.renderer, theme.DARK)
    layers.show_cameras(scene, shades(scene))
    every = like(picture(surface), "#00ff00").sum()
    layers.show_cameras(scene, shades(scene), but=5)
    assert 0.85 * every < like(picture(surface), "#00ff00").sum() < 0.97 * every
    layers.leave_out(None)
    assert like(picture(surface), "#00ff00").sum() == every


def test_the_track_joins_the_placed_photos_in_order(surface: Offscreen, scene: Scene) -> None:
    layers = Layers(surface.renderer, theme.DARK)
    layers.show_track(scene)
    # Twelve photos less the one left out make ten lines.
    assert layers._actors["track"][0].GetMapper().GetInput().GetNumberOfLines() == 10
    assert like(picture(surface), theme.DARK.accent).sum() > 300


def test_a_scene_without_metres_has_no_north(surface: Offscreen) -> None:
    photos = photo_set(gps=False)
    scene = build(photos, reconstruction(photos, gps=False))
    assert scene is not None
    layers = Layers(surface.renderer, theme.DARK)
    layers.show_ground(scene)
    texts = [a.GetInput() for a in layers._actors["ground"] if hasattr(a, "GetInput")]
    assert texts == ["10 units"]


def test_clear_leaves_the_background_alone(surface: Offscreen, scene: Scene) -> None:
    layers = Layers(surface.renderer, theme.LIGHT)
    layers.show_ground(scene)
    layers.show_cloud(scene)
    layers.show_cameras(scene, shades(scene))
    assert not like(picture(surface), theme.LIGHT.background, 4).all()
    layers.clear()
    assert like(picture(surface), theme.LIGHT.background, 4).all()
