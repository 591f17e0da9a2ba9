"""One family of errors. Every message names the place and says how to mend it, and none holds case text."""

from __future__ import annotations


class SmokkelError(Exception):
    """Base class of every error this library raises on purpose.

    Examples
    --------
    >>> issubclass(TaxonomyError, SmokkelError)
    True
    """


class TaxonomyError(SmokkelError, ValueError):
    """A taxonomy or rule file is wrong; the message names file, entry and mend."""


class CorpusError(SmokkelError, ValueError):
    """A corpus source file is wrong; the message names file, line and mend."""


class InputError(SmokkelError, ValueError):
    """An input file, record or field cannot be used; the message names it and the mend."""


class ModelError(SmokkelError, RuntimeError):
    """A model is missing, damaged or of another version; the message says what to install or retrain."""


class JobError(SmokkelError, RuntimeError):
    """A run over many texts stopped before its end; the message says why and how it goes on."""


_LONGEST, _WORDS = 40, 3


def is_name(value: object) -> bool:
    """Tell whether a value is a string that an error may show as a name; a longer one may be case text.

    Examples
    --------
    >>> is_name("zaak-1"), is_name("Hij bracht hen over de grens.")
    (True, False)
    """
    return isinstance(value, str) and len(value) <= _LONGEST and len(value.split()) <= _WORDS and value.isprintable()
