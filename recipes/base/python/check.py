"""What a user of this Python counts on, in an environment that was not activated."""

import ctypes
import hashlib
import importlib.util
import os
import re
import shutil
import sqlite3
import ssl
import subprocess
import sys
import sysconfig
import tempfile
import zoneinfo

NAMES = """
    _asyncio _bz2 _ctypes _curses _curses_panel _decimal _elementtree _hashlib _lzma
    _multiprocessing _posixshmem _posixsubprocess _queue _socket _sqlite3 _ssl _uuid array
    audioop binascii cmath fcntl grp math mmap pyexpat readline resource select syslog termios
    unicodedata venv zlib
"""
for name in NAMES.split():
    if name == "audioop" and sys.version_info >= (3, 13):
        continue
    importlib.import_module(name)

# Every glibc lacks libcrypt or may lack it; the test suite is 30 MB that nobody runs.
assert importlib.util.find_spec("_crypt") is None
assert importlib.util.find_spec("test") is None or not importlib.util.find_spec("test.test_os")

for algorithm in ("md5", "sha1", "sha256", "sha3_256", "blake2b", "sha512_256"):
    hashlib.new(algorithm)

certificates = ssl.get_default_verify_paths().openssl_cafile
assert certificates == os.path.join(sys.prefix, "ssl", "cert.pem"), certificates
assert len(ssl.create_default_context().get_ca_certs()) > 100
assert ssl.OPENSSL_VERSION_INFO >= (3, 5)

assert sqlite3.connect(":memory:").execute("select json('[1]')").fetchone() == ("[1]",)
assert hasattr(sqlite3.Connection, "enable_load_extension")
assert ctypes.CDLL(None).getpid() == os.getpid()
zoneinfo.reset_tzpath()
assert list(zoneinfo.TZPATH) == [os.path.join(sys.prefix, "share", "zoneinfo")], zoneinfo.TZPATH
zoneinfo.ZoneInfo.no_cache("Europe/Zurich")

# Nothing of the build is left in what extension modules are compiled with.
assert sysconfig.get_config_var("CC").split()[0] == "gcc"
for name, value in sysconfig.get_config_vars().items():
    for path in re.findall(r"""(?:^|[\s=,'"]|-[BIL])(/\w[^\s:'",]+)""", str(value)):
        own = path.startswith((sys.prefix, "/usr/", "/bin/"))
        assert own or name == "userbase", f"{name}: {path}"

# A program elsewhere that has the library finds the rest of it beside the library.
with tempfile.TemporaryDirectory() as elsewhere:
    program = shutil.copy(os.path.realpath(sys.executable), elsewhere)
    found = subprocess.run(
        [program, "-c", "import json, _socket, sys; print(sys.prefix, sys.exec_prefix)"],
        env={"LD_LIBRARY_PATH": os.path.join(sys.prefix, "lib")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == [sys.prefix, sys.prefix] and not found.stderr, found
