"""Photos' files that ask for more than they look like."""

from __future__ import annotations

import io

from PIL import Image


def many_scans(size: tuple[int, int], scans: int) -> bytes:
    """Return a small progressive JPEG that goes over a picture of `size` very often."""
    buffer = io.BytesIO()
    Image.new("L", (64, 64)).save(buffer, "JPEG", progressive=True)
    data = bytearray(buffer.getvalue())
    frame = data.index(b"\xff\xc2")
    data[frame + 5 : frame + 9] = size[1].to_bytes(2, "big") + size[0].to_bytes(2, "big")
    end = data.rindex(b"\xff\xd9")
    last = data[data.rindex(b"\xff\xda") : end]
    return bytes(data[:end]) + bytes(last) * scans + b"\xff\xd9"


def tiff_of_strips(size: tuple[int, int], strip: bytes, strips: int, compression: int) -> bytes:
    """Return a grey TIFF each strip of which is the same bytes of the file."""
    rows = size[1] // strips
    at = 8 + len(strip)
    starts = b"".join((8).to_bytes(4, "little") for _ in range(strips))
    lengths = b"".join(len(strip).to_bytes(4, "little") for _ in range(strips))
    fields = [
        (256, 4, 1, size[0]),
        (257, 4, 1, size[1]),
        (258, 3, 1, 8),
        (259, 3, 1, compression),
        (262, 3, 1, 1),
        (273, 4, strips, at if strips > 1 else 8),
        (277, 3, 1, 1),
        (278, 4, 1, rows),
        (279, 4, strips, at + len(starts) if strips > 1 else len(strip)),
    ]
    directory = len(fields).to_bytes(2, "little")
    for tag, kind, count, value in fields:
        directory += tag.to_bytes(2, "little") + kind.to_bytes(2, "little")
        directory += count.to_bytes(4, "little") + value.to_bytes(4, "little")
    where = at + len(starts) + len(lengths)
    head = b"II*\0" + where.to_bytes(4, "little")
    return head + strip + starts + lengths + directory + bytes(4)
