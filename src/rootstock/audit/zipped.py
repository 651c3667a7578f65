"""Refuses zip files that two clients can read differently.

Some clients read the list at the end of a zip file, as zipfile does, and others read from its
beginning while it still arrives. Fields: sections 4.3 and 4.4 of PKWARE's APPNOTE.
"""

import struct
import zipfile
from pathlib import Path
from typing import BinaryIO

from rootstock.core.names import quoted

_LOCAL = struct.Struct("<4s2xH10xL4xHH")  # signature, flags, packed size, lengths of name and extra
_SIGNATURE = b"PK\x03\x04"
_SIZE_FOLLOWS = 8  # bit of the flags: the packed size is behind the content
_DESCRIPTORS = (12, 16, 20, 24)  # bytes behind it: with 4 or 8 for a size, with a signature or not
_SIZE_IN_EXTRA = 0xFFFFFFFF
_ENCRYPTED = 1  # bit of the flags


def require_one_meaning(archive: zipfile.ZipFile, package: Path) -> None:
    """Raise `ValueError` unless the list of a zip file names all of it, each byte once.

    Nothing in it may be encrypted. Raises `struct.error` for a file that is cut.
    """
    ends: tuple[int, ...] = (0,)
    with package.open("rb") as file:
        for member in sorted(archive.infolist(), key=lambda member: member.header_offset):
            if member.header_offset not in ends:
                raise ValueError(f"it has other data than its list at {quoted(member.filename)}")
            file.seek(member.header_offset)
            ends = _ends(file, member)
    if archive.start_dir not in ends:
        raise ValueError("it has other data than its list before that list")


def _ends(file: BinaryIO, member: zipfile.ZipInfo) -> tuple[int, ...]:
    """Return where a member, whose own header comes next in the file, may end."""
    signature, flags, size, *lengths = _LOCAL.unpack(file.read(_LOCAL.size))
    name, follows = quoted(member.filename), bool(flags & _SIZE_FOLLOWS)
    if (flags | member.flag_bits) & _ENCRYPTED:
        raise ValueError(f"{name} in it is encrypted")
    same = follows or size in (member.compress_size, _SIZE_IN_EXTRA)
    if signature != _SIGNATURE or not same:
        raise ValueError(f"{name} in it differs from its list")
    end = file.tell() + sum(lengths) + member.compress_size
    return tuple(end + more for more in _DESCRIPTORS) if follows else (end,)
