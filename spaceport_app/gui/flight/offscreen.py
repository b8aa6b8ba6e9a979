"""A window of VTK's in memory: what draws the flight, of which Qt only shows the pictures.

Of VTK only the modules are imported that draw: all of them would take 110 MB more.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from spaceport_app.gui.flight import poses
from spaceport_app.gui.flight.poses import Pose
from spaceport_app.gui.flight.renderer import is_software

_SAMPLES = 4


class Offscreen:
    """Draws what is added to its `renderer`; for one thread only, which makes and closes it."""

    def __init__(self) -> None:
        # OpenGL2 and FreeType are imported for what they register: how to draw, and letters.
        import vtkmodules.vtkRenderingFreeType
        import vtkmodules.vtkRenderingOpenGL2  # noqa: F401
        from vtkmodules.vtkRenderingCore import vtkRenderer, vtkRenderWindow

        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(True)
        self._window.SetShowWindow(False)
        self.renderer = vtkRenderer()
        self.renderer.GetActiveCamera().SetViewAngle(poses.VIEW_ANGLE)
        self._window.AddRenderer(self.renderer)
        self._window.Initialize()
        self.software = is_software(_name(self._window.ReportCapabilities()))
        # Smoothed edges cost a software renderer more than all the rest of a frame.
        self._window.SetMultiSamples(0 if self.software else _SAMPLES)
        # Sorting out which of the see-through things is nearer costs a software renderer 12 ms of
        # every frame, for letters and faint faces that look the same in any order.
        self.renderer.SetUseOIT(not self.software)

    def take(self, pose: Pose, width: int, height: int) -> None:
        """Stand there, and draw so many pixels from now on."""
        if tuple(self._window.GetSize()) != (width, height):
            self._window.SetSize(width, height)
        camera = self.renderer.GetActiveCamera()
        camera.SetPosition(*pose.eye)
        camera.SetFocalPoint(*pose.target)
        camera.SetViewUp(*pose.up)
        self.renderer.ResetCameraClippingRange()

    def render(self, over: bool = False) -> None:
        """Draw; `over` the picture that is there, or over nothing.

        The thread waits for it; Python's other threads go on.
        """
        self.renderer.SetPreserveColorBuffer(over)
        self.renderer.SetPreserveDepthBuffer(over)
        self._window.Render()
        self._window.WaitForCompletion()

    def picture(self) -> QImage:
        """Return what was drawn."""
        from vtkmodules.util.numpy_support import vtk_to_numpy
        from vtkmodules.vtkCommonCore import vtkUnsignedCharArray

        width, height = self._window.GetSize()
        pixels = vtkUnsignedCharArray()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, pixels)  # type: ignore[call-overload]
        data = vtk_to_numpy(pixels).data  # type: ignore[no-untyped-call]
        image = QImage(data, width, height, 4 * width, QImage.Format.Format_RGBX8888)
        # OpenGL's first line is the lowest; RGB32 is what is painted quickest.
        upright = image.flipped(Qt.Orientation.Vertical)
        return upright.convertToFormat(QImage.Format.Format_RGB32)

    def close(self) -> None:
        """Give the graphics memory back."""
        self._window.Finalize()


def _name(capabilities: str) -> str:
    """Return the line of a driver's report that names what draws."""
    lines = capabilities.splitlines()
    return next((line for line in lines if line.startswith("OpenGL renderer")), "")
