"""_display.py - small HTML for notebooks: escaped, calm, light and dark."""
# SPDX-License-Identifier: Apache-2.0
import html
from typing import Any, Iterable, Sequence

_STYLE = ("font:13px system-ui,sans-serif;line-height:1.45;border-left:3px solid "
          "color-mix(in srgb,currentColor 30%,transparent);padding:2px 0 2px "
          "12px;max-width:70em")
_FAINT = "color:color-mix(in srgb,currentColor 65%,transparent)"


def escape(value: Any) -> str:
    """A text that a page shows and does not run."""
    return html.escape(str(value), quote=True)


def number(value: Any) -> str:
    """Four digits, or the text."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "" if value is None else str(value)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Words to the left, numbers to the right."""
    def cell(value: Any, tag: str = "td") -> str:
        right = isinstance(value, (int, float))
        side = "right" if right else "left"
        return (f'<{tag} style="text-align:{side};padding:1px 12px 1px 0;'
                f'font-variant-numeric:tabular-nums;background:none">'
                f"{escape(number(value))}</{tag}>")
    body = "".join("<tr>" + "".join(map(cell, row)) + "</tr>" for row in rows)
    top = "".join(cell(word, "th") for word in head)
    return (f'<table style="border-collapse:collapse"><thead><tr style="{_FAINT}">'
            f"{top}</tr></thead><tbody>{body}</tbody></table>")


def box(title: str, sentence: str, inner: str = "") -> str:
    """A title, a sentence, and what is below."""
    return (f'<div style="{_STYLE}"><b>{escape(title)}</b> <span style="{_FAINT}">'
            f"{escape(sentence)}</span>{inner}</div>")


def run_html(run: Any) -> str:
    """A run that is being recorded."""
    counted = run.overhead()
    state = "recording" if run.is_open else "finished"
    return box(run.name, f"{state} · step {number(run.step) or 'none'} · "
               f"{counted['points']:,} points · {run.folder}")


def card_html(card: Any) -> str:
    """A scorecard: headline, and the figures that are known."""
    rows = [(f["title"] + (f" {f['variant']}" if f.get("variant") else ""),
             f["value"], f.get("unit", ""),
             "" if f.get("lo") is None else
             f"{number(f['lo'])} .. {number(f['hi'])}", f["state"])
            for f in card.figures
            if f.get("value") is not None and f["state"] in ("OK", "WEAK")]
    return box(card.get("run", ""), card.headline,
               table(("figure", "value", "unit", "interval", "state"), rows))
