"""The report of an experiment as one HTML page, whose plots are in it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from html import escape
from io import BytesIO

from matplotlib.figure import Figure
from segue.rec.v1 import experiment_service_pb2 as pb

from player.commands.experiment_words import (
    interval,
    metric_words,
    points,
    state_words,
    verdict_words,
)

_STYLE = (
    "body{font:16px system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.3rem .8rem;text-align:left}"
    "tr+tr{border-top:1px solid #ddd}img{max-width:100%}.invalid{color:#b00020}"
)


def page_of(report: pb.ExperimentReport) -> str:
    """The page; it needs no other file and no network."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: pb.ExperimentReport) -> Iterator[str]:
    one = report.experiment
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield f"<title>{escape(one.name)}</title><style>{_STYLE}</style></head><body>"
    yield f"<h1>{escape(one.name)}</h1><p>{escape(one.description)}</p>"
    seen = f"{report.users:,} of {one.planned_users:,} users seen"
    yield f"<p>{state_words(one)}, {one.percent:g} % of layer {escape(one.layer)}, {seen}; "
    yield f"decided by {metric_words(one.metric)}</p>"
    if not report.valid:
        yield '<p class="invalid">The users of the arms are not as their weights '
        yield f"(p = {report.sample_ratio_p:.2g}): nothing is proved.</p>"
    yield from _table(report)
    yield "<ul>"
    for comparison in report.comparisons:
        said = f"{verdict_words(comparison)}{points(comparison)}"
        yield f"<li><b>{escape(comparison.arm)}</b>: {said}</li>"
    yield "</ul>"
    yield from (_image(figure, alt) for figure, alt in _figures(report))
    yield "</body></html>"


def _table(report: pb.ExperimentReport) -> Iterator[str]:
    metrics = "".join(f"<th>{metric_words(rate.metric)}</th>" for rate in report.arms[0].rates)
    yield f"<table><tr><th>arm</th><th>users</th>{metrics}</tr>"
    for arm in report.arms:
        rates = "".join(f"<td>{interval(rate)}</td>" for rate in arm.rates)
        yield f"<tr><td>{escape(arm.arm)}</td><td>{arm.users:,}</td>{rates}</tr>"
    yield "</table>"


def _figures(report: pb.ExperimentReport) -> Iterator[tuple[Figure, str]]:
    yield _rates(report), "rates of the arms with 95 % intervals"
    for comparison in report.comparisons:
        if comparison.looks:
            yield _looks(comparison), f"looks at {comparison.arm}"


def _rates(report: pb.ExperimentReport) -> Figure:
    """The rates of the arms, each metric beside the others."""
    count = len(report.arms[0].rates)
    figure = Figure(figsize=(10, 1.6 + 0.4 * len(report.arms)), layout="constrained")
    axes = figure.subplots(1, count, sharey=True)
    for place in range(count):
        axis = axes[place]
        axis.set_title(metric_words(report.arms[0].rates[place].metric))
        for height, arm in enumerate(reversed(report.arms)):
            rate = arm.rates[place]
            if rate.HasField("rate"):
                reach = [[rate.rate - rate.lower], [rate.upper - rate.rate]]
                axis.errorbar([rate.rate], [height], xerr=reach, fmt="o", capsize=4)
        axis.set_yticks(range(len(report.arms)), [arm.arm for arm in reversed(report.arms)])
        axis.set_ylim(-0.5, len(report.arms) - 0.5)
    return figure


def _looks(comparison: pb.ExperimentReport.Comparison) -> Figure:
    """How far the arm was from the control at each look, and how far it had to be."""
    figure = Figure(figsize=(10, 3.2), layout="constrained")
    axis = figure.subplots()
    fractions = [look.fraction for look in comparison.looks]
    edges = [look.bound for look in comparison.looks]
    for sign in (1, -1):
        axis.plot(fractions, [sign * edge for edge in edges], color="tab:red", marker="_")
    known = [look for look in comparison.looks if look.HasField("z")]
    axis.plot([look.fraction for look in known], [look.z for look in known], marker="o")
    axis.set_xlim(0, 1.02)
    axis.set_xlabel("share of the planned users seen")
    axis.set_ylabel("standard errors")
    axis.set_title(f"{comparison.arm} beside the control, and the bounds that it must cross")
    return figure


def _image(figure: Figure, alt: str) -> str:
    held = BytesIO()
    figure.savefig(held, format="png", dpi=110)
    data = base64.b64encode(held.getvalue()).decode()
    return f'<p><img alt="{escape(alt)}" src="data:image/png;base64,{data}"></p>'
