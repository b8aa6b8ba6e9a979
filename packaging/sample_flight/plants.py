"""Trees: a trunk, a dark core and many small leaves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from sample_flight import layout
from sample_flight.layout import Floats
from sample_flight.meshes import Shell, join, rings
from sample_flight.shade import lambert
from sample_flight.terrain import Terrain


def tree_shell(tree: layout.Tree, terrain: Terrain, fine: bool, rng: np.random.Generator) -> Shell:
    """Return trunk, dark core and leaves of a tree; `fine` for trees that are seen from near."""
    base = np.array([tree.x, tree.y, terrain.height(tree.x, tree.y)])
    leaves = int((420 if tree.conifer else 330) * tree.radius**1.5 * (1.0 if fine else 0.4))
    size = (0.16 if fine else 0.30) * (1.0 if tree.conifer else 1.15)
    hue = rng.uniform(-1, 1)
    if tree.conifer:
        level = 1 - np.sqrt(rng.random(leaves))
        angle = rng.uniform(0, 2 * np.pi, leaves)
        tier = 0.72 + 0.28 * ((level * 9) % 1.0)
        reach = tree.radius * (1 - level) * tier * rng.uniform(0.82, 1.05, leaves)
        height = tree.height * (0.12 + 0.88 * level)
        middle = np.column_stack([reach * np.cos(angle), reach * np.sin(angle), height])
        outward = np.column_stack([np.cos(angle), np.sin(angle), np.full(leaves, 0.45)])
        colour = np.array([0.25 + 0.03 * hue, 0.36, 0.20])
    else:
        outward = rng.normal(size=(leaves, 3))
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        bump = 1 + 0.16 * np.sin(3.1 * outward @ rng.normal(size=(3, 3)) * 2.0).sum(axis=1) / 1.7
        crown = np.array([tree.radius, tree.radius, 0.40 * tree.height])
        middle = outward * crown * (bump * rng.uniform(0.86, 1.04, leaves))[:, None]
        middle[:, 2] += 0.60 * tree.height
        colour = np.array([0.36 + 0.08 * hue, 0.46 + 0.03 * hue, 0.18])
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    shine = lambert(outward) * (0.62 + 0.38 * np.clip(middle[:, 2] / tree.height, 0, 1))
    tint = colour * (1 + 0.34 * rng.normal(size=(leaves, 1)).clip(-1.6, 1.6))
    tint = tint * (1 + 0.06 * rng.normal(size=(leaves, 3)))
    shell = _leaves(middle + base, outward, size * rng.uniform(0.7, 1.5, leaves), rng)
    colours = np.repeat(np.clip(tint * shine[:, None], 0, 1), 4, axis=0)
    crown_shell = Shell(shell[0], shell[1], (255 * colours).astype(np.uint8))
    return join([crown_shell, _trunk(tree, base, rng), _core(tree, base, colour, rng)])


def _leaves(
    middle: Floats, outward: Floats, size: Floats, rng: np.random.Generator
) -> tuple[Floats, npt.NDArray[np.int64]]:
    normal = outward + 0.55 * rng.normal(size=outward.shape)
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    u = np.cross(normal, rng.normal(size=normal.shape))
    u *= (size / np.linalg.norm(u, axis=1))[:, None]
    v = np.cross(normal, u) * 0.8
    points = np.stack([middle + u, middle + v, middle - u, middle - v], axis=1).reshape(-1, 3)
    first = 4 * np.arange(len(middle))[:, None]
    triangles = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    return points, triangles


def _trunk(tree: layout.Tree, base: Floats, rng: np.random.Generator) -> Shell:
    levels = np.linspace(-0.3, 0.55 * tree.height, 8)
    radii = 0.10 * tree.radius * np.linspace(1.3, 0.7, 8)
    points, triangles = rings(radii, levels, 8, base)
    tone = 0.55 + 0.3 * rng.random((len(points), 1))
    return Shell(points, triangles, (255 * tone * [0.42, 0.33, 0.25]).astype(np.uint8))


def _core(tree: layout.Tree, base: Floats, colour: Floats, rng: np.random.Generator) -> Shell:
    t = np.linspace(0.02, 0.98, 12)
    if tree.conifer:
        levels, radii = tree.height * (0.12 + 0.85 * t), 0.74 * tree.radius * (1 - t)
    else:
        levels = tree.height * (0.60 - 0.33 * np.cos(np.pi * t))
        radii = 0.80 * tree.radius * np.sin(np.pi * t)
    points, triangles = rings(radii, levels, 20, base)
    tone = (0.30 + 0.25 * rng.random((len(points), 1))) * (
        0.6 + 0.5 * (points[:, 2:] - base[2]) / tree.height
    )
    return Shell(points, triangles, (255 * np.clip(tone * colour, 0, 1)).astype(np.uint8))
