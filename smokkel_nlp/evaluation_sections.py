"""The parts of the page of an evaluation: for each what it says, its pictures, and the tables under them; lines of HTML in Dutch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from smokkel_nlp import evaluation_plots as plots
from smokkel_nlp.display.markup import escaped, percent, signed, table
from smokkel_nlp.evaluation import CLASSES
from smokkel_nlp.evaluation_plots import MEASURES, comma, safe
from smokkel_nlp.taxonomy import OFFENCE_IDS

_ALL_TAGS = "alle tags samen"
_NAMES = {
    "tags": _ALL_TAGS, "keyword rule": "trefwoordregel", "TF-IDF + LR": "TF-IDF + LR", "spaCy textcat": "spaCy textcat",
    "genre": "genre", "region": "regio", "length": "lengte", "offence named": "delict genoemd", "class": "klasse",
    "under 60 words": "onder 60 woorden", "60-250 words": "60–250 woorden", "250-800 words": "250–800 woorden",
    "over 800 words": "boven 800 woorden", "yes": "ja", "no": "nee",
}  # fmt: skip
_TRANSLATED = ("length", "offence named")
_WORDS = 400


def summary(main: Mapping[str, Any]) -> Iterator[str]:
    """Yield the figures that matter most, and how to read them."""
    answered, geen = main["answered"], main["specificity"]
    figures = {"juiste klasse": main["exact"], **{f"F1 {offence}": main["offences"][offence]["f1"] for offence in OFFENCE_IDS}}
    if geen:
        figures[f"van de {geen['n']} over geen van beide, als geen beantwoord"] = geen["share"]
    if "tags_micro" in main:
        figures["F1 van alle tags samen"] = main["tags_micro"]["f1"]
    if "status" in main and main["status"]["n"]:
        figures[f"juiste status van {main['status']['n']} terecht gegeven delicten"] = main["status"]["accuracy"]
    tiles = (f"<div><dt>{head}</dt><dd>{comma(row[0])} <small>{_range(row)}</small></dd></div>" for head, row in figures.items())
    yield f'<dl class="kern">{"".join(tiles)}</dl>'
    right = "" if answered["exact"] is None else f", waarvan {_percent(answered['exact'])} de juiste klasse krijgt"
    yield (
        f"<p>{_percent(main['abstention'])} van de teksten krijgt „onzeker”; {answered['n']} worden beantwoord{right}. Alle andere cijfers"
        " tellen een onzekere tekst met het antwoord dat anders gegeven was.</p>"
    )
    yield (
        '<p class="stil">Precisie: welk deel van wat gegeven werd, klopt. Vangst: welk deel van wat er is, gegeven werd. F1: het harmonisch'
        " gemiddelde van die twee. Tussen haken staat waarbinnen het cijfer met 95 % zekerheid ligt bij andere teksten van dezelfde soort"
        " (bootstrap over teksten); hoe minder teksten, hoe wijder. [1,00–1,00] bij weinig teksten zegt alleen dat er hier"
        " geen fout bij was.</p>"
    )


def labels(main: Mapping[str, Any]) -> Iterator[str]:
    """Yield the confusion matrix and the figures of each label."""
    confusion = main["confusion"]
    told = "; ".join(
        f"van goud {row} gegeven: {', '.join(f'{column} {confusion[row][column]}' for column in CLASSES)}"
        for row in CLASSES
        if any(confusion[row].values())
    )
    title = "Verwarring van de vier klassen"
    rows = (_row(row, *(str(confusion[row][column]) for column in CLASSES)) for row in CLASSES)
    yield '<div class="naast">'
    yield _figure(
        title, "Rij: wat de tekst volgens goud is. Kolom: wat gegeven werd. Op de diagonaal, zwaar omlijnd, staat wat klopt.",
        plots.confusion("verwarring", title, f"{told}.", confusion), table(title, ("goud", *CLASSES), rows),
    )  # fmt: skip
    figures = {**main["offences"], **main.get("tags", {})}
    # What gold has none of cannot be caught or missed.
    rows = (
        _row(
            label,
            str(row["positives"]),
            _cell(row["precision"]),
            *(_cell(row[key]) if row["positives"] else "–" for key in ("recall", "f1")),
        )
        for label, row in figures.items()
    )
    yield "<div>"
    yield "<h3>Per label</h3>"
    yield table("Per label", ("label", "in goud", "precisie", "vangst", "F1"), rows)
    if "status" in main:
        status = main["status"]
        rows = (_row(value, str(row["positives"]), _cell(row["f1"])) for value, row in status.items() if isinstance(row, dict))
        yield f"<h3>Status van de {status['n']} terecht gegeven delicten</h3>"
        yield table("Status", ("status", "in goud", "F1"), rows)
    yield "</div></div>"


def curves(main: Mapping[str, Any]) -> Iterator[str]:
    """Yield precision at every recall; nothing where no system gives probabilities."""
    measured = main.get("precision_recall")
    if not measured:
        return
    parts = {name_of(label): part for label, part in measured.items() if label != "by_tag"}
    rows = {**main["offences"], _ALL_TAGS: main.get("tags_micro"), **main.get("tags", {})}
    shipped = {label: (row["recall"][0], row["precision"][0]) for label, row in rows.items() if row and row["recall"][0]}
    yield (
        "<p>Een lagere drempel vangt meer en vergist zich vaker. Hoe verder een lijn naar rechtsboven blijft, hoe beter; het grote,"
        " omlijnde teken is de drempel in gebruik. De gemiddelde precisie vat een lijn samen: 1 is foutloos, wie raadt haalt het aandeel"
        " dat in goud voorkomt.</p>"
    )
    tags = measured.get("by_tag", {})
    yield '<div class="naast">'
    if parts:
        title = "Delicten en alle tags"
        picture = plots.curves("vangst-labels", title, _told(parts, shipped), parts, shipped)
        yield _figure(title, "Een trede is een drempel die voorkomt.", picture, _points(title, parts))
    means = (
        _row(label, str(part["positives"]), comma(part["positives"] / part["cells"]), _cell(part["average_precision"]))
        for label, part in {**parts, **tags}.items()
    )
    heads = ("label", "in goud", "aandeel", "gemiddelde precisie")
    yield f"<div><h3>Gemiddelde precisie</h3>{table('Gemiddelde precisie', heads, means)}</div></div>"
    if tags:
        title = "Tags met ten minste tien teksten"
        pictures = [
            plots.curves(f"vangst-tag-{k}", tag, _told({tag: part}, shipped), {tag: part}, shipped, True)
            for k, (tag, part) in enumerate(tags.items())
        ]
        picture = f'<div class="veel">{"".join(pictures)}</div>'
        yield _figure(title, "Bij weinig teksten verspringt een lijn grof.", picture, _points(title, tags))


def _told(parts: Mapping[str, Mapping[str, Any]], shipped: Mapping[str, Sequence[float]]) -> str:
    told = []
    for label, part in parts.items():
        at = (
            f", bij de drempel in gebruik vangst {comma(shipped[label][0])} en precisie {comma(shipped[label][1])}"
            if label in shipped
            else ""
        )
        told.append(f"{label}: gemiddelde precisie {_cell(part['average_precision'])}{at}")
    return f"{'; '.join(told)}."


def _points(title: str, parts: Mapping[str, Mapping[str, Any]]) -> str:
    points = (
        _row(label, percent(threshold, 2), comma(recall, 3), comma(precision, 3))
        for label, part in parts.items()
        for threshold, recall, precision in zip(part["threshold"], part["recall"], part["precision"], strict=True)
    )
    return table(title, ("label", "drempel", "vangst", "precisie"), points)


def probabilities(results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield whether probabilities hold and whether they tell where answers go wrong."""
    main = next(iter(results.values()))
    figures = [*_reliability(main, results), *_coverage(main, results)]
    if figures:
        yield f'<div class="beelden">{"".join(figures)}</div>'


def _reliability(main: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if "calibration" not in main:
        return
    parts = {name_of(label): part for label, part in main["calibration"].items()}
    told = "; ".join(
        f"{label}: Brier {_cell(part['brier'], 3)}, gemiddelde afstand tot de lijn {comma(part['ece'], 3)}; "
        + ", ".join(
            f"kans {percent(row['mean'])} waargenomen {_percent(row['observed'])} van {row['n']}" for row in part["bins"] if row["n"]
        )
        for label, part in parts.items()
    )
    title = "Kans en werkelijkheid"
    scores = (
        _row(
            f"{name_of(system)}: {name_of(label)}",
            str(part["cells"]),
            _cell(part["brier"], 3),
            comma(part["constant"], 3),
            comma(part["ece"], 3),
        )
        for system, result in results.items()
        for label, part in result.get("calibration", {}).items()
    )
    bins = (
        _row(label, f"{100 * row['low']:.0f}–{_percent(row['high'])}", str(row["n"]), percent(row["mean"]), _percent(row["observed"]))
        for label, part in parts.items()
        for row in part["bins"]
        if row["n"]
    )
    yield _figure(
        title,
        "Op de stippellijn kloppen de kansen: van wat 70 % kreeg, is dan zeven op de tien waar. Erboven was de kans te laag, eronder te"
        f" hoog. Een open teken rust op minder dan {plots.FEW} gevallen; onderaan staat op hoeveel (logaritmisch).",
        plots.reliability("betrouwbaarheid", title, f"{told}.", parts),
        table("Brier en afstand", ("systeem en label", "gevallen", "Brier", "bij vaste kans", "afstand (ECE)"), scores)
        + table(title, ("label", "kans", "aantal", "gemiddelde kans", "waargenomen"), bins),
    )  # fmt: skip


def _coverage(main: Mapping[str, Any], results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    systems = {name_of(system): result["coverage_risk"] for system, result in results.items() if "coverage_risk" in result}
    if "coverage_risk" not in main:
        return
    ours, title = main["coverage_risk"], "Fouten bij minder antwoorden"
    told = ", ".join(f"bij {key} % dekking {_cell(row['wrong'])} fout" for key, row in ours["error"].items())
    shipped = ours["shipped"]
    own = "geen enkele tekst" if shipped["wrong"] is None else f"{_percent(shipped['coverage'])}, waarvan {_cell(shipped['wrong'])} fout"
    error = (
        _row(
            label, *(_cell(row["wrong"]) for row in part["error"].values()), _cell(part["area"], 3),
            "–" if part["shipped"]["wrong"] is None else f"{_cell(part['shipped']['wrong'])} bij {_percent(part['shipped']['coverage'])}",
        )
        for label, part in systems.items()
    )  # fmt: skip
    points = (
        _row(label, comma(share, 3), comma(wrong, 3))
        for label, part in systems.items()
        for share, wrong in zip(part["curve"]["coverage"], part["curve"]["wrong"], strict=True)
    )
    heads = ("systeem", *(f"{key} %" for key in ours["error"]), "gemiddeld", "eigen onthouding")
    yield _figure(
        title,
        "Rechts worden alle teksten beantwoord, naar links alleen die waarvan het systeem het zekerst is. Daalt de lijn naar links,"
        " dan weet het wanneer het zich vergist. De ster: wat de bibliotheek beantwoordt als niemand iets instelt.",
        plots.coverage("dekking", title, f"{told}; uit zichzelf beantwoordt het {own}.", systems),
        table(title, heads, error) + table(f"{title}: punten", ("systeem", "dekking", "fout"), points),
    )


def slices(main: Mapping[str, Any]) -> Iterator[str]:
    """Yield the figures by kind of text."""
    groups = {
        name_of(key): {(name_of(value) if key in _TRANSLATED else value): row for value, row in values.items()}
        for key, values in main["slices"].items()
    }
    rows = [(key, value, row) for key, values in groups.items() for value, row in values.items()]
    title, heads = "Juiste klasse en macro-F1 per soort tekst", ("soort tekst", "teksten", "juiste klasse", "macro-F1")
    told = "; ".join(f"{key} {value}, {row['n']} teksten: {_cell(row['exact'])} juist" for key, value, row in rows if "exact" in row)
    lines = (
        _row(f"{key}: {value}", str(row["n"]), *(_cell(row[name]) if row.get(name) else "–" for name in ("exact", "macro_f1")))
        for key, value, row in rows
    )
    yield '<div class="beelden">'
    yield _figure(
        title, "Macro-F1 telt alleen delicten die in die teksten voorkomen. Onder tien teksten staat er alleen het aantal. Overlappen twee"
        " streepjes ruim, dan is het verschil niet aangetoond.",
        plots.bars("delen-beeld", title, f"{told or 'nergens genoeg teksten'}.", groups), table(title, heads, lines),
    )  # fmt: skip
    yield "</div>"


def compared(first: str, results: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield the systems side by side and their differences; nothing where there is one alone."""
    others = {name_of(system): result["compared"] for system, result in results.items() if "compared" in result}
    if not others:
        return
    systems = {
        name_of(system): {**{offence: row["f1"] for offence, row in result["offences"].items()}, **_pick(result, "macro_f1", "exact")}
        for system, result in results.items()
    }
    differences = {system: {measure: row[measure]["difference"] for measure in MEASURES} for system, row in others.items()}
    yield '<div class="beelden">'
    title = "Dezelfde teksten, elk systeem"
    told = "; ".join(f"{system}: {', '.join(f'{MEASURES[key]} {_cell(row[key])}' for key in MEASURES)}" for system, row in systems.items())
    rows = (_row(system, *(_cell(row[key]) for key in MEASURES)) for system, row in systems.items())
    yield _figure(
        title, "Met 95 %-intervallen. Om twee systemen te vergelijken is de figuur met verschillen nauwkeuriger.",
        plots.beside("systemen", title, f"{told}.", systems), table(title, ("systeem", *MEASURES.values()), rows),
    )  # fmt: skip
    title = f"Verschil: {name_of(first)} min de ander"
    told = "; ".join(
        f"min {system}: {', '.join(f'{MEASURES[key]} {_signed(row[key])}' for key in MEASURES)}" for system, row in differences.items()
    )
    rows = (
        _row(f"min {system}", *(f"{_signed(row[key]['difference'])}; voor in {_percent(row[key]['ahead'])}" for key in MEASURES))
        for system, row in others.items()
    )
    yield _figure(
        title, "Een streep die de nul raakt, toont geen verschil aan. Gepaarde bootstrap; de tabel zegt ook in welk deel van de trekkingen"
        " wij voor liggen.",
        plots.beside("verschillen", title, f"{told}.", differences, differences=True), table(title, ("verschil", *MEASURES.values()), rows),
    )  # fmt: skip
    yield "</div>"


def errors(main: Mapping[str, Any], texts: Sequence[str] | None) -> Iterator[str]:
    """Yield the texts that are answered wrongly, each with what moved it; its words only where ``texts`` are given."""
    if "errors" not in main:
        return
    listed = main["errors"]
    if not listed:
        yield "<p>Geen: elke tekst kreeg de klasse van goud.</p>"
        return
    kinds = Counter(f"{row['gold']} → {row['given']}" for row in listed)
    counted = ", ".join(f"{count} × {kind}" for kind, count in kinds.most_common())
    yield f"<p>{len(listed)} van {main['n']} teksten: {counted} (goud → gegeven).</p>"
    if any("moved" in row for row in listed):
        yield (
            '<p class="stil">Open een regel voor de zinnen die het label dat niet klopt het meest bewogen: + ervoor, − ertegen'
            " (log odds, voor ijking). Plaatsen tellen tekens in de tekst zoals die gemeten is.</p>"
        )
    yield '<ol class="fouten">'
    for number, row in enumerate(listed):
        numbers = row["probabilities"]
        head = [
            shown(row["id"]), f"goud {row['gold']}, gegeven {row['given']}",
            escaped("kans smokkel {}, handel {}".format(*(percent(numbers[offence]) for offence in OFFENCE_IDS))) if numbers else "",
            f"onzeker: {shown(', '.join(row['reasons']))}" if row["reasons"] else "",
        ]  # fmt: skip
        line = f'<span class="kop">{"".join(f"<span>{part}</span>" for part in head)}</span>'
        told = "".join(_moved(label, part, None if texts is None else texts[number]) for label, part in row.get("moved", {}).items())
        yield f"<li><details><summary>{line}</summary>{told}</details></li>" if told else f"<li>{line}</li>"
    yield "</ol>"


def _moved(label: str, part: Mapping[str, Any], text: str | None) -> str:
    rows = []
    for share in part["passages"]:
        by = [*share["labels"][:3], *(["woorden"] if share["wording"] else [])]
        words = [] if text is None else [" ".join(text[share["start"] : share["end"]].split())]
        words = [f'<td class="tekst">{shown(word if len(word) <= _WORDS else word[: _WORDS - 1] + "…")}</td>' for word in words]
        reasons = shown(", ".join(by)) or "–"
        rows.append(
            f'<tr><td class="s-number">{signed(share["value"])}</td><td class="s-number">{share["start"]}–{share["end"]}</td>'
            f'<td class="door">{reasons}</td>{"".join(words)}</tr>'
        )
    rest = part["score"] - part["constant"] - sum(share["value"] for share in part["passages"])
    heads = ("bijdrage", "plaats", "door", *(() if text is None else ("passage",)))
    return (
        f"<p><strong>{label}</strong>: vooraf {signed(part['constant'])}, de zinnen hieronder, andere zinnen samen {signed(rest)}; "
        f"score {signed(part['score'])}.</p>{table(f'zinnen voor {label}', heads, rows)}"
    )


def _figure(title: str, how: str, picture: str, numbers: str) -> str:
    return (
        f"<figure><figcaption><h3>{shown(title)}</h3><p>{how}</p></figcaption>{picture}"
        f"<details><summary>Cijfers bij deze figuur</summary>{numbers}</details></figure>"
    )


def _row(head: str, *cells: str) -> str:
    told = "".join(f'<td class="s-number">{escaped(cell)}</td>' for cell in cells)
    return f'<tr><th scope="row">{shown(head)}</th>{told}</tr>'


def _pick(result: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: result[key] for key in keys}


def _cell(figure: Sequence[float], digits: int = 2) -> str:
    return f"{comma(figure[0], digits)} {_range(figure, digits)}"


def _range(figure: Sequence[float], digits: int = 2) -> str:
    return f"[{comma(figure[1], digits)}–{comma(figure[2], digits)}]"


def _signed(figure: Sequence[float]) -> str:
    return f"{signed(figure[0])} [{signed(figure[1])} tot {signed(figure[2])}]"


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("%", " %")


def name_of(key: str) -> str:
    """Return the Dutch name of a system, a label or a kind of text."""
    return _NAMES.get(key, key)


def shown(text: str) -> str:
    """Return any text as HTML, with what is no character of a page (control codes, half a pair) shown as such."""
    return escaped(safe(text))
