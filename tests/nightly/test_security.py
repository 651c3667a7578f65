"""Reasons in ci/security.yaml that hold only while nothing else uses a library."""

import re
import subprocess
from pathlib import Path

import pytest

from rootstock.core import elf
from rootstock.core.elf import Elf, ElfError

pytestmark = pytest.mark.nightly

# Finishes the decryption of a message with EVP_Cipher, with the right tag and with a wrong one, and
# prints what it returns (openssl/evp.h of 1.1.1: EVP_CTRL_AEAD_SET_IVLEN 9, GET_TAG 16,
# SET_TAG 17).
FINISH = """
import ctypes, sys
library = ctypes.CDLL(sys.argv[1])
library.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
find = getattr(library, sys.argv[2])
find.restype = ctypes.c_void_p
cipher, size = ctypes.c_void_p(find()), ctypes.c_int()

def begin(encrypt, tag=None):
    context = ctypes.c_void_p(library.EVP_CIPHER_CTX_new())
    assert library.EVP_CipherInit_ex(context, cipher, None, None, None, encrypt) == 1
    assert library.EVP_CIPHER_CTX_ctrl(context, 9, 12, None) == 1
    assert tag is None or library.EVP_CIPHER_CTX_ctrl(context, 17, 16, tag) == 1
    assert library.EVP_CipherInit_ex(context, None, None, bytes(32), bytes(12), encrypt) == 1
    assert library.EVP_CipherUpdate(context, None, ctypes.byref(size), b"header", 6) == 1
    return context

rest, tag = ctypes.create_string_buffer(64), ctypes.create_string_buffer(16)
context = begin(1)
assert library.EVP_CipherFinal_ex(context, rest, ctypes.byref(size)) == 1
assert library.EVP_CIPHER_CTX_ctrl(context, 16, 16, tag) == 1
wrong = bytes([tag.raw[0] ^ 1]) + tag.raw[1:]
print([library.EVP_Cipher(begin(0, one), rest, None, 0) for one in (tag.raw, wrong)])
"""


@pytest.fixture(scope="module")
def users(analysis: Path) -> dict[str, Elf]:
    """The ELF files of the environment that load a library, by path."""
    found = {}
    for path in analysis.rglob("*"):
        if path.is_file() and not path.is_symlink():
            try:
                one = elf.read(path)
            except ElfError:  # of another machine
                continue
            if one:
                found[path.relative_to(analysis).as_posix()] = one
    return found


@pytest.mark.parametrize(
    ("library", "functions", "known"),
    [
        (r"lib(ssl|crypto)\.so\.1\.1", r"DTLS|(\w+_)?CMS_", {"libNet.so", "libXrdCryptossl-5.so"}),
        (r"libXpm\.so\.4", r"Xpm\w*FromBuffer", {"libGX11.so"}),
    ],
)
def test_nothing_imports_what_has_the_fault(
    users: dict[str, Elf], library: str, functions: str, known: set[str]
) -> None:
    loading = {
        path: one
        for path, one in users.items()
        if any(re.fullmatch(library, n) for n in one.needed)
    }
    assert {path.rpartition("/")[2] for path in loading} >= known
    wanted = {
        path: [key for key in one.wanted if re.match(functions, key.decode())]
        for path, one in loading.items()
    }
    assert {path: some for path, some in wanted.items() if some} == {}


@pytest.mark.parametrize("cipher", ["EVP_chacha20_poly1305", "EVP_aes_128_ocb"])
def test_openssl_1_1_finds_a_wrong_tag(analysis: Path, cipher: str) -> None:
    """CVE-2026-75803: 3.5 before its patch returns 0 for both."""
    words = [analysis / "bin/python", "-I", "-c", FINISH, analysis / "lib/libcrypto.so.1.1", cipher]
    done = subprocess.run([str(one) for one in words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0, -1]"
