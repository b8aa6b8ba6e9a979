"""What every engine keeps of its Gaussians, whatever the device: the half that is plain torch."""

from __future__ import annotations

import numpy as np
import torch

from spaceport_app.splats.engines.contract import Change, EngineState, Statistics
from spaceport_app.splats.model import Splats

PARAMETERS = ("means", "log_scales", "quaternions", "opacity_logits", "sh")
_STATISTICS = ("gradient_sum", "view_count", "max_radius")


class Store:
    """Parameters, Adam's moments and densification statistics of N Gaussians on one device.

    Attributes
    ----------
    parameters, first, second : dict of tensors
        By the names in `PARAMETERS`, shapes as in `Splats`, float32, contiguous.
    gradient_sum, view_count, max_radius : tensors, shape (N,)
        As in `Statistics`.
    steps : int
        Optimiser steps taken since `load`, for Adam's bias correction.
    """

    def __init__(self, splats: Splats, device: str) -> None:
        self.device = device
        self.parameters = {
            name: torch.from_numpy(getattr(splats, name).copy()).to(device) for name in PARAMETERS
        }
        self.first = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.second = {name: torch.zeros_like(p) for name, p in self.parameters.items()}
        self.steps = 0
        self._clear_statistics()

    def __len__(self) -> int:
        return len(self.parameters["means"])

    def _clear_statistics(self) -> None:
        self.gradient_sum = torch.zeros(len(self), device=self.device)
        self.view_count = torch.zeros(len(self), device=self.device)
        self.max_radius = torch.zeros(len(self), device=self.device)

    def statistics(self) -> Statistics:
        """Return views of the tensors, not copies."""
        p = self.parameters
        return Statistics(
            p["means"],
            p["log_scales"],
            p["quaternions"],
            p["opacity_logits"],
            self.gradient_sum,
            self.view_count,
            self.max_radius,
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
        if source.ndim != 1 or fresh.shape != source.shape:
            raise ValueError("source and fresh of a change must have one entry a new Gaussian")
        if len(source) and (int(source.min()) < 0 or int(source.max()) >= len(self)):
            raise ValueError("a change names Gaussians that do not exist")
        replaced = {
            "means": change.means,
            "log_scales": change.log_scales,
            "opacity_logits": change.opacity_logits,
        }
        parameters: dict[str, torch.Tensor] = {}
        for name, old in self.parameters.items():
            new = replaced.get(name)
            if new is None:
                parameters[name] = old[source]
            elif new.shape != (len(source), *old.shape[1:]):
                raise ValueError(f"a change brings {name} of the wrong shape")
            else:
                parameters[name] = new.detach().to(self.device, torch.float32, copy=True)
                parameters[name] = parameters[name].contiguous()
        self.parameters = parameters
        for moments in (self.first, self.second):
            for name, old in moments.items():
                moments[name] = old[source]
                moments[name][fresh] = 0.0
        self._clear_statistics()

    def splats(self) -> Splats:
        """Return a copy of the Gaussians."""
        return Splats(*(self.parameters[name].cpu().numpy().copy() for name in PARAMETERS))

    def state(self) -> EngineState:
        """Return copies of everything, named ``parameters.means`` and so on."""
        arrays: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
            "steps": np.array(self.steps, np.int64)
        }
        for group in ("parameters", "first", "second"):
            for name, tensor in getattr(self, group).items():
                arrays[f"{group}.{name}"] = tensor.cpu().numpy().copy()
        for name in _STATISTICS:
            arrays[name] = getattr(self, name).cpu().numpy().copy()
        return EngineState(arrays)

    @staticmethod
    def of_state(state: EngineState, device: str) -> Store:
        """Return a store that goes on where `state` was taken.

        Raises
        ------
        ValueError
            If arrays are missing or do not fit together.
        """
        arrays = state.arrays
        try:
            splats = Splats(
                *(np.ascontiguousarray(arrays[f"parameters.{n}"], np.float32) for n in PARAMETERS)
            )
            store = Store(splats, device)
            store.steps = int(arrays["steps"])
            for group in ("first", "second"):
                moments: dict[str, torch.Tensor] = getattr(store, group)
                for name, tensor in moments.items():
                    tensor.copy_(_tensor(arrays[f"{group}.{name}"], tensor))
            for name in _STATISTICS:
                tensor = getattr(store, name)
                tensor.copy_(_tensor(arrays[name], tensor))
        except KeyError as error:
            raise ValueError(f"the engine's state lacks {error.args[0]}") from error
        return store


def _tensor(
    array: np.ndarray[tuple[int, ...], np.dtype[np.generic]], like: torch.Tensor
) -> torch.Tensor:
    if array.shape != tuple(like.shape):
        raise ValueError("arrays of the engine's state do not fit together")
    return torch.from_numpy(np.array(array, np.float32))
