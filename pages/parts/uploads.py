"""How large uploads may be.

The browser is told, and what comes is looked at: Streamlit (1.67) refuses only what is over its
`server.maxUploadSize`, whatever the field takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from streamlit.runtime.uploaded_file_manager import UploadedFile

from ris.errors import RisError

# in MiB
PICTURE = 50
ARCHIVE = 1024  # as server.maxUploadSize in .streamlit/config.toml
TABLE = 200


def is_small(upload: UploadedFile, most: int) -> bool:
    """Whether an upload has at most so many MiB."""
    return upload.getbuffer().nbytes <= most * 2**20


def check_sizes(uploads: Sequence[UploadedFile], most: int) -> None:
    """Refuse uploads of which one has more MiB than ``most``.

    Raises:
        RisError: One has.
    """
    for upload in uploads:
        if not is_small(upload, most):
            raise RisError(
                f"{upload.name} has {upload.getbuffer().nbytes / 2**20:,.0f} MB; at most {most:,} "
                "are taken.",
                "Put larger ones into a folder of the computer that runs ris, and give that.",
            )
