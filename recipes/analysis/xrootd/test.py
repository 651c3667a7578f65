"""XRootD's client reads and copies files, and it is the environment's OpenSSL that it has."""

import ctypes
import os
import sys
import tempfile
import time
from importlib.metadata import files, version
from pathlib import Path

# Otherwise a connection is tried five times, for two minutes each.
os.environ |= {"XRD_CONNECTIONRETRY": "1", "XRD_CONNECTIONWINDOW": "2"}


def loaded() -> set[Path]:
    """Return the libraries of this process."""
    maps = Path("/proc/self/maps").read_text().splitlines()
    return {Path(line.split(maxsplit=5)[5]) for line in maps if ".so" in line}


# An interpreter of the machine brings the machine's zlib, and a process has only one.
before = loaded()
from XRootD import client  # noqa: E402
from XRootD.client.flags import OpenFlags  # noqa: E402

TEXT = b"one event and another one\n"

assert version("xrootd") == client.__version__.removeprefix("v"), client.__version__
assert any(str(file) == "pyxrootd/__init__.py" for file in files("xrootd"))

with tempfile.TemporaryDirectory() as folder:
    written, copied = (f"{folder}/{name}" for name in ("written", "copied"))
    with client.File() as file:
        status, _ = file.open(f"file://{written}", OpenFlags.NEW | OpenFlags.WRITE)
        assert status.ok, status
        status, _ = file.write(TEXT)
        assert status.ok, status
    assert Path(written).read_bytes() == TEXT
    with client.File() as file:
        status, _ = file.open(f"file://{written}")
        assert status.ok, status
        status, read = file.read(4, 5)
        assert (status.ok, read) == (True, TEXT[4:9]), (status, read)
    process = client.CopyProcess()
    process.add_job(f"file://{written}", f"file://{copied}")
    assert process.prepare().ok
    status, _ = process.run()
    assert status.ok, status
    assert Path(copied).read_bytes() == TEXT

# A server that is not there is told, in time; roots:// is TLS.
for scheme in ("root", "roots"):
    began = time.monotonic()
    status, _ = client.FileSystem(f"{scheme}://127.0.0.1:1").stat("/", timeout=10)
    assert not status.ok
    assert status.message, status
    assert time.monotonic() - began < 30

# What is loaded for a protocol when a server asks for it.
package = Path(sys.modules["pyxrootd"].__file__).parent
plugins = sorted(package.glob("libXrd*-6.so"))
assert {"libXrdSecgsi-6.so", "libXrdSecztn-6.so"} <= {one.name for one in plugins}
for one in plugins:
    ctypes.CDLL(str(one), os.RTLD_NOW)

lib = Path(sys.prefix).resolve() / "lib"
for stem in ("libssl", "libcrypto"):
    found = [one for one in loaded() if one.name.startswith(stem)]
    assert found == [lib / f"{stem}.so.3"], found
for one in loaded() - before:
    if one.name.startswith(("libXrd", "libuuid", "libz.")):
        assert lib in one.parents, one
