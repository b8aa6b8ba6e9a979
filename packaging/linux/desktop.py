"""What tells a desktop about Spaceport: menu entry, kinds of files, metadata, icons."""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from bundle.failure import BuildError

ROOT = Path(__file__).resolve().parents[2]
# One drawing for all systems; it holds PNG pictures in the sizes below 256 pixels.
_PICTURES = ROOT / "packaging" / "windows" / "spaceport.ico"
_DRAWING = ROOT / "resources" / "icon.svg"
_SUMMARY = "Turn drone photos into 3D Gaussian splats"

SOG, SPLAT, PROJECT = (
    "application/x-spaceport-sog",
    "application/x-spaceport-splat",
    "application/x-spaceport-project",
)

# Meshes and point clouds are .ply files too, so a splat is known by what stands in its header.
# File managers call every folder inode/directory, so the kind of a project is for those alone that
# go by the name.
_KINDS = f"""\
<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{SOG}">
    <comment>Gaussian splat for the web</comment>
    <sub-class-of type="application/zip"/>
    <glob pattern="*.sog"/>
  </mime-type>
  <mime-type type="{SPLAT}">
    <comment>Gaussian splat</comment>
    <magic priority="60">
      <match type="string" value="ply" offset="0">
        <match type="string" value="property float f_dc_0" offset="20:2000"/>
      </match>
    </magic>
  </mime-type>
  <mime-type type="{PROJECT}">
    <comment>Spaceport project</comment>
    <glob pattern="*.spaceport"/>
  </mime-type>
</mime-info>
"""


def entry(command: str) -> str:
    """Return the menu entry.

    Parameters
    ----------
    command : str
        What starts Spaceport: a name on the path, or an absolute path without spaces.
    """
    return f"""\
[Desktop Entry]
Type=Application
Version=1.0
Name=Spaceport
GenericName=Photos to 3D
Comment={_SUMMARY}
Exec={command} open %F
TryExec={command}
Icon=spaceport
Terminal=false
Categories=Graphics;3DGraphics;Photography;
Keywords=drone;photogrammetry;gaussian;splat;3d;
MimeType={SOG};{SPLAT};{PROJECT};
StartupNotify=true
StartupWMClass=spaceport
"""


def kinds() -> str:
    """Return the kinds of files as shared-mime-info reads them."""
    return _KINDS


def component(homepage: str) -> str:
    """Return the name of Spaceport among all programs: the page of its project, back to front.

    Parameters
    ----------
    homepage : str
        Such as ``https://github.com/OWNER/spaceport``; empty for a build of one's own.
    """
    address = urlsplit(homepage)
    owner, _, _ = address.path.strip("/").partition("/")
    if address.hostname == "github.com" and owner:
        # Pages of a project there lie below this domain.
        host = f"{re.sub('[^a-z0-9]', '_', owner.lower())}.github.io"
    else:
        host = address.hostname or "spaceport.local"
    return ".".join([*reversed(host.split(".")), "spaceport"])


def metadata(version: str, moment: int, homepage: str = "") -> str:
    """Return the AppStream metadata.

    Parameters
    ----------
    version : str
        Of this release.
    moment : int
        Time of this release in seconds since 1970.
    homepage : str, optional
        Web page of the project.
    """
    day = datetime.fromtimestamp(moment, UTC).date().isoformat()
    page = f'  <url type="homepage">{homepage}</url>\n' if homepage else ""
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<component type="desktop-application">
  <id>{component(homepage)}</id>
  <metadata_license>CC0-1.0</metadata_license>
  <project_license>Apache-2.0</project_license>
  <name>Spaceport</name>
  <summary>{_SUMMARY}</summary>
  <description>
    <p>
      Drop the photos of a flight into the window: Spaceport finds where each was taken, trains a
      Gaussian splat, compresses it and writes files that any splat viewer on the web opens.
      Everything runs on this computer, with or without an NVIDIA GPU.
    </p>
    <ul>
      <li>See the flight in 3D before anything is computed</li>
      <li>Watch the splat while it is trained, pause and go on later</li>
      <li>Compare the result with any photo, crop it, remove floaters</li>
      <li>Export .sog and .ply with the position on Earth</li>
    </ul>
  </description>
  <launchable type="desktop-id">spaceport.desktop</launchable>
{page}  <content_rating type="oars-1.1"/>
  <provides>
    <binary>spaceport</binary>
    <mediatype>{SOG}</mediatype>
    <mediatype>{SPLAT}</mediatype>
    <mediatype>{PROJECT}</mediatype>
  </provides>
  <releases>
    <release version="{version}" date="{day}"/>
  </releases>
</component>
"""


def lay_out(share: Path, command: str, version: str, moment: int, homepage: str = "") -> None:
    """Write menu entry, kinds of files, metadata and icons below a folder ``share``."""
    texts = {
        "applications/spaceport.desktop": entry(command),
        "mime/packages/spaceport.xml": kinds(),
        "metainfo/spaceport.metainfo.xml": metadata(version, moment, homepage),
    }
    files = {name: text.encode() for name, text in texts.items()}
    icons = share / "icons" / "hicolor"
    files[f"{icons}/scalable/apps/spaceport.svg"] = _DRAWING.read_bytes()
    for size, picture in pictures(_PICTURES).items():
        files[f"{icons}/{size}x{size}/apps/spaceport.png"] = picture
    for name, content in files.items():
        path = share / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def pictures(icon: Path) -> dict[int, bytes]:
    """Return the PNG pictures in a Windows icon by their width in pixels.

    Raises
    ------
    BuildError
        If it holds pictures in another format.
    """
    content = icon.read_bytes()
    (count,) = struct.unpack_from("<4xH", content)
    found = {}
    for number in range(count):
        width, size, offset = struct.unpack_from("<B7xII", content, 6 + 16 * number)
        picture = content[offset : offset + size]
        if not picture.startswith(b"\x89PNG"):
            raise BuildError(f"{icon.name} holds a picture that is no PNG.")
        # The byte for the width is 0 where it is 256.
        found[width or 256] = picture
    return found
