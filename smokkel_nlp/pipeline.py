"""``load()``: a Dutch spaCy pipeline with the components and the model of this library."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokenizer import Tokenizer

from smokkel_nlp.components import CLASSIFY, OVERLAY, READERS
from smokkel_nlp.errors import InputError
from smokkel_nlp.settings import Settings
from smokkel_nlp.store import find_model
from smokkel_nlp.taxonomy import read_text
from smokkel_nlp.text import MAX_CHARS

# The tokenizer remembers so many stretches between blanks; spaCy's own limit is met within some hundred texts.
_TOKENIZER_CACHE = 60_000


def load(
    base: str | os.PathLike[str] | None = None,
    *,
    model: str | os.PathLike[str] | None = None,
    taxonomy: str | os.PathLike[str] | None = None,
    explain: bool = False,
    prior: float | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> Language:
    """Load the pipeline.

    Parameters
    ----------
    base : str or path, optional
        An installed Dutch pipeline (``"nl_core_news_sm"``) or a folder that holds one, to put the components on. By default the bare
        Dutch tokenizer serves; nothing is downloaded.
    model : str or path, optional
        Folder of a model; by default ``$SMOKKEL_NLP_MODELS`` or the model that came with the package.
    taxonomy : str or path, optional
        TOML file of your own tags, cues and rules (:mod:`smokkel_nlp.userrules`). The pipeline keeps its content, so a pipeline that is
        written to disk does not need the file.
    explain : bool, default=False
        Tell in ``doc._.case.explanation`` what the parts of a text add to the scores of the offences and of the tags that hold.
    prior : float, optional
        Share of your texts that is about an offence, taken for each of the two: 0.01 for one text in a hundred. By default the
        probabilities are those for texts as mixed as the training texts, of which far more are about an offence than of most files
        (:meth:`smokkel_nlp.model.Model.under`).
    thresholds : mapping of str to float, optional
        Labels, and the probability from which you want each given; the others keep those of the model.

    Returns
    -------
    spacy.Language
        With ``smokkel_sections``, ``smokkel_mentions``, ``smokkel_assertion`` and ``smokkel_classify`` at its end, and
        ``smokkel_overlay`` before the last where you give rules of your own.

    Raises
    ------
    InputError
        If ``base`` is not installed (the message holds the install line) or is not Dutch; if a prior or threshold does not lie between
        0 and 1, or a threshold is for no label.
    ModelError
        If the model is missing, damaged or altered, or a prior is given and it does not hold that of its training texts.
    TaxonomyError
        If your file cannot be read or something in it is wrong; a line for each mistake.

    Examples
    --------
    >>> nlp = load()
    >>> doc = nlp("Achter in de bestelbus zaten zes mensen, hij bracht ze over de grens.")
    >>> [span.label_ for span in doc.spans["modus_operandi"]][:1]
    ['transport_land']
    """
    settings = Settings.of(explain, prior, thresholds)
    find_model(model)
    rules = None if taxonomy is None else read_rules(taxonomy)
    nlp = spacy.blank("nl") if base is None else _load_base(base)
    nlp.max_length = max(nlp.max_length, MAX_CHARS) if base is None else nlp.max_length
    if isinstance(nlp.tokenizer, Tokenizer):
        nlp.tokenizer.max_cache_size = max(nlp.tokenizer.max_cache_size, _TOKENIZER_CACHE)
    for name in (*READERS, CLASSIFY):
        if name not in nlp.pipe_names:
            nlp.add_pipe(name, config=settings.to_dict() if name == CLASSIFY else {})
        elif name == CLASSIFY:  # a pipeline that came with settings keeps those that are not given
            pipe = nlp.get_pipe(name)
            pipe.settings = settings.over(pipe.settings)  # type: ignore[attr-defined]
    if rules is not None:
        add_rules(nlp, *rules)
    if model is not None:
        for name in (*READERS[1:], OVERLAY, CLASSIFY):
            if name in nlp.pipe_names:
                nlp.get_pipe(name).load_model(model)  # type: ignore[attr-defined]
    if nlp.get_pipe(CLASSIFY).settings.prior is not None:  # type: ignore[attr-defined]  # a model that cannot take one is told now, not at the first text
        _ = nlp.get_pipe(CLASSIFY).classifier  # type: ignore[attr-defined]
    return nlp


def read_rules(taxonomy: str | os.PathLike[str]) -> tuple[str, str]:
    """Return the content and the name of a user's file."""
    path = Path(taxonomy)
    return read_text(path), path.name


def add_rules(nlp: Language, text: str, where: str) -> None:
    """Put a user's own rules, given as the content of their file, before the classifier of a pipeline."""
    if OVERLAY not in nlp.pipe_names:
        nlp.add_pipe(OVERLAY, before=CLASSIFY)
    nlp.get_pipe(OVERLAY).use_rules(text, where)  # type: ignore[attr-defined]


def _load_base(base: str | os.PathLike[str]) -> Language:
    try:
        nlp = spacy.load(os.fspath(base))
    except OSError as error:
        raise InputError(
            f"base pipeline '{base}' is not installed; run: python -m spacy download {os.fspath(base)} "
            "(or pip install its wheel, or give the folder that holds it)"
        ) from error
    if nlp.lang != "nl":
        raise InputError(f"base pipeline '{base}' is for language '{nlp.lang}'; give a Dutch one, such as nl_core_news_sm")
    return nlp
