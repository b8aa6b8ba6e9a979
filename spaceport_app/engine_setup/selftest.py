"""Whether an engine works here: ``python -m spaceport_app.engine_setup.selftest FOLDER DEVICE``.

It imports the packages from their folder, renders some Gaussians and compares the picture with
the CPU engine's, and trains some steps. Progress and result leave as JSON lines. It runs in a
process of its own: a driver that does not fit may end it in any way.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spaceport_app.pipeline.processes import die_with_parent

if TYPE_CHECKING:
    from spaceport_app.splats.engines.contract import Engine
    from spaceport_app.splats.model import Splats

STEPS = 40
LEAST_PSNR_DB = 40.0
"""Between pictures of the two engines; float32 sums in another order leave over 70 dB."""
MOST_LOSS = 0.8
"""What training may leave of the loss: on the processor it leaves 0.61 of it."""
_SIZE = 64
_GAUSSIANS = 300

Tell = Callable[[str, int, int], None]


class SelfTestError(Exception):
    """The engine does not work; the words say why."""


def check(site: Path, device: str, imports: Sequence[str], tell: Tell) -> dict[str, Any]:
    """Test the engine whose packages lie in `site`.

    Parameters
    ----------
    device : str
        ``"cuda"``, or ``"cpu"`` for packages without an engine of their own: then the CPU
        engine stands on both sides.
    imports : sequence of str
        Modules that have to come from `site`.
    tell : callable
        Gets the step in words, and how much of it is done.

    Raises
    ------
    SelfTestError
        If something does not work.
    """
    sys.path.insert(0, str(site))
    for number, name in enumerate(imports):
        tell("Importing the packages", number, len(imports))
        module = _imported(name)
        place = Path(str(module.__file__)).resolve()
        if not place.is_relative_to(site.resolve()):
            raise SelfTestError(f"{name} was imported from {place.parent}")
    found: dict[str, Any] = {"device": device}
    from spaceport_app.splats.engines.cpu.engine import CpuEngine

    engine: Engine
    if device == "cuda":
        import torch

        if not torch.cuda.is_available():
            raise SelfTestError("torch finds no card that it can use")
        found["card"] = torch.cuda.get_device_name(0)
        from spaceport_app.splats.engines.cuda import CudaEngine

        engine = CudaEngine()
    else:
        engine = CpuEngine()
    return found | compare(engine, CpuEngine(), tell)


def compare(engine: Engine, reference: Engine, tell: Tell) -> dict[str, float]:
    """Render with both engines and train with the first; return what was measured.

    Raises
    ------
    SelfTestError
        If the pictures differ, or training does not bring the loss down.
    """
    import numpy as np

    from spaceport_app.splats import quality
    from spaceport_app.splats.camera import Camera
    from spaceport_app.splats.engines.contract import LearningRates, StepSettings, TrainingView

    scene = _scene()
    pose = np.eye(4)
    pose[2, 3] = 4.0
    camera = Camera(_SIZE, _SIZE, float(_SIZE), float(_SIZE), _SIZE / 2, _SIZE / 2, pose)
    tell("Rendering a picture to compare", 0, 1)
    reference.load(scene)
    engine.load(scene)
    wanted, got = reference.render(camera), engine.render(camera)
    psnr_db = float(min(quality.psnr(got, wanted), 200.0))
    if not psnr_db >= LEAST_PSNR_DB:
        raise SelfTestError(f"its picture is not the CPU engine's ({psnr_db:.1f} dB apart)")
    view = TrainingView(camera, (np.clip(wanted, 0.0, 1.0) * 255.0).astype(np.uint8), 0)
    engine.load(_blurred(scene))
    losses = []
    for number in range(STEPS):
        if number % 5 == 0:
            tell("Training some steps", number, STEPS)
        metrics = engine.step(view, StepSettings(number, 1, LearningRates(1e-3)))
        losses.append(float(metrics.loss))
    if not losses[-1] <= MOST_LOSS * losses[0]:
        raise SelfTestError(f"training does not learn (loss {losses[0]:.3f} to {losses[-1]:.3f})")
    return {"psnr_db": psnr_db, "first_loss": losses[0], "last_loss": losses[-1]}


def _scene() -> Splats:
    import numpy as np

    from spaceport_app.splats.model import Splats

    random = np.random.default_rng(7)
    means = random.uniform(-1.2, 1.2, (_GAUSSIANS, 3))
    return Splats(
        means.astype(np.float32),
        np.log(random.uniform(0.05, 0.2, (_GAUSSIANS, 3))).astype(np.float32),
        random.normal(size=(_GAUSSIANS, 4)).astype(np.float32),
        random.uniform(-1.0, 3.0, _GAUSSIANS).astype(np.float32),
        random.normal(0.0, 0.4, (_GAUSSIANS, 4, 3)).astype(np.float32),
    )


def _blurred(scene: Splats) -> Splats:
    """Return the scene without its colours, for training to find again."""
    import numpy as np

    from spaceport_app.splats.model import Splats

    return Splats(
        scene.means,
        scene.log_scales,
        scene.quaternions,
        scene.opacity_logits,
        np.zeros_like(scene.sh),
    )


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except Exception as error:
        raise SelfTestError(f"{name} cannot be imported: {_line(error)}") from error


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def main(arguments: list[str]) -> int:
    """Test the engine named in `arguments`; 0 if it works."""
    die_with_parent()
    # Packages may say what they like on the standard output: we keep the first for ourselves.
    out, sys.stdout = sys.stdout, sys.stderr

    def say(value: dict[str, Any]) -> None:
        out.write(json.dumps(value) + "\n")
        out.flush()

    def tell(step: str, done: int, total: int) -> None:
        say({"step": step, "done": done, "total": total})

    try:
        say({"result": check(Path(arguments[0]), arguments[1], arguments[2:], tell)})
    except SelfTestError as error:
        say({"failed": str(error)})
        return 1
    except Exception as error:
        say({"failed": _line(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
