"""What the parts of a text add to a score: the records of an explanation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MentionShare:
    """What a mention adds to a score.

    Parameters
    ----------
    start, end : int
        Half-open character offsets in the original text.
    label : str
        What it mentions: an offence, a tag or a legal element.
    kind : str
        ``"mention"``, or ``"weight"`` for the passage that shows a tag best by its wording, however little that is.
    value : float
        What it adds by itself.
    gated : float
        What a tag's own mention adds on top, as surely as the text is about an offence (``Explanation.about``); 0 for other mentions.
    """

    start: int
    end: int
    label: str
    kind: str
    value: float
    gated: float


@dataclass(frozen=True)
class PassageShare:
    """What a sentence adds to a score: ``value`` is ``wording`` and all that its mentions add.

    Parameters
    ----------
    start, end : int
        Half-open character offsets in the original text.
    value : float
        What it adds altogether; below 0 where it speaks against the label.
    wording : float
        What its words, pairs of words, letters inside words and concepts add: of a pair of concepts, whose other half may stand in
        another sentence, its share.
    mentions : tuple of MentionShare
        What its mentions add.
    """

    start: int
    end: int
    value: float
    wording: float
    mentions: tuple[MentionShare, ...]


@dataclass(frozen=True)
class SectionShare:
    """What a section adds to a score: the sum of its sentences; ``name`` is None for a stretch of a text without headings."""

    start: int
    end: int
    name: str | None
    value: float


@dataclass(frozen=True)
class Explanation:
    """How the score of a label comes about: ``constant`` and the ``value`` of all passages make ``score``, and so do those of all sections.

    Of an offence in a long text the parts are those of the window that decided (``OffenceResult.window``); of a tag, those of the whole.
    It tells what moved this model, not what happened. Parts are places in the text; :meth:`CaseAnalysis.cut` returns their words.

    Parameters
    ----------
    probability, threshold : float
        The probability, and the one from which the label is given.
    score : float
        The score before calibration; the log odds are ``slope * score + offset``.
    slope, offset : float
        The calibration for a text of this length, with the shift to another prior where one was given, and less what looking at several
        windows cost.
    constant : float
        The intercept; of a tag with what the odds of the offences add, which are told of the whole text and not divided over passages.
    about : float or None
        How surely the text is about an offence: the factor of what a tag's own mentions add. None for an offence.
    gated : float
        Sum of all ``gated``, which ``value`` of the passages holds already.
    passages : tuple of PassageShare
        The sentences that add anything, in order.
    sections : tuple of SectionShare
        The sections of the text, or of the window; where it has no headings, stretches of about 500 words.
    """

    probability: float
    threshold: float
    score: float
    slope: float
    offset: float
    constant: float
    about: float | None
    gated: float
    passages: tuple[PassageShare, ...]
    sections: tuple[SectionShare, ...]

    def top(self, number: int = 5) -> tuple[PassageShare, ...]:
        """Return the passages that moved the score most, either way, the strongest first."""
        return tuple(sorted(self.passages, key=lambda share: -abs(share.value))[:number])
