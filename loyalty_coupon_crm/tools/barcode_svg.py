"""A barcode as a drawing: printers draw its bars, no pixel of an image in between."""

import re

QUIET_MODULES = 10
HEIGHT = 40


def draw(modules):
    """Return an SVG document of bars that fills whatever frame it is shown in.

    :param modules: text of `1` (bar) and `0` (space), one character per module; the
        quiet zone of ten modules (ISO/IEC 15417) is added on both sides
    """
    bars = [
        f"M{QUIET_MODULES + bar.start()} 0h{len(bar[0])}v{HEIGHT}h-{len(bar[0])}z"
        for bar in re.finditer("1+", modules)
    ]
    width = len(modules) + 2 * QUIET_MODULES
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" preserveAspectRatio="none" '
        f'width="{width}" height="{HEIGHT}" viewBox="0 0 {width} {HEIGHT}">'
        f'<path d="{"".join(bars)}"/></svg>'
    )
