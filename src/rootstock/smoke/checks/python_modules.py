"""The standard library's compiled modules compute the right values."""

import asyncio
import bz2
import ctypes
import curses
import curses.panel
import decimal
import hashlib
import lzma
import readline
import socket
import sqlite3
import subprocess
import sys
import uuid
import zlib
import zoneinfo
from datetime import datetime, timedelta
from pathlib import Path
from xml.parsers import expat

# Hashes: FIPS 180-2's and RFC 7914's own examples.
assert hashlib.sha256(b"abc").hexdigest().startswith("ba7816bf8f01cfea414140de5dae2223")
scrypt = hashlib.scrypt(b"", salt=b"", n=16, r=1, p=1, dklen=64)
assert scrypt.hex().startswith("77d6576238657b203b19ca42c18a0497"), scrypt.hex()
assert "sha3_256" in hashlib.algorithms_available and "_hashlib" in sys.modules

# Compression: each writes its own format, and reads it back.
text = b"rootstock " * 10_000
for compress, decompress, magic in (
    (zlib.compress, zlib.decompress, b"\x78"),
    (bz2.compress, bz2.decompress, b"BZh"),
    (lzma.compress, lzma.decompress, b"\xfd7zXZ\x00"),
):
    packed = compress(text)
    assert packed.startswith(magic) and len(packed) < 1000 and decompress(packed) == text
assert zlib.crc32(b"123456789") == 0xCBF43926

with sqlite3.connect("numbers.sqlite") as database:
    database.execute("create table numbers (n integer, j text)")
    rows = [(n, f'{{"square": {n * n}}}') for n in range(100)]
    database.executemany("insert into numbers values (?, ?)", rows)
with sqlite3.connect("numbers.sqlite") as database:
    query = "select sum(n), sum(json_extract(j, '$.square')) from numbers"
    assert database.execute(query).fetchone() == (4950, 328350)

# A C function that calls back into Python.
numbers = (ctypes.c_int * 5)(3, 1, 4, 1, 5)
order = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
compare = order(lambda a, b: a[0] - b[0])
ctypes.CDLL(None).qsort(numbers, 5, ctypes.sizeof(ctypes.c_int), compare)
assert list(numbers) == [1, 1, 3, 4, 5], list(numbers)

readline.add_history("import ROOT")
readline.write_history_file("history")
assert readline.get_history_item(1) == "import ROOT"
assert "import ROOT" in Path("history").read_text()

curses.setupterm("xterm-256color", 1)
assert curses.tigetnum("colors") == 256
assert curses.tigetstr("clear") == b"\x1b[H\x1b[2J", curses.tigetstr("clear")
# zoneinfo looks in the original prefix; here the environment was moved.
zoneinfo.reset_tzpath([f"{sys.prefix}/share/zoneinfo"])
summer = datetime(2025, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Zurich"))
assert summer.utcoffset() == timedelta(hours=2)

assert str(uuid.uuid5(uuid.NAMESPACE_DNS, "python.org")) == "886313e1-3b8a-5372-9b90-0c9aee199e5d"
assert uuid.uuid1().version == 1
assert "_uuid" in sys.modules, "uuid does not use libuuid"

decimal.getcontext().prec = 30
assert str(decimal.Decimal(2).sqrt()) == "1.41421356237309504880168872421"
assert "_decimal" in sys.modules, "decimal is the slow one"

names: list[str] = []
parser = expat.ParserCreate()
parser.StartElementHandler = lambda name, _: names.append(name)
parser.Parse("<tree><branch/></tree>", True)
assert names == ["tree", "branch"], names

left, right = socket.socketpair()
left.sendall(b"sap")
assert right.recv(8) == b"sap"
left.close()
right.close()
assert subprocess.run(["/bin/sh", "-c", "exit 3"], check=False).returncode == 3


async def first() -> int:
    """Wait for two results and return the first."""
    return (await asyncio.gather(asyncio.sleep(0, 42), asyncio.sleep(0, 43)))[0]


assert asyncio.run(first()) == 42
