"""Hide functions of a library from all others: hide.py LIBRARY PREFIX...

ROOT's core has zstd and LZ4 in it, and only it uses them. ROOT makes all symbols visible to all, so
wheels with another zstd were bound to this one. This makes symbols that begin with a PREFIX hidden
in the dynamic symbol table (System V gABI, "Symbol Table"). The dynamic linker then binds the
library's own calls to them, and nobody else's.
"""

import mmap
import struct
import sys

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
DYNSYM, HIDDEN, OTHER = 11, 2, 5  # the type of section, STV_HIDDEN, the place of st_other

path, *prefixes = sys.argv[1:]
count = 0
with open(path, "r+b") as file, mmap.mmap(file.fileno(), 0) as data:
    _, _, _, _, _, _, start, _, _, _, _, _, number, _ = HEADER.unpack_from(data)
    sections = [SECTION.unpack_from(data, start + i * SECTION.size) for i in range(number)]
    _, _, _, _, symbols, size, link, *_ = next(s for s in sections if s[1] == DYNSYM)
    strings = sections[link][4]
    for at in range(symbols, symbols + size, SYMBOL.size):
        name, _, other, section, _, _ = SYMBOL.unpack_from(data, at)
        begin = strings + name
        text = data[begin : data.find(b"\0", begin)].decode()
        if section and text.startswith(tuple(prefixes)):
            data[at + OTHER] = other & ~3 | HIDDEN
            count += 1
if not count:
    raise SystemExit(f"{path} has no symbols that begin with {' or '.join(prefixes)}")
