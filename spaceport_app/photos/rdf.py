"""The RDF of an XMP packet as plain names and values, from the events of an XML reader.

Specification: Adobe, "XMP Specification Part 1", 2012 (ISO 16684-1), section 7: a property is an
attribute or a child element of ``rdf:Description``; its value is text, a structure (a nested
``rdf:Description``, ``rdf:parseType="Resource"`` or attributes of its own) or an array
(``rdf:Seq``, ``rdf:Bag``, ``rdf:Alt`` of ``rdf:li``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_NAMESPACES = {
    "www.w3.org/1999/02/22-rdf-syntax-ns": "rdf",
    "www.w3.org/xml/1998/namespace": "xml",
    "adobe:ns:meta": "x",
    "ns.sensefly.com/camera/1.0": "sensefly",
    "pix4d.com/camera/1.0": "Camera",
    "www.skydio.com/drone-skydio/1.0": "drone-skydio",
    "www.parrot.com/drone-parrot/1.0": "drone-parrot",
    "ns.adobe.com/exif/1.0": "exif",
    "ns.adobe.com/exif/1.0/aux": "aux",
    "cipa.jp/exif/1.0": "exifEX",
    "ns.adobe.com/tiff/1.0": "tiff",
    "ns.adobe.com/xap/1.0": "xmp",
    "ns.adobe.com/xmp/note": "xmpNote",
    "ns.adobe.com/photoshop/1.0": "photoshop",
    "ns.adobe.com/camera-raw-settings/1.0": "crs",
    "purl.org/dc/elements/1.1": "dc",
    "ns.google.com/photos/1.0/panorama": "GPano",
    "ns.google.com/photos/1.0/camera": "GCamera",
    "ns.google.com/photos/1.0/image": "GImage",
    "ns.google.com/photos/1.0/depthmap": "GDepth",
    # Its usual prefix is Camera, like that of Pix4D's, which came first.
    "ns.google.com/photos/dd/1.0/camera": "DeviceCamera",
    "micasense.com/micasense/1.0": "MicaSense",
    "micasense.com/dls/1.0": "DLS",
    "ns.flir.com/xmp/1.0": "FLIR",
}
_ARRAYS = frozenset({"rdf:Seq", "rdf:Bag", "rdf:Alt"})

_DEEPEST = 64
_MOST_PROPERTIES = 5000
_LONGEST_VALUE = 20_000


def short_name(namespace: str, prefix: str, name: str) -> str:
    """Return ``prefix:name`` with the usual prefix of a namespace, whatever the packet calls it.

    The namespace counts where it is known. One that is not may be damaged or a newer version of a
    known one, as ``http://www.uav.com/drone-dji/1.0/`` of a Mavic 4 is: then the prefix counts.
    """
    key = namespace.lower().removeprefix("http://").removeprefix("https://").rstrip("/#")
    known = _NAMESPACES.get(key)
    if known is None and "/drone-dji" in key:
        known = "drone-dji"
    if known is None:
        known = prefix or key.rpartition("/")[2]
    return f"{known}:{name}" if known else name


@dataclass
class _Element:
    """An element that is open: `path` is empty where its children are properties of the photo."""

    name: str
    path: str
    text: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    structure: bool = False


def _is_property(name: str) -> bool:
    return ":" in name and not name.startswith(("rdf:", "xml:", "xmlns:", "x:"))


class Properties:
    """Collects properties by their path, such as ``drone-skydio:CameraOrientationNED/...:Yaw``.

    Items of an array are joined with ``", "``; of alternatives (``rdf:Alt``) the first is kept.
    The last of several values of one name counts, as with exiftool.

    Parameters
    ----------
    damaged : bool
        Whether the packet is no sound XML. A property inside a plain property then is the next
        one after an end that got lost.

    Attributes
    ----------
    found : dict
        Values by path.
    text_outside : bool
        Whether there was text outside any property, which XMP does not have.
    """

    def __init__(self, damaged: bool = False) -> None:
        self.found: dict[str, str] = {}
        self.text_outside = False
        self._damaged = damaged
        self._open = [_Element("", "")]

    def start(self, name: str, attributes: Iterable[tuple[str, str]]) -> None:
        """Take a start tag with its attributes, all names by `short_name`."""
        if self._damaged and name.endswith((":RDF", ":Description")):
            name = "rdf:" + name.rpartition(":")[2]
        own = _is_property(name)
        if own or name in ("rdf:li", "rdf:Description"):
            self._end_the_unclosed(own)
        parent = self._open[-1]
        path = parent.path
        if own:
            path = f"{path}/{name}" if path else name
        elif name == "rdf:li" and any(e.name in _ARRAYS for e in self._open[-2:]):
            path = f"{self._array().path}[{len(self._array().items) + 1}]"
        element = _Element(name, path)
        if name == "rdf:Description" and path:
            parent.structure = True
        for key, value in attributes:
            if key == "rdf:parseType" or value == "Resource":
                element.structure = True
            elif key in ("rdf:resource", "rdf:value") and own:
                element.text.append(value)
            elif key == "rdf:about" and not path:
                self._put(key, value)
            elif _is_property(key):
                self._put(f"{path}/{key}" if path else key, value)
        if len(self._open) < _DEEPEST:
            self._open.append(element)

    def strays(self, attributes: Iterable[tuple[str, str]]) -> None:
        """Take attributes whose tag got lost: properties of the photo, unless within another."""
        if not self._open[-1].path:
            for key, value in attributes:
                if _is_property(key):
                    self._put(key, value)

    def data(self, text: str) -> None:
        """Take text, with its entities resolved."""
        element = self._open[-1]
        element.text.append(text)
        if not element.path and text.strip():
            self.text_outside = True

    def end(self, name: str) -> None:
        """Take an end tag; one that fits nothing open ends the innermost element."""
        places = [i for i, element in enumerate(self._open) if i and element.name == name]
        place = places[-1] if places else max(len(self._open) - 1, 1)
        while len(self._open) > place:
            self._finish(self._open.pop())

    def _end_the_unclosed(self, own: bool) -> None:
        """End elements whose end tag got lost: XMP has no text beside elements."""
        while self._damaged and len(self._open) > 1:
            top = self._open[-1]
            plain = _is_property(top.name)
            written = (plain or top.name == "rdf:li") and "".join(top.text).strip()
            if top.structure or not (written or (own and plain)):
                return
            self._finish(self._open.pop())

    def _array(self) -> _Element:
        """Return the property that the innermost array belongs to."""
        for element in reversed(self._open):
            if element.name not in _ARRAYS and element.name != "rdf:li":
                return element
        return self._open[0]

    def _finish(self, element: _Element) -> None:
        text = "".join(element.text)
        if element.name == "rdf:li":
            owner = self._array()
            alternative = any(e.name == "rdf:Alt" for e in self._open[-2:])
            if text.strip() and not (alternative and owner.items):
                owner.items.append(text.strip())
        elif element.name == "rdf:value":
            self._array().text.append(text)
        elif element.path and element.name != "rdf:Description" and element.name not in _ARRAYS:
            torn = self._damaged and text.rstrip().endswith(element.name.rpartition(":")[2] + ">")
            if not torn:
                self._put(element.path, ", ".join(element.items) or text)

    def _put(self, path: str, value: str) -> None:
        # Programs in C leave the zero at the end of their texts.
        value = value.rstrip("\0").strip(" \t\r\n")
        if value and len(value) <= _LONGEST_VALUE and len(self.found) < _MOST_PROPERTIES:
            self.found[path] = value
