"""OpenSSL connects, verifies and refuses certificates; this needs no network.

The certificate below is its own authority, for `rootstock.test`, made for this check only.
"""

import ssl
from contextlib import suppress
from pathlib import Path
from textwrap import fill

KEY = (
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgUCFBaFwuYv1MLzF3/23q00tFytA7AMylGYHWBX5q"
    "zhmhRANCAASOctuZDkRF7lSFiZtiaEbe9INsv+/CVX7+suhVyWT7ZqEk60Kl9dGpruvcIaZkVmPDe+u/yAnmW+c8"
    "dk7RGOGN"
)
CERTIFICATE = (
    "MIIBpDCCAUqgAwIBAgIUIAdT+4RPdUzXsmhZX7Q7KPiGeQAwCgYIKoZIzj0EAwIwGTEXMBUGA1UEAwwOcm9vdHN0"
    "b2NrLnRlc3QwIBcNMjYxMTIyMTU0NzU5WhgPMjEyNjEwMjkxNTQ3NTlaMBkxFzAVBgNVBAMMDnJvb3RzdG9jay50"
    "ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjnLbmQ5ERe5UhYmbYmhG3vSDbL/vwlV+/rLoVclk+2ahJOtC"
    "pfXRqa7r3CGmZFZjw3vrv8gJ5lvnPHZO0RjhjaNuMGwwHQYDVR0OBBYEFBEGcuWf9MrYpi8poa1QpW1olC37MB8G"
    "A1UdIwQYMBaAFBEGcuWf9MrYpi8poa1QpW1olC37MA8GA1UdEwEB/wQFMAMBAf8wGQYDVR0RBBIwEIIOcm9vdHN0"
    "b2NrLnRlc3QwCgYIKoZIzj0EAwIDSAAwRQIhAJyxm5IMqWGDiDJXZmydeto5DewTQL+8IXbqUsJ2pEV2AiBD4q3P"
    "FM6hr6f7GRCksdVNhMKJdvzZz40dx9uxfotgiw=="
)


def pem(label: str, base64: str) -> str:
    """The text that OpenSSL reads (RFC 7468)."""
    return f"-----BEGIN {label}-----\n{fill(base64, 64)}\n-----END {label}-----\n"


def handshake(client_context: ssl.SSLContext, name: str) -> tuple[ssl.SSLObject, bytes]:
    """Connect a client and a server in memory; return the client and what it received."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(down, up, server_hostname=name)
    server = server_context.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for side in (client, server):
            with suppress(ssl.SSLWantReadError):
                side.do_handshake()
    server.write(b"graft")
    return client, client.read()


Path("key.pem").write_text(pem("PRIVATE KEY", KEY))
Path("certificate.pem").write_text(pem("CERTIFICATE", CERTIFICATE))
server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server_context.load_cert_chain("certificate.pem", "key.pem")

trusting = ssl.create_default_context(cafile="certificate.pem")
client, received = handshake(trusting, "rootstock.test")
assert client.version() == "TLSv1.3", client.version()
assert received == b"graft", received

public = ssl.create_default_context()
assert len(public.get_ca_certs()) > 50, "the public authorities are missing"
for context, name in ((public, "rootstock.test"), (trusting, "other.test")):
    try:
        handshake(context, name)
    except ssl.SSLCertVerificationError:
        pass
    else:
        raise AssertionError(f"a certificate was not refused for {name}")
