"""Older office files (DOC, XLS, PPT, RTF) before they are turned into newer ones: their macros, by name.

The newer format has no place for macros, so that they are counted here and lost on the way; every other
hidden part is counted in the newer file (`files/openxml`). Nothing is run. [MS-CFB], [MS-OVBA] 2.2.1.
"""

from __future__ import annotations

import struct
from pathlib import Path

import olefile

_STORAGE = "VBA"
MOST_NAMES = 200


def list_macros(path: Path) -> list[str]:
    """List the stores of macros in a file; none where it is no compound file or cannot be read as one."""
    found: list[str] = []
    try:
        if not olefile.isOleFile(path):
            return []
        with olefile.OleFileIO(path) as opened:
            found += [
                "/".join(each)
                for each in opened.listdir(streams=False, storages=True)
                if each[-1] == _STORAGE
            ]
    except (OSError, ValueError, IndexError, TypeError, struct.error):
        # LibreOffice says whether it can be read at all.
        return []
    return found[:MOST_NAMES]
