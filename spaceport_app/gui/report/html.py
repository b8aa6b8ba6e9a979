"""The report as one HTML file that needs nothing beside it; no Qt."""

from __future__ import annotations

import base64
import io
from html import escape
from pathlib import Path

from spaceport_app import atomic
from spaceport_app.gui.report.facts import Pair, Report, Section
from spaceport_app.sogs.file import writing

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 3rem auto; padding: 0 1rem; }
h1 { font-size: 2rem; margin: 0; } h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; }
p { margin: .4rem 0; } .lead { font-size: 1.1rem; opacity: .75; }
table { border-collapse: collapse; width: 100%; margin-top: .5rem; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid #8884;
  vertical-align: top; }
th { font-weight: 400; opacity: .7; } th:first-child { width: 14rem; }
td { font-variant-numeric: tabular-nums; }
figure { margin: 1.2rem 0; } figure div { display: flex; gap: .5rem; }
figure img { width: calc(50% - .25rem); border-radius: 6px; }
figcaption { opacity: .7; font-size: .9rem; margin-top: .3rem; }
"""
_QUALITY = 88


def write(path: Path, report: Report) -> None:
    """Write the report to `path` in one step.

    Raises
    ------
    StageError
        ``disk_full`` or ``not_writable``.
    """
    text = page(report)
    with writing(path):
        # Names of files may hold what is no Unicode.
        atomic.write_bytes(path, text.encode("utf-8", "replace"))


def page(report: Report) -> str:
    """Return the whole page; its pictures are inside it as JPEG."""
    body = "\n".join(_section(section) for section in report.sections)
    title = escape(report.title)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{title}</h1>"
        f'<p class="lead">{escape(report.lead)}</p>\n{body}\n'
        "<p>Made with Spaceport. All numbers were measured.</p></body></html>\n"
    )


def _section(section: Section) -> str:
    parts = [f"<section><h2>{escape(section.heading)}</h2>"]
    parts += [f"<p>{escape(sentence)}</p>" for sentence in section.sentences]
    if section.table:
        parts.append(_table(section.table))
    parts += [_figure(pair) for pair in section.pairs]
    return "\n".join([*parts, "</section>"])


def _table(rows: tuple[tuple[str, ...], ...]) -> str:
    lines = []
    for number, row in enumerate(rows):
        heads = number == 0 and len(row) > 2
        cells = [
            f"<th>{escape(cell)}</th>" if heads or column == 0 else f"<td>{escape(cell)}</td>"
            for column, cell in enumerate(row)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _figure(pair: Pair) -> str:
    name = escape(pair.name)
    try:
        photo = f'<img alt="Photo {name}" src="{_inline(pair.photo)}">'
        render = f'<img alt="Splat from the camera of {name}" src="{_inline(pair.render)}">'
    except (OSError, ValueError):
        return f"<p>The pictures of {name} cannot be read.</p>"
    words = f"{name}: PSNR {pair.psnr_db:.2f} dB, SSIM {pair.ssim:.3f}"
    return f"<figure><div>{photo}{render}</div><figcaption>{words}</figcaption></figure>"


def _inline(path: Path) -> str:
    # Pillow takes a while to import, and most reports are read in the window.
    from spaceport_app import pictures

    stream = io.BytesIO()
    with pictures.opened(path) as picture:
        picture.convert("RGB").save(stream, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
