"""The folder of a model: which one, and its files, verified against the SHA-256 sums of the manifest; nothing is ever unpickled."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Self, TypeVar
from weakref import WeakValueDictionary

import numpy as np
import srsly
from numpy.typing import NDArray

from smokkel_nlp.errors import ModelError

FORMAT = "6"
ENVIRONMENT = "SMOKKEL_NLP_MODELS"
MANIFEST = "manifest.json"
CLASSIFIER_FILES = ("model.json", "weights.npz")
RETRAIN = "train one with 'smokkel-nlp train', or reinstall the package"
_Made = TypeVar("_Made")
# What the pipelines in use were made of, by kind, version and sums of the files.
_in_use: WeakValueDictionary[tuple[str, ...], Any] = WeakValueDictionary()


def find_model(path: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder of the model: ``path``, else ``$SMOKKEL_NLP_MODELS``, else the one that came with the package.

    Raises
    ------
    ModelError
        If none of them holds a model.
    """
    if path is not None or os.environ.get(ENVIRONMENT):
        chosen = Path(path if path is not None else os.environ[ENVIRONMENT])
        if not (chosen / MANIFEST).is_file():
            raise ModelError(f"{chosen}: no model there ({MANIFEST} is missing); give the folder of a model, or {RETRAIN}")
        return chosen
    packaged = Path(str(files("smokkel_nlp").joinpath("_models")))
    checkout = Path(str(files("smokkel_nlp"))).parent / "models"
    for folder in (packaged, checkout):
        if (folder / MANIFEST).is_file():
            return folder
    raise ModelError(f"the package holds no model; {RETRAIN}")


def read_files(path: str | os.PathLike[str] | None, names: Iterable[str]) -> dict[str, bytes]:
    """Read the manifest and the named files of a model, verified.

    Raises
    ------
    ModelError
        If a file is missing, unreadable, altered, or of another format.
    """
    folder = find_model(path)
    raw: dict[str, bytes] = {}
    for name in (MANIFEST, *names):
        try:
            raw[name] = (folder / name).read_bytes()
        except OSError as error:
            raise ModelError(f"{folder}: {name} cannot be read ({type(error).__name__}); {RETRAIN}") from error
        if name == MANIFEST:  # a model of another format is told as such before its files are looked for
            verify(raw, str(folder))
    verify(raw, str(folder))
    return raw


def verify(raw: Mapping[str, bytes], where: str) -> dict[str, Any]:
    """Return the manifest of a model's files, after checking format and sums.

    Raises
    ------
    ModelError
        As :func:`read_files`.
    """
    try:
        manifest = json.loads(raw[MANIFEST])
    except ValueError as error:
        raise ModelError(f"{where}: {MANIFEST} is not JSON; {RETRAIN}") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelError(f"{where}: not of model format {FORMAT}; {RETRAIN}")
    for name, content in raw.items():
        if name != MANIFEST and hashlib.sha256(content).hexdigest() != manifest.get("sha256", {}).get(name):
            raise ModelError(f"{where}: SHA-256 of {name} differs from the manifest, the file is damaged or altered; {RETRAIN}")
    return manifest


def pack_arrays(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the content of an npz file; the same arrays give the same bytes."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_arrays(raw: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file; nothing is unpickled."""
    with np.load(io.BytesIO(raw), allow_pickle=False) as stored:
        return dict(stored)


def shared(kind: str, raw: Mapping[str, bytes], make: Callable[[], _Made]) -> _Made:
    """Return what is made of a model's verified files; where a pipeline that is in use made it of the same files, that.

    Models do not change once they are made, and most of the time to a first text goes into making them.
    """
    manifest = json.loads(raw[MANIFEST])
    key = kind, manifest["version"], *(manifest["sha256"][name] for name in sorted(raw) if name != MANIFEST)
    made: _Made | None = _in_use.get(key)
    if made is None:
        made = _in_use[key] = make()
    return made


class Stored:
    """A component that works from files of a model: read at the first text, written where its pipeline is written."""

    names: tuple[str, ...] = ()
    _files: Mapping[str, bytes] | None = None

    def take_files(self, raw: Mapping[str, bytes], where: str) -> None:
        """Build what the component needs from the content of its files."""
        raise NotImplementedError

    def load_model(self, path: str | Path | None) -> None:
        """Load the model of a folder, or the one that came with the package."""
        self._keep(read_files(path, self.names), str(path or "the model of the package"))

    def _keep(self, raw: Mapping[str, bytes], where: str) -> None:
        self.take_files(raw, where)
        self._files = dict(raw)

    def _stored(self) -> Mapping[str, bytes]:
        if self._files is None:
            self.load_model(None)
        assert self._files is not None
        return self._files

    def to_bytes(self, *, exclude: Iterable[str] = ()) -> bytes:
        """Return the model's files as bytes."""
        return bytes(srsly.msgpack_dumps(dict(self._stored())))

    def from_bytes(self, data: bytes, *, exclude: Iterable[str] = ()) -> Self:
        """Take the model's files from bytes."""
        raw = srsly.msgpack_loads(data)
        verify(raw, "pipeline bytes")
        self._keep(raw, "pipeline bytes")
        return self

    def to_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> None:
        """Write the model's files to a folder, so that a pipeline can move."""
        folder = Path(path)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self._stored().items():
            (folder / name).write_bytes(content)

    def from_disk(self, path: str | Path, *, exclude: Iterable[str] = ()) -> Self:
        """Read the model from a folder."""
        self.load_model(path)
        return self
