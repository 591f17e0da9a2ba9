"""Corpus sources -> gold JSON Lines.

A source file holds documents with their annotation written inline, so text and offsets cannot drift apart::

    @@ mut-007
    genre: mutatie
    mensensmokkel: vermoed
    mensenhandel: -

    Achter een wand van dozen {{transport_land|feitelijk|overig::zaten vier personen}}.

``{{tag|status|source::`` opens a mention (several, with ``;`` between them, open on one passage), ``}}`` closes the last
one opened, and ``{{/tag}}`` closes the open mention of that tag, so passages may overlap. Document tags (``mo``) are derived
from the mentions by the rule of the label contract.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smokkel_nlp.errors import CorpusError
from smokkel_nlp.taxonomy import OFFENCE_IDS, Taxonomy, class_of, load_taxonomy, makes_tag
from smokkel_nlp.text import OFFENCE_NAME

SPLITS = ("train", "dev", "test")
SNIPPETS = "snippets"
_HEADER = re.compile(r"^@@ +(\S+)\s*$")
_MARK = re.compile(r"\{\{/(?P<close>\w+)\}\}|\{\{(?P<open>[\w|; ]+)::|(?P<end>\}\})")
_FIELDS = {
    "genre", "region", "mensensmokkel", "mensenhandel", "elements", "nabij_delict", "bijna", "pair", "twijfel", "note",
}  # fmt: skip
_EXPLOITATION = {"seksuele_uitbuiting", "arbeidsuitbuiting", "criminele_uitbuiting", "orgaanhandel", "overige_uitbuiting"}


@dataclass(frozen=True)
class _Source:
    """One document as it stands in a source file."""

    id: str
    fields: dict[str, str]
    body: str
    file: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line} ({self.id})"


def document_tags(mentions: Iterable[dict[str, Any]], about_offence: bool) -> list[str]:
    """Derive the document tags from mentions: asserted ones count, described methods count in a text about an offence.

    What only the defence says, and statute text, never makes a tag.

    Examples
    --------
    >>> document_tags([{"tag": "onderdak", "status": "ontkend", "source": "rechter"}], True)
    []
    >>> document_tags([{"tag": "onderdak", "status": "hypothetisch", "source": "overig"}], True)
    ['onderdak']
    """
    return sorted({m["tag"] for m in mentions if makes_tag(m["status"], m["source"], about_offence)})


def _read(path: Path) -> Iterator[_Source]:
    """Yield the documents of one source file."""
    current: tuple[str, int] | None = None
    lines: list[str] = []
    for number, line in enumerate(path.read_text(encoding="utf8").split("\n"), start=1):
        if match := _HEADER.match(line):
            if current:
                yield _split(path, *current, lines)
            current, lines = (match[1], number), []
        elif current:
            lines.append(line)
        elif line.strip() and not line.startswith("#"):
            raise CorpusError(f"{path.name}:{number}: text before the first '@@ id' line; move it or start it with '#'")
    if current:
        yield _split(path, *current, lines)


def _split(path: Path, id_: str, line: int, lines: list[str]) -> _Source:
    fields: dict[str, str] = {}
    for index, text in enumerate(lines):
        if not text.strip():
            return _Source(id_, fields, "\n".join(lines[index + 1 :]).strip("\n"), path.name, line)
        key, colon, value = text.partition(":")
        if not colon or key.strip() not in _FIELDS:
            raise CorpusError(
                f"{path.name}:{line + index + 1} ({id_}): '{key.strip()[:30]}' is no field; "
                f"use {', '.join(sorted(_FIELDS))} and end the header with an empty line"
            )
        fields[key.strip()] = value.strip()
    raise CorpusError(f"{path.name}:{line} ({id_}): no text; put an empty line and the text after the header")


def parse_markup(body: str, taxonomy: Taxonomy, place: str) -> tuple[str, list[dict[str, Any]]]:
    """Turn marked-up text into plain text and mentions with half-open offsets into it.

    Raises
    ------
    CorpusError
        If a mark is unknown, never closed, never opened, empty, or starts or ends in white space.

    Examples
    --------
    >>> text, mentions = parse_markup("Er {{onderdak|feitelijk|overig::sliepen zes man}}.", load_taxonomy(), "doc")
    >>> text, mentions[0]["start"], mentions[0]["end"]
    ('Er sliepen zes man.', 3, 18)
    """
    plain: list[str] = []
    length = position = 0
    open_: list[list[tuple[int, dict[str, Any]]]] = []
    mentions: list[dict[str, Any]] = []

    def close(group: list[tuple[int, dict[str, Any]]]) -> None:
        text = "".join(plain)
        for start, mention in group:
            passage = text[start:]
            if passage != passage.strip() or not passage:
                raise CorpusError(f"{place}: mention of {mention['tag']} is empty or has white space at its edge; move the mark")
            mentions.append({"start": start, "end": length, "text": passage, **mention})

    for match in _MARK.finditer(body):
        plain.append(body[position : match.start()])
        length += match.start() - position
        position = match.end()
        if match["open"]:
            open_.append([(length, _mention(part, taxonomy, place)) for part in match["open"].split(";")])
        elif match["close"]:
            for group in reversed(open_):
                found = [item for item in group if item[1]["tag"] == match["close"]]
                if found:
                    close(found)
                    group[:] = [item for item in group if item not in found]
                    break
            else:
                raise CorpusError(f"{place}: {{{{/{match['close']}}}}} closes a mention that is not open; remove it")
            open_ = [group for group in open_ if group]
        elif open_:
            close(open_.pop())
        else:
            raise CorpusError(f"{place}: }}}} without an open mention; remove it or add the opening mark")
    if open_:
        raise CorpusError(f"{place}: mention of {open_[-1][0][1]['tag']} is never closed; add }}}}")
    text = "".join((*plain, body[position:]))
    if "{{" in text or "::" in text.replace(" :: ", ""):
        raise CorpusError(f"{place}: a mark was not understood; write {{{{tag|status|source::passage}}}}")
    return text, sorted(mentions, key=lambda m: (m["start"], m["end"], m["tag"]))


def _mention(part: str, taxonomy: Taxonomy, place: str) -> dict[str, Any]:
    values = [value.strip() for value in part.split("|")]
    if len(values) != 3:
        raise CorpusError(f"{place}: mark '{part.strip()}' must be tag|status|source")
    allowed = (taxonomy.tag_ids, taxonomy.vocabulary["mention_statuses"], taxonomy.vocabulary["sources"])
    for value, known, kind in zip(values, allowed, ("tag", "status", "source"), strict=True):
        if value not in known:
            raise CorpusError(f"{place}: '{value}' is no {kind}; use one of {', '.join(known)}")
    return dict(zip(("tag", "status", "source"), values, strict=True))


def _list(value: str) -> list[str]:
    return [item.strip() for item in value.split(",") if item.strip() not in ("", "-")]


def to_record(source: _Source, split: str, taxonomy: Taxonomy) -> dict[str, Any]:
    """Turn one source document into a gold record.

    Raises
    ------
    CorpusError
        If a field holds a value the vocabulary does not know, or labels and mentions contradict each other.
    """
    words, fields = taxonomy.vocabulary, source.fields
    text, mentions = parse_markup(source.body, taxonomy, source.place)
    status = {}
    for offence in OFFENCE_IDS:
        value = fields.get(offence, "")
        if value != "-" and value not in words["offence_statuses"]:
            raise CorpusError(f"{source.place}: {offence} must be '-' or one of {', '.join(words['offence_statuses'])}")
        status[offence] = None if value == "-" else value
    elements, near = _list(fields.get("elements", "")), _list(fields.get("bijna", ""))
    checks = [
        ("genre", [fields.get("genre", "")], words["genres"]),
        ("region", [fields.get("region", "NL")], words["regions"]),
        ("nabij_delict", [fields.get("nabij_delict", "geen")], words["nearby"]),
        ("elements", elements, tuple(element.id for element in taxonomy.elements)),
        ("bijna", near, taxonomy.tag_ids),
        ("twijfel", [fields.get("twijfel", "0")], ("0", "1")),
    ]
    for key, values, known in checks:
        for value in values:
            if value not in known:
                raise CorpusError(f"{source.place}: {key} '{value}' is unknown; use {', '.join(known)}")
    about = any(status.values())
    mo = document_tags(mentions, about)
    if (wrong := sorted(_EXPLOITATION & set(mo))) and not status["mensenhandel"]:
        raise CorpusError(f"{source.place}: tag {wrong[0]} holds but mensenhandel is 0; mend the label or the mention's status")
    if "inzet_migranten" in mo and not all(status.values()):
        raise CorpusError(f"{source.place}: inzet_migranten holds but not both offences do; mend the labels or the mention")
    if both := sorted(set(near) & set(mo)):
        raise CorpusError(f"{source.place}: bijna names {both[0]}, which the document holds; remove it there")
    pair = fields.get("pair", "-")
    return {
        "id": source.id, "text": text, "genre": fields["genre"], "region": fields.get("region", "NL"),
        **{offence: int(status[offence] is not None) for offence in OFFENCE_IDS}, "status": status, "mo": mo, "mentions": mentions,
        "elements": elements, "nabij_delict": fields.get("nabij_delict", "geen"), "bijna": near,
        "twijfel": int(fields.get("twijfel", "0")), "note": fields.get("note", ""),
        "author_batch": Path(source.file).stem, "split": split, "pair": None if pair in ("", "-") else pair,
    }  # fmt: skip


def build(root: Path) -> dict[str, list[dict[str, Any]]]:
    """Build the gold records of every split from ``root/source/<split>/*.txt``, in file and document order.

    Under ``snippets`` come the short passages of ``root/source/snippets/<split>``, written for status and source of their mentions; they
    are no documents of the corpus.

    Raises
    ------
    CorpusError
        If a source is wrong, an id stands twice, or the two texts of a pair lie in different splits.
    """
    taxonomy = load_taxonomy()

    def part(folder: Path, split: str) -> list[dict[str, Any]]:
        return [to_record(source, split, taxonomy) for path in sorted(folder.glob("*.txt")) for source in _read(path)]

    splits = {split: part(root / "source" / split, split) for split in SPLITS}
    splits[SNIPPETS] = [record for split in SPLITS for record in part(root / "source" / SNIPPETS / split, split)]
    records = [record for part_ in splits.values() for record in part_]
    for id_, count in Counter(record["id"] for record in records).items():
        if count > 1:
            raise CorpusError(f"id {id_} stands {count} times; ids must differ over all source files")
    pairs: dict[str, set[str]] = {}
    for record in records:
        if record["pair"]:
            pairs.setdefault(record["pair"], set()).add(record["split"])
    for pair, where in pairs.items():
        if len(where) > 1:
            raise CorpusError(f"pair {pair} lies in {' and '.join(sorted(where))}; keep a pair in one split")
    return splits


def dump(records: Iterable[dict[str, Any]]) -> str:
    """Return records as JSON Lines, one document a line, ready to write."""
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def read_gold(path: Path) -> list[dict[str, Any]]:
    """Read a gold JSON Lines file that this project built."""
    return [json.loads(line) for line in path.read_text(encoding="utf8").split("\n") if line]


def class_name(record: Mapping[str, Any]) -> str:
    """Return the class of a gold record.

    Examples
    --------
    >>> class_name({"mensensmokkel": 0, "mensenhandel": 1})
    'mensenhandel'
    """
    return class_of(*(record[offence] for offence in OFFENCE_IDS))


def is_near_miss(record: Mapping[str, Any]) -> bool:
    """Tell whether a text about neither offence comes close to one."""
    return class_name(record) == "geen" and bool(record["bijna"] or record["nabij_delict"] != "geen")


def names_offence(text: str) -> bool:
    """Tell whether a text holds a name or article of either offence."""
    return OFFENCE_NAME.search(text) is not None


def summary(records: Sequence[Mapping[str, Any]], snippets: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return the counts of a built corpus as Markdown: splits, lengths, classes by genre, tags, statuses, sources."""
    order = ("mensensmokkel", "mensenhandel", "beide", "geen")
    cells = Counter((record["genre"], class_name(record)) for record in records)
    genres = sorted({record["genre"] for record in records})
    splits = Counter(record["split"] for record in records)
    about = [record for record in records if class_name(record) != "geen"]
    mentions = [mention for record in records for mention in record["mentions"]]
    lengths = sorted(len(record["text"].split()) for record in records) or [0]
    pairs = {record["pair"] for record in records if record["pair"]}
    lines = [
        f"{len(records)} documents ({', '.join(f'{split} {splits[split]}' for split in SPLITS)}), {len(mentions)} mentions, "
        f"{len(pairs)} contrast pairs, {sum(map(is_near_miss, records))} near-misses among {len(records) - len(about)} of class geen; "
        f"{sum(names_offence(record['text']) for record in about)} of {len(about)} documents on an offence name it; "
        f"{sum(record['region'] == 'BE' for record in records)} are Belgian; "
        f"in {sum(record['twijfel'] for record in records)} the annotator doubts.",
        "",
        f"Words: {sum(lengths)} in all, median {lengths[len(lengths) // 2]}, longest {lengths[-1]}, over 800 in "
        f"{sum(length > 800 for length in lengths)} documents, under 40 in {sum(length < 40 for length in lengths)}.",
        "", f"| genre | {' | '.join(order)} |", "|---|" + "---|" * len(order),
    ]  # fmt: skip
    lines += [f"| {genre} | {' | '.join(str(cells[genre, name]) for name in order)} |" for genre in genres]
    tags, near = Counter(tag for r in records for tag in r["mo"]), Counter(tag for r in records for tag in r["bijna"])
    lines += ["", "| tag | documents | near-misses |", "|---|---|---|"]
    lines += [f"| {tag} | {tags[tag]} | {near[tag]} |" for tag in load_taxonomy().tag_ids]
    held_out = [mention for record in snippets if record["split"] == "test" for mention in record["mentions"]]
    other = [mention for record in snippets if record["split"] != "test" for mention in record["mentions"]]
    lines += ["", f"{len(snippets)} snippets, {len(other)} mentions in the train part and {len(held_out)} in the held-out part.", ""]
    lines += ["| mentions | documents | snippets, train | snippets, held out |", "|---|---|---|---|"]
    for key, values in (("status", "mention_statuses"), ("source", "sources")):
        columns = [Counter(mention[key] for mention in group) for group in (mentions, other, held_out)]
        lines += [f"| {value} | {' | '.join(str(column[value]) for column in columns)} |" for value in load_taxonomy().vocabulary[values]]
    return "\n".join(lines)


def card_with(card: str, counts: str) -> str:
    """Return a datasheet with its counts, between ``<!-- counts -->`` and ``<!-- /counts -->``, replaced.

    Raises
    ------
    CorpusError
        If the datasheet lacks the marks.
    """
    before, opening, rest = card.partition("<!-- counts -->")
    _, closing, after = rest.partition("<!-- /counts -->")
    if not (opening and closing):
        raise CorpusError("README.md of the corpus: put its counts between <!-- counts --> and <!-- /counts -->")
    return f"{before}{opening}\n\n{counts}\n\n{closing}{after}"
