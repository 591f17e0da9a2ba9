"""Pictures of the figures of an evaluation: inline SVG with its text as text, the same for the same figures.

A picture has no style of its own, so that it may stand in a page whose content security policy allows none: what matplotlib writes as
``style`` becomes attributes, and black becomes ``currentColor``, the ink of the page, light or dark. Four colours of Okabe and Ito hold
on both; each series has its own marker and line besides.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from smokkel_nlp.evaluation import CLASSES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

BLUE, VERMILION, GREEN, PURPLE = "#0072b2", "#d55e00", "#009e73", "#cc79a7"
SHADE = 0.45
"""The most that a cell of the confusion matrix is shaded: the ink of the page stays readable on it."""
FEW = 10
"""Cells under which a bin of the reliability diagram is drawn hollow."""
MEASURES = {"macro_f1": "macro-F1", "exact": "juiste klasse", "mensensmokkel": "F1 smokkel", "mensenhandel": "F1 handel"}
_INK = "#000000"
_WIDTH = 4.2
_LONGEST = 24
_LOWEST = 0.5
_UNFIT = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\ufffe\\uffff]")
_SVG = "{http://www.w3.org/2000/svg}"
_LINK = "{http://www.w3.org/1999/xlink}href"
_SETTINGS = {
    "svg.fonttype": "none", "svg.hashsalt": "smokkel_nlp", "text.parse_math": False, "font.family": "DejaVu Sans", "font.size": 9,
    "axes.titlesize": 9, "axes.labelsize": 9, "legend.frameon": False, "legend.fontsize": 8.5, "axes.spines.top": False,
    "axes.spines.right": False, "axes.grid": True, "grid.color": _INK, "grid.alpha": 0.15, "lines.linewidth": 1.8, "lines.markersize": 5,
    "axes.axisbelow": True, "axes.unicode_minus": True,
}  # fmt: skip


class Look(NamedTuple):
    """How a series is told from the others, with and without its colour."""

    color: str
    line: str
    marker: str


LOOKS = (Look(BLUE, "-", "o"), Look(VERMILION, "--", "s"), Look(GREEN, "-.", "^"), Look(PURPLE, ":", "D"))


def safe(text: str) -> str:
    r"""Return a text with what is no character of a page (control codes, half a pair) shown as such.

    Examples
    --------
    >>> safe("a\x1bb\ud800") == "a\ufffdb\ufffd"
    True
    """
    return _UNFIT.sub("\ufffd", text)


def comma(value: float, digits: int = 2) -> str:
    """Return a number as Dutch writes it.

    Examples
    --------
    >>> comma(0.785), comma(-0.5, 1)
    ('0,79', '−0,5')
    """
    return f"{value:.{digits}f}".replace(".", ",").replace("-", "−")


def curves(
    name: str, title: str, told: str, parts: Mapping[str, Mapping[str, Any]], shipped: Mapping[str, Sequence[float]], small: bool = False
) -> str:
    """Draw precision against recall by label, with the point (recall, precision) of the threshold in use; a small one tells its label."""

    def draw(figure: Figure) -> None:
        axes = _square(figure, "vangst (recall)", "precisie")
        for (label, part), look in zip(parts.items(), LOOKS, strict=False):
            recall, precision = [0.0, *part["recall"]], [part["precision"][0], *part["precision"]]
            every = max(1, len(recall) // 6)
            axes.plot(
                recall, precision, look.line, color=look.color, marker=look.marker, markevery=(1, every), label=label, fillstyle="none",
                drawstyle="steps-pre", clip_on=False,
            )  # fmt: skip
            if label in shipped:
                axes.plot(*shipped[label], look.marker, color=look.color, markersize=9, markeredgecolor=_INK, clip_on=False, zorder=5)
        if small:
            axes.set_title(_short(next(iter(parts))))
        else:
            _legend(figure, axes)

    return _svg(name, title, told, draw, 2.4 if small else 3.7, 2.4 if small else _WIDTH)


def reliability(name: str, title: str, told: str, parts: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw the observed share against the mean probability by bin, and under it how many cells each bin holds."""

    def draw(figure: Figure) -> None:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        lower.set_yscale("log")
        _unit(upper.xaxis, upper.yaxis)
        upper.plot([0, 1], [0, 1], color=_INK, alpha=0.5, linewidth=1, linestyle=(0, (1, 2)))
        upper.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), ylabel="waargenomen aandeel")
        for k, ((label, part), look) in enumerate(zip(parts.items(), LOOKS, strict=False)):
            bins = [row for row in part["bins"] if row["n"]]
            x, y = [row["mean"] for row in bins], [row["observed"] for row in bins]
            upper.plot(x, y, look.line, color=look.color, linewidth=1.4)
            upper.plot([], [], look.line, color=look.color, linewidth=1.4, marker=look.marker, label=label)
            for full, style in ((True, "full"), (False, "none")):
                kept = [place for place, row in enumerate(bins) if (row["n"] >= FEW) == full]
                at = [x[place] for place in kept], [y[place] for place in kept]
                upper.plot(*at, look.marker, color=look.color, fillstyle=style)
            width = 0.08 / len(parts)
            left = [row["low"] + 0.01 + (k + 0.5) * width for row in bins]
            # From a half up: on a logarithmic side a bar from 0 has no end, and one case would have no height.
            lower.bar(left, [row["n"] - _LOWEST for row in bins], width, _LOWEST, color=look.color)
        lower.set_ylim(_LOWEST, None)
        lower.set(xlabel="gegeven kans", ylabel="aantal")
        lower.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        lower.minorticks_off()
        _legend(figure, upper)

    return _svg(name, title, told, draw, 4.6)


def coverage(name: str, title: str, told: str, systems: Mapping[str, Mapping[str, Any]]) -> str:
    """Draw the error of the texts a system is surest of against their share, and the point of its own abstention."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        _unit(axes.xaxis)
        axes.yaxis.set_major_formatter(lambda value, _: comma(value))
        axes.set(xlabel="aandeel beantwoorde teksten (dekking)", ylabel="aandeel fout")
        for k, ((label, part), look) in enumerate(zip(systems.items(), LOOKS, strict=False)):
            curve = part["curve"]
            every = max(1, len(curve["coverage"]) // 6)
            axes.plot(
                curve["coverage"], curve["wrong"], look.line, color=look.color, marker=look.marker, markevery=every, fillstyle="none",
                label=_short(label),
            )  # fmt: skip
            if k:
                continue
            for key, row in part["error"].items():
                _, low, high = row["wrong"]
                axes.vlines(int(key) / 100, low, high, color=look.color, linewidth=1, alpha=0.7)
                axes.plot([int(key) / 100] * 2, [low, high], "_", color=look.color, alpha=0.7)
            shipped = part["shipped"]
            if shipped["wrong"] is not None:
                axes.plot(
                    shipped["coverage"], shipped["wrong"][0], "*", color=look.color, markersize=13, markeredgecolor=_INK, zorder=5,
                    label="eigen onthouding", linestyle="none",
                )  # fmt: skip
        axes.set(xlim=(0, 1.02), ylim=(0, None))
        _legend(figure, axes)

    return _svg(name, title, told, draw, 3.7)


def confusion(name: str, title: str, told: str, table: Mapping[str, Mapping[str, int]]) -> str:
    """Draw the confusion matrix, shaded by the share of its row; what is right has a heavy frame."""

    def draw(figure: Figure) -> None:
        from matplotlib.patches import Rectangle

        axes = figure.subplots()
        axes.grid(False)
        for side in axes.spines.values():
            side.set_visible(False)
        for y, row in enumerate(CLASSES):
            total = sum(table[row].values())
            for x, column in enumerate(CLASSES):
                share = table[row][column] / total if total else 0.0
                axes.add_patch(Rectangle((x, y), 1, 1, facecolor=BLUE, alpha=SHADE * share, linewidth=0))
                axes.add_patch(Rectangle((x + 0.03, y + 0.03), 0.94, 0.94, fill=False, edgecolor=_INK, linewidth=1.8 if x == y else 0.4))
                axes.text(x + 0.5, y + 0.42, str(table[row][column]), ha="center", va="center", fontsize=12)
                if total:
                    axes.text(x + 0.5, y + 0.74, f"{share:.0%}".replace("%", " %"), ha="center", va="center", fontsize=8)
        places = [k + 0.5 for k in range(len(CLASSES))]
        short = [label.removeprefix("mensen") for label in CLASSES]
        axes.set_xticks(places, short)
        axes.set_yticks(places, short)
        axes.tick_params(length=0)
        axes.xaxis.set_label_position("top")
        axes.xaxis.tick_top()
        axes.set(xlim=(0, 4), ylim=(4, 0), xlabel="gegeven", ylabel="goud", aspect=0.8)

    return _svg(name, title, told, draw, 3.4)


def bars(name: str, title: str, told: str, groups: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Draw for each slice two bars with their intervals: exact match full, macro F1 as a frame; slices without figures are counted."""
    shown = {key: {value: row for value, row in values.items() if "exact" in row} for key, values in groups.items()}
    lines = sum(1.8 + len(values) for values in shown.values())

    def draw(figure: Figure) -> None:
        from matplotlib.patches import Patch

        axes = figure.subplots()
        ticks: list[float] = []
        names: list[str] = []
        y = 0.0
        for key, values in shown.items():
            axes.text(0, y, _short(key), fontweight="bold", va="center")
            y += 0.8
            for value, row in values.items():
                ticks.append(y)
                names.append(f"{_short(value)} ({row['n']})")
                axes.barh(y - 0.2, row["exact"][0], 0.34, color=BLUE)
                _interval(axes, row["exact"], y - 0.2, _INK)
                if row["macro_f1"]:
                    axes.barh(y + 0.2, row["macro_f1"][0], 0.34, fill=False, edgecolor=VERMILION, linewidth=1.2)
                    _interval(axes, row["macro_f1"], y + 0.2, _INK)
                y += 1
            if few := len(groups[key]) - len(values):
                axes.text(0.01, y - 0.1, f"{few} met te weinig teksten", va="center", fontsize=8, fontstyle="italic")
                y += 0.8
        axes.set(xlim=(0, 1.02), ylim=(y - 0.4, -0.6))
        axes.set_yticks(ticks, names)
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        _unit(axes.xaxis)
        handles = [Patch(facecolor=BLUE, label="juiste klasse"), Patch(fill=False, edgecolor=VERMILION, label="macro-F1")]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)

    return _svg(name, title, told, draw, 0.8 + 0.27 * lines)


def beside(name: str, title: str, told: str, systems: Mapping[str, Mapping[str, Sequence[float]]], differences: bool = False) -> str:
    """Draw the figures of some systems, or what the first has over the others, with their intervals."""
    looks = LOOKS[1:] if differences else LOOKS

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for k, ((label, figures), look) in enumerate(zip(systems.items(), looks, strict=False)):
            for y, measure in enumerate(MEASURES):
                place = y + (k - (len(systems) - 1) / 2) * 0.2
                _interval(axes, figures[measure], place, look.color)
                axes.plot(figures[measure][0], place, look.marker, color=look.color, label=_short(label) if not y else None)
        if differences:
            axes.axvline(0, color=_INK, linewidth=1.2)
            axes.xaxis.set_major_formatter(lambda value, _: comma(value))
            axes.set_xlabel("← de ander beter · wij beter →")
        else:
            axes.set_xlim(0, 1.02)
            _unit(axes.xaxis)
        axes.set_yticks(range(len(MEASURES)), list(MEASURES.values()))
        axes.set_ylim(len(MEASURES) - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
        axes.grid(False, axis="y")
        _legend(figure, axes)

    return _svg(name, title, told, draw, 3.3)


def _interval(axes: Axes, figure: Sequence[float], y: float, color: str) -> None:
    axes.hlines(y, figure[1], figure[2], color=color, linewidth=1.3)
    axes.plot(figure[1:3], [y, y], "|", color=color, markersize=5)


def _square(figure: Figure, x: str, y: str) -> Axes:
    axes = figure.subplots()
    _unit(axes.xaxis, axes.yaxis)
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), xlabel=x, ylabel=y)
    return axes


def _unit(*sides: Any) -> None:
    """Mark a side from 0 to 1, with decimal commas."""
    for side in sides:
        side.set_ticks([0, 0.2, 0.4, 0.6, 0.8, 1])
        side.set_major_formatter(lambda value, _: comma(value, 1))


def _legend(figure: Figure, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2 if len(labels) > 1 else 1, handlelength=3)


def _short(text: str) -> str:
    """Return a name on one line that fits a picture; the table under it has the whole."""
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _svg(name: str, title: str, told: str, draw: Callable[[Figure], None], height: float, width: float = _WIDTH) -> str:
    """Draw a figure; ``name`` is its own in the page, and ``told`` says what it shows to who does not see it."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    out = io.StringIO()
    with rc_context(_SETTINGS), warnings.catch_warnings():  # type: ignore[arg-type]
        # Names of slices may hold any sign; the browser has fonts for those that the one measured with has not.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _plain(ElementTree.fromstring(out.getvalue()), name, title, told)


def _plain(root: ElementTree.Element, name: str, title: str, told: str) -> str:
    """Return SVG for use in HTML: no namespaces, no styles, no ids but those it needs, which are its own in the page."""
    used = {key for node in root.iter() for value in node.attrib.values() for key in re.findall(r"#([\w-]+)", value)}
    for parent in root.iter():
        for child in list(parent):
            if child.tag.removeprefix(_SVG) in ("metadata", "style") or child.tag.endswith("RDF"):
                parent.remove(child)
    for node in root.iter():
        node.tag = node.tag.removeprefix(_SVG)
        node.attrib = dict(_attributes(node.attrib, used, name))
        if node.tag != "text":
            node.text = None
        node.tail = None
    root.attrib = {
        "viewBox": root.attrib["viewBox"], "role": "img", "aria-labelledby": f"{name}-t {name}-d", "fill": "currentColor",
        "stroke-linejoin": "round",
    }  # fmt: skip
    for tag, text in (("desc", told), ("title", title)):
        node = ElementTree.Element(tag, {"id": f"{name}-{tag[0]}"})
        node.text = safe(text)
        root.insert(0, node)
    return ElementTree.tostring(root, encoding="unicode")


def _attributes(old: Mapping[str, str], used: Iterable[str], name: str) -> Iterable[tuple[str, str]]:
    for key, value in old.items():
        if key == "id":
            if value in used:
                yield key, f"{name}-{value}"
        elif key == "style":
            for item in value.split(";"):
                style, _, setting = (part.strip() for part in item.partition(":"))
                if style and style != "font-family":
                    yield style, "currentColor" if setting == _INK else setting
        elif key == _LINK:
            yield "href", f"#{name}-{value[1:]}"
        elif key == "d":
            yield key, " ".join(re.sub(r"(\.\d\d)\d+", r"\1", value).split())
        else:
            yield key, re.sub(r"url\(#", f"url(#{name}-", re.sub(r"(\.\d\d)\d+", r"\1", value) if key in "xytransform" else value)
