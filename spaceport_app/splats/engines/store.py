"""What every engine keeps of its Gaussians, whatever the device: the half that is plain torch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from spaceport_app.splats.engines import rows as layout
from spaceport_app.splats.engines.contract import Change, EngineState, Statistics
from spaceport_app.splats.model import Splats

# Adam's decay of the moments and what keeps it from dividing by zero (Kerbl et al. 2023).
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-15

_TABLES = ("rows", "first", "second")
_STATISTICS = ("gradient_sum", "view_count")


class Store:
    """Parameters, Adam's moments and densification statistics of N Gaussians on one device.

    Attributes
    ----------
    rows, first, second : tensors, shape (N, width), float32
        Parameters and Adam's first and second moments, laid out as in `rows`.
    gradient_sum, view_count : tensors, shape (N,), float32
        As in `Statistics`.
    terms : int
        Harmonics coefficients a channel.
    steps : int
        Optimiser steps taken since `load`, for Adam's bias correction.
    """

    def __init__(self, splats: Splats, device: str) -> None:
        self.device = device
        self.terms = splats.sh.shape[1]
        self.rows = torch.from_numpy(layout.pack(splats)).to(device)
        self.first = torch.zeros_like(self.rows)
        self.second = torch.zeros_like(self.rows)
        self.steps = 0
        self._clear_statistics()

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def sh_degree(self) -> int:
        """Degree of the stored harmonics."""
        return {1: 0, 4: 1, 9: 2, 16: 3}[self.terms]

    def _clear_statistics(self) -> None:
        self.gradient_sum = torch.zeros(len(self), device=self.device)
        self.view_count = torch.zeros(len(self), device=self.device)

    def statistics(self) -> Statistics:
        """Return views of the tensors, not copies."""
        return Statistics(
            self.rows[:, layout.MEAN : layout.LOG_SCALES],
            self.rows[:, layout.LOG_SCALES : layout.QUATERNION],
            self.rows[:, layout.QUATERNION : layout.OPACITY],
            self.rows[:, layout.OPACITY],
            self.gradient_sum,
            self.view_count,
        )

    def change(self, change: Change) -> None:
        """Replace the set of Gaussians; statistics start again from zero.

        Raises
        ------
        ValueError
            If the change names Gaussians that do not exist or its tensors do not fit together.
        """
        source = change.source.to(self.device, torch.int64)
        fresh = change.fresh.to(self.device, torch.bool)
        count = len(source)
        if source.ndim != 1 or fresh.shape != source.shape:
            raise ValueError("source and fresh of a change must have one entry a new Gaussian")
        if count and (int(source.min()) < 0 or int(source.max()) >= len(self)):
            raise ValueError("a change names Gaussians that do not exist")
        for new, shape in (
            (change.means, (count, 3)),
            (change.log_scales, (count, 3)),
            (change.opacity_logits, (count,)),
        ):
            if new is not None and tuple(new.shape) != shape:
                raise ValueError("a change brings parameters of the wrong shape")
        self.rows = self.rows[source]
        if change.means is not None:
            self.rows[:, layout.MEAN : layout.LOG_SCALES] = change.means
        if change.log_scales is not None:
            self.rows[:, layout.LOG_SCALES : layout.QUATERNION] = change.log_scales
        if change.opacity_logits is not None:
            self.rows[:, layout.OPACITY] = change.opacity_logits
        self.first = self.first[source]
        self.first[fresh] = 0.0
        self.second = self.second[source]
        self.second[fresh] = 0.0
        self._clear_statistics()

    def splats(self) -> Splats:
        """Return a copy of the Gaussians."""
        return layout.unpack(self.rows.cpu().numpy(), self.terms)

    def state(self) -> EngineState:
        """Return copies of everything."""
        tensors = {name: getattr(self, name) for name in (*_TABLES, *_STATISTICS)}
        return EngineState(
            {
                "terms": np.array(self.terms),
                "steps": np.array(self.steps),
                **{name: tensor.cpu().numpy().copy() for name, tensor in tensors.items()},
            }
        )

    @staticmethod
    def of_state(state: EngineState, device: str) -> Store:
        """Return a store that goes on where `state` was taken.

        Raises
        ------
        ValueError
            If arrays are missing or do not fit together.
        """
        missing = {"terms", "steps", *_TABLES, *_STATISTICS} - set(state.arrays)
        if missing:
            raise ValueError(f"the engine's state lacks {min(missing)}")
        arrays = {name: np.array(array) for name, array in state.arrays.items()}
        if arrays["terms"].ndim or arrays["steps"].ndim or arrays["rows"].ndim != 2:
            raise ValueError("the arrays of the engine's state have other shapes")
        terms = int(arrays["terms"])
        shape = (len(arrays["rows"]), layout.width(terms))
        if any(arrays[name].shape != shape for name in _TABLES) or any(
            arrays[name].shape != shape[:1] for name in _STATISTICS
        ):
            raise ValueError("the arrays of the engine's state do not fit together")
        store = Store(layout.unpack(arrays["rows"].astype(np.float32), terms), device)
        store.steps = int(arrays["steps"])
        for name in ("first", "second", *_STATISTICS):
            setattr(store, name, torch.from_numpy(arrays[name].astype(np.float32)).to(device))
        return store


class StoredEngine:
    """What engines do with their store alone, alike on every device."""

    def __init__(self, device: str) -> None:
        self._device = device
        shapes = ((0, 3), (0, 3), (0, 4), (0,), (0, 1, 3))
        self.load(Splats(*(np.zeros(shape, np.float32) for shape in shapes)))

    def prepare(self, counted: Callable[[int, int], None]) -> None:
        """Do nothing: what is compiled on a machine cannot be counted from here."""

    def load(self, splats: Splats) -> None:
        """Take these Gaussians as parameters, with fresh optimiser moments."""
        self._store = Store(splats, self._device)

    def __len__(self) -> int:
        return len(self._store)

    def statistics(self) -> Statistics:
        """Return what the densification strategy looks at: views, not copies."""
        return self._store.statistics()

    def change(self, change: Change) -> None:
        """Replace the set of Gaussians."""
        self._store.change(change)

    def splats(self) -> Splats:
        """Return a copy of the Gaussians."""
        return self._store.splats()

    def state(self) -> EngineState:
        """Return parameters, moments and statistics."""
        return self._store.state()

    def restore(self, state: EngineState) -> None:
        """Go back to what `state` returned."""
        self._store = Store.of_state(state, self._device)
