"""Text as it comes: cleaning with a map back to the original, sentence ends, and a guard against other languages.

Matching and features look at the cleaned text; every offset that leaves the library is mapped back, so
``original[start:end]`` is what a reader finds in the source.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from statistics import median
from typing import NamedTuple

from smokkel_nlp.taxonomy import read_toml, resource, take

MAX_CHARS = 20_000_000
"""Longest text in characters; the components need no neural network, so memory is no reason for spaCy's lower limit."""
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe0e\ufe0f\x00-\x08\x0b\x0e-\x1f]+")
_COMBINED = re.compile(r"\w[\u0300-\u036f]+")
_COMPATIBLE = re.compile(
    "[\u2002-\u200a\u00a0\u202f\u3000\ufb00-\ufb06\uff01-\uff5e\u0132\u0133\u2018\u2019\u201c\u201d\u201e\u2032\t\x0c\u2010\u2011]"
)
_REPLACED = {
    "\u2018": "'",
    "\u2019": "'",
    "\u2032": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u201e": '"',
    "\t": " ",
    "\x0c": " ",
    "\u2010": "-",
    "\u2011": "-",
}
_BREAK = re.compile(r"(?:\r\n?|[\n\u2028\u2029\x85])[ \t]*")
_HYPHEN_END = re.compile(r"[a-zà-ÿ]-$")
_STOP_END = re.compile(r"[.!?:;)\"']$")
_MIN_WRAP = 40
_MAX_MARGIN_WORDS = 5
_MAX_MARGIN_CHARS = 40
_LOOK_AHEAD = 8


class _Resources(NamedTuple):
    header: frozenset[str]
    noise: re.Pattern[str]
    abbreviations: frozenset[str]
    dutch: frozenset[str]
    foreign: frozenset[str]
    pictures: Mapping[str, str]


@lru_cache(maxsize=1)
def _resources() -> _Resources:
    data = read_toml(resource("text.toml"))
    keys = ("header_lines", "noise_lines", "abbreviations", "dutch", "foreign")
    lists = {key: take(data, key, list, "text.toml") for key in keys}
    return _Resources(
        frozenset(lists["header_lines"]),
        re.compile("|".join(f"(?:{pattern})" for pattern in lists["noise_lines"]), re.IGNORECASE),
        frozenset(lists["abbreviations"]),
        frozenset(lists["dutch"]),
        frozenset(lists["foreign"]),
        take(data, "pictures", dict, "text.toml"),
    )


def encodable(text: str) -> bool:
    r"""Tell whether a string is text: an escape in JSON can stand for half a character, which spaCy refuses.

    Examples
    --------
    >>> encodable("é"), encodable("\ud800")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@dataclass(frozen=True)
class CleanText:
    """A cleaned text and where each of its characters came from.

    Parameters
    ----------
    text : str
        The cleaned text.
    original : str
        The text as it came.
    pieces : tuple of (clean start, original start, original end)
        Runs of characters copied one to one (their original length equals their clean length), or replacements.
    """

    text: str
    original: str
    pieces: tuple[tuple[int, int, int], ...]

    @cached_property
    def unchanged(self) -> bool:
        """Whether cleaning changed nothing, so offsets need no mapping."""
        return self.text == self.original

    def to_original(self, start: int, end: int) -> tuple[int, int]:
        r"""Map a non-empty half-open range of the cleaned text to the original.

        Examples
        --------
        >>> clean_text("vracht-\nwagen").to_original(0, 11)
        (0, 13)
        """
        if self.unchanged:
            return start, end
        return self._position(start)[0], self._position(end - 1)[1]

    def _position(self, offset: int) -> tuple[int, int]:
        """Return the original range of one clean character."""
        index = bisect_right(self.pieces, offset, key=lambda piece: piece[0]) - 1
        clean, first, last = self.pieces[index]
        following = self.pieces[index + 1][0] if index + 1 < len(self.pieces) else len(self.text)
        if last - first == following - clean:
            return first + offset - clean, first + offset - clean + 1
        return first, last


class _Builder:
    """Collects the pieces of a cleaned text."""

    def __init__(self, original: str) -> None:
        self.original = original
        self.parts: list[str] = []
        self.pieces: list[tuple[int, int, int]] = []
        self.length = 0

    def add(self, text: str, start: int, end: int) -> None:
        if text:
            self.parts.append(text)
            self.pieces.append((self.length, start, end))
            self.length += len(text)

    def copy(self, start: int, end: int) -> None:
        """Copy a stretch of the original, repairing its characters on the way."""
        position = start
        for match in _ODD.finditer(self.original, start, end) if _SUSPECT.search(self.original, start, end) else ():
            self.add(self.original[position : match.start()], position, match.start())
            self.add(_repair(match[0]), match.start(), match.end())
            position = match.end()
        self.add(self.original[position:end], position, end)


_ODD = re.compile(f"{_INVISIBLE.pattern}|{_COMBINED.pattern}|{_COMPATIBLE.pattern}")
# The characters without which a stretch has nothing odd: one class is looked for faster than the alternatives are tried.
_SUSPECT = re.compile(f"[{_INVISIBLE.pattern[1:-2]}\u0300-\u036f{_COMPATIBLE.pattern[1:-1]}]")


def _repair(text: str) -> str:
    if _INVISIBLE.fullmatch(text):
        return ""
    return _REPLACED.get(text) or unicodedata.normalize("NFKC", text)


def clean_text(text: str) -> CleanText:
    r"""Clean a text: undo hard wrapping, hyphenation, letterhead lines, invisible and look-alike characters.

    Examples
    --------
    >>> clean_text("over de gr\u00adens").text
    'over de grens'
    >>> clean_text("Immigratie-\r\nen Naturalisatiedienst").text
    'Immigratie- en Naturalisatiedienst'
    """
    builder = _Builder(text)
    lines = list(_lines(text))
    kept = _without_margins(text, lines)
    wrapped = _is_wrapped(text, lines)
    previous: tuple[int, int] | None = None
    gap = False
    for line in kept:
        if _blank(text, line):
            gap = True
            continue
        if previous is not None:
            _join(builder, text, previous, line, wrapped, gap)
        builder.copy(*line)
        previous, gap = line, False
    if previous is None and not builder.parts:
        return CleanText("", text, ((0, 0, len(text)),))
    return CleanText("".join(builder.parts), text, tuple(builder.pieces))


def _lines(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of the lines, stripped of blanks at their ends."""
    start, last = len(text) - len(text.lstrip(" \t")), 0
    for match in _BREAK.finditer(text):
        end = match.start()
        while end > last and text[end - 1] in " \t":
            end -= 1
        if end >= start:
            yield start, end
            start = match.end()
        last = match.end()
    end = len(text.rstrip(" \t"))
    yield start, max(start, end)


def _blank(text: str, line: tuple[int, int]) -> bool:
    return not text[line[0] : line[1]].strip()


def _is_wrapped(text: str, lines: Sequence[tuple[int, int]]) -> bool:
    lengths = [end - start for start, end in lines if end > start]
    return len(lengths) > 2 and _MIN_WRAP <= median(lengths) <= 140


def _without_margins(text: str, lines: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Drop page furniture: lines of a letterhead column or footer that stand inside the running text."""
    header, noise = _resources().header, _resources().noise
    kept: list[tuple[int, int]] = []
    after_header = False
    for index, line in enumerate(lines):
        content = text[line[0] : line[1]].strip()
        if not content:
            kept.append(line)
            continue
        short = len(content) <= _MAX_MARGIN_CHARS and len(content.split()) <= _MAX_MARGIN_WORDS
        if noise.fullmatch(content) or content.lower().rstrip(": ") in header:
            after_header = not noise.fullmatch(content)
            continue
        # A short line that interrupts a sentence, or the value of the header field just above.
        label = short and not _STOP_END.search(content) and (content[0].isupper() or content[0].isdigit())
        if label and (
            _interrupts(text, kept, lines[index + 1 : index + 1 + _LOOK_AHEAD]) or (after_header and any(c.isdigit() for c in content))
        ):
            after_header = False
            continue
        after_header = False
        kept.append(line)
    return kept


def _interrupts(text: str, kept: Sequence[tuple[int, int]], following: Sequence[tuple[int, int]]) -> bool:
    """Tell whether the running text goes on across a line: full line, no sentence end before, lower case after."""
    before = next((text[s:e].strip() for s, e in reversed(kept) if e > s), "")
    after = next((text[s:e].strip() for s, e in following if e - s > _MAX_MARGIN_CHARS), "")
    return len(before) >= _MIN_WRAP and not _STOP_END.search(before) and after[:1].islower()


def _join(builder: _Builder, text: str, previous: tuple[int, int], line: tuple[int, int], wrapped: bool, gap: bool) -> None:
    """Join two lines: one word again, one sentence again, or two lines of their own."""
    before, after = text[max(previous[0], previous[1] - 60) : previous[1]], text[line[0] : line[0] + 60]
    start, end = previous[1], line[0]
    goes_on = after[:1].islower() or (wrapped and previous[1] - previous[0] >= _MIN_WRAP)
    if goes_on and _HYPHEN_END.search(before) and after[:1].islower() and not re.match(r"(?:en|of|e[n.]?/of)\b", after):
        builder.pieces[-1:] = _shorten(builder)
    elif goes_on and not (gap and _STOP_END.search(before)):
        builder.add(" ", start, end)
    else:
        # Empty lines between paragraphs stay as they are, so that a plain text is left unchanged.
        builder.add(text[start:end] if not text[start:end].strip("\n") else "\n", start, end)


def _shorten(builder: _Builder) -> list[tuple[int, int, int]]:
    """Take the hyphen off the last piece."""
    clean, first, last = builder.pieces[-1]
    rest = builder.parts[-1][:-1]
    builder.length -= 1
    builder.parts[-1] = rest
    return [(clean, first, last - 1)] if rest else []


ENDS, STOP, OPEN = 1, 2, 4


def break_kind(word: str) -> int:
    r"""Tell what a token (case as in the text) means for the end of a sentence.

    ``ENDS``: one ends with it. ``STOP``: one ends with it unless the token before is ``OPEN``: an abbreviation or an initial. A line
    break ends a sentence. Capital letters are no condition, since chats and telegrams do without.

    Examples
    --------
    >>> [break_kind(word) for word in ("\n", ".", "art", "J", "reed")]
    [1, 2, 4, 4, 0]
    """
    if (word.isspace() and "\n" in word) or word in ("!", "?", "!!", "??", "?!", "...", "…", ";"):
        return ENDS
    if word == ".":
        return STOP
    return OPEN if word.lower() in _resources().abbreviations or (len(word) == 1 and word.isalpha()) else 0


_DISGUISED = re.compile(r"[a-z]+(?:[013457@$€]+[a-z]+)+[013457@$€]?")
_PLAIN = str.maketrans("013457@$€", "oieastase")


def plain_word(word: str) -> str:
    """Undo the disguise of a lower-case word: digits and signs for letters, and pictures that stand for words (``text.toml``).

    Examples
    --------
    >>> plain_word("t3l3gram"), plain_word("197a"), plain_word("✈")
    ('telegram', '197a', 'vliegtuig')
    """
    if len(word) >= 5 and _DISGUISED.fullmatch(word):
        return word.translate(_PLAIN)
    return _resources().pictures.get(word, word)


def letter_grams(word: str, lengths: Container[int], sizes: Iterable[int]) -> list[str]:
    """Return the n-grams of letters of a word, its edges marked; none of a word of another length or with signs in it.

    Examples
    --------
    >>> letter_grams("boot", range(4, 9), (4,))
    ['<boo', 'boot', 'oot>']
    """
    if len(word) not in lengths or not word.isalpha():
        return []
    edged = f"<{word}>"
    return [edged[i : i + n] for n in sizes for i in range(len(edged) - n + 1)]


def is_dutch(words: Sequence[str]) -> bool:
    """Tell whether lower-case tokens look Dutch; short or word-poor texts get the benefit of the doubt only if a word is Dutch.

    Examples
    --------
    >>> is_dutch("hij heeft de groep over de grens gebracht".split())
    True
    >>> is_dutch("the driver took the group across the border".split())
    False
    """
    sample = words[:5000]
    resources = _resources()
    dutch = sum(word in resources.dutch for word in sample)
    foreign = sum(word in resources.foreign for word in sample)
    letters = sum(word.isalpha() for word in sample)
    if foreign > dutch:
        return False
    return dutch > 0 or (0 < letters < 12 and foreign == 0)


OFFENCE_NAME = re.compile(
    r"(?i)mensen-?(?:smokkel|handel)\w*|\b(?:197a|273[af]|250a|250ter)\w*|human (?:trafficking|smuggling)|people smuggling"
)


def without_offence_names(text: str) -> str:
    """Delete the names and articles of the two offences, so that only the facts can tell.

    Examples
    --------
    >>> without_offence_names("verdacht van mensensmokkel (197a Sr)")
    'verdacht van  ( Sr)'
    """
    return OFFENCE_NAME.sub("", text)
