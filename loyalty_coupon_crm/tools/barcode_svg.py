"""A barcode as a drawing: printers draw its bars, no pixel of an image in between."""

from itertools import groupby

QUIET_MODULES = 10
HEIGHT = 40


def draw(modules):
    """Return an SVG document of bars that fills whatever frame it is shown in.

    :param modules: text of `1` (bar) and `0` (space), one character per module; the
        quiet zone of ten modules (ISO/IEC 15417) is added on both sides
    """
    position, bars = QUIET_MODULES, []
    for bar, group in groupby(modules):
        width = len(list(group))
        if bar == "1":
            bars.append(f"M{position} 0h{width}v{HEIGHT}h-{width}z")
        position += width
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" preserveAspectRatio="none" '
        f'width="{position + QUIET_MODULES}" height="{HEIGHT}" '
        f'viewBox="0 0 {position + QUIET_MODULES} {HEIGHT}">'
        f'<path d="{"".join(bars)}"/></svg>'
    )
