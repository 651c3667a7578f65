#!/bin/bash
# Identifiers of both kinds are made, and are what they say they are.
set -euo pipefail

python3 - "$PREFIX/lib/libuuid.so.1" << 'END'
import ctypes
import sys
import uuid

library = ctypes.CDLL(sys.argv[1])
value = ctypes.create_string_buffer(16)
for make, version in ((library.uuid_generate_time, 1), (library.uuid_generate_random, 4)):
    made = set()
    for _ in range(100):
        make(value)
        made.add(uuid.UUID(bytes=value.raw))
    if len(made) != 100 or {one.version for one in made} != {version}:
        sys.exit(f"not 100 identifiers of version {version}: {made}")
END
