"""An analysis as one HTML page with the network's graph; it needs no other file."""

from __future__ import annotations

from codegen import version
from codegen.analysis.analysis import Analysis
from codegen.render import render
from codegen.report.drawing import drawing
from codegen.report.timeline import timeline

TEMPLATE = "report/analysis.html.j2"


def page(found: Analysis) -> str:
    """The page."""
    context = {
        "found": found,
        "generator": f"nn2flash {version.TEXT}",
        "network": drawing(found.manifest),
        "timeline": timeline(found.manifest),
    }
    return render(TEMPLATE, context)
