"""Files that are complete or not there: write aside, fsync, rename, hash."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ris.errors import StoreError

# no space left, a quota, a limit on the size of files
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG)


@dataclass(frozen=True)
class FileFacts:
    """What a manifest knows of a file.

    Attributes:
        file: Its path inside the collection, with forward slashes.
        size: Bytes.
        sha256: Of its content, in hex.
    """

    file: str
    size: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """As a JSON object."""
        return asdict(self)


def describe(folder: Path, file: Path, *, name: str | None = None) -> FileFacts:
    """Size and hash of a file.

    Args:
        folder: The collection's folder.
        file: The file.
        name: The path it will have inside the collection; by default the one it has.
    """
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return FileFacts(name or file.relative_to(folder).as_posix(), file.stat().st_size, digest)


def verify(folder: Path, facts: FileFacts) -> Path:
    """The path of a file that is what the manifest says.

    Raises:
        StoreError: It is missing, of another size, or its content was changed.
    """
    path = folder / facts.file
    try:
        size = path.stat().st_size
        if size == facts.size:
            actual = describe(folder, path).sha256
    except OSError as error:
        message = f"{facts.file} can't be read: {error.strerror}."
        raise StoreError(message, repair_hint(folder)) from error
    if size != facts.size:
        message = f"{facts.file} has {size} bytes, expected {facts.size}."
        raise StoreError(message, repair_hint(folder))
    if actual != facts.sha256:
        message = f"{facts.file} is damaged: its content does not match its checksum."
        raise StoreError(message, repair_hint(folder))
    return path


def repair_hint(folder: Path) -> str:
    """What to do about damage in a collection's folder."""
    return f"See what can be repaired: python -m ris check {folder.name!r} --repair"


def own_hash(content: Mapping[str, Any]) -> str:
    """Hash of a JSON object, to be kept in it as `sha256`."""
    rest = {name: value for name, value in content.items() if name != "sha256"}
    text = json.dumps(rest, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def write_atomic(path: Path, write: Callable[[Path], None]) -> None:
    """Let `write` fill a temporary file, then put it in the place of `path` at once."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(aside)
        sync_file(aside)
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def write_json(path: Path, content: object) -> None:
    """Replace a JSON file at once."""
    text = json.dumps(content, indent=1, ensure_ascii=False)
    write_atomic(path, lambda aside: _write_text(aside, text))


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        StoreError: Missing, unreadable, or no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(f"{path.name} can't be read: {error}.") from error
    if not isinstance(content, dict):
        raise StoreError(f"{path.name} holds no JSON object.")
    return content


def read_sealed(path: Path, form: int, *, hint: str) -> dict[str, Any]:
    """A JSON object from a file that `write_sealed` wrote.

    Args:
        path: The file.
        form: The newest `format` that is understood.
        hint: What to do when it is damaged.

    Raises:
        StoreError: It is missing or damaged, or a newer ris wrote it.
    """
    content = read_json(path)
    if isinstance(content.get("format"), int) and content["format"] > form:
        raise StoreError(f"A newer ris wrote {path.name}.", "Update ris; nothing was changed.")
    if content.get("sha256") != own_hash(content):
        raise StoreError(f"{path.name} is damaged: its own hash does not match.", hint)
    return content


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file at once, with its own hash in it; not indented, as it may be long."""
    text = json.dumps({**content, "sha256": own_hash(content)}, ensure_ascii=False)
    write_atomic(path, lambda aside: _write_text(aside, text))


def sync_file(path: Path) -> None:
    """Wait until a file's content is on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(path: Path) -> None:
    """Wait until a folder's names are on the disk."""
    if os.name == "nt":
        return  # folders can't be opened there
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refusal(error: OSError) -> StoreError:
    """What the system refused, for people."""
    if error.errno in _FULL:
        return StoreError(
            "The disk is full. What was there before is unharmed.", "Free some space and try again."
        )
    return StoreError(f"The disk can't be used: {error}.", "Nothing was lost; try again.")


@contextmanager
def disk_errors() -> Iterator[None]:
    """Let what the system refuses inside be an error that people understand.

    Raises:
        StoreError: The disk is full, say.
    """
    try:
        yield
    except OSError as error:
        raise refusal(error) from error


def require_space(folder: Path, needed: int) -> None:
    """Refuse work that visibly won't fit.

    Raises:
        StoreError: Fewer than `needed` bytes are free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoreError(
            f"The disk has {_size(free)} free, about {_size(needed)} are needed.",
            "Free some space, or put the collections elsewhere with --home.",
        )


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
