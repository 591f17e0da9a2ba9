"""Libraries that only some uses need: asked for in one place, told with the command that installs them."""

from __future__ import annotations

from importlib.util import find_spec

from smokkel_nlp.errors import InputError

EXTRAS = {"pyarrow": "parquet", "pypdfium2": "documents", "zstandard": "zstd", "matplotlib": "plot"}
"""The extra of ``setup.cfg`` that installs each."""


def need(module: str, what: object) -> None:
    """Ask for a library before it is imported.

    Parameters
    ----------
    module : str
        One of :data:`EXTRAS`.
    what : object
        What needs it, such as a file or an option, for the message.

    Raises
    ------
    InputError
        If it is not installed; the message holds the command that installs it.

    Examples
    --------
    >>> need("pyarrow", "zaken.parquet")
    """
    if find_spec(module) is None:
        raise InputError(f"{what}: the library {module} is needed; run: pip install 'smokkel_nlp[{EXTRAS[module]}]'")
