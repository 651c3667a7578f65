"""ROOT's own XRootD and the Python client's, a newer one, work in one process, whichever is first.

No server is there. To find that out takes most of a client: its settings, threads and connections.
"""

import os
import subprocess
import sys

BY_ROOT = """
import ROOT
try:
    ROOT.TFile.Open("root://127.0.0.1:1//file.root")
except OSError:
    print("told by ROOT")
"""
BY_CLIENT = """
from XRootD import client
with client.File() as file:
    status, _ = file.open("root://127.0.0.1:1//file.root")
assert not status.ok and status.message, status
print("told by the client")
"""
# Otherwise a connection is tried five times, two minutes each.
SOON = {"XRD_CONNECTIONRETRY": "1", "XRD_CONNECTIONWINDOW": "1"}

for order in ([BY_ROOT, BY_CLIENT, BY_ROOT], [BY_CLIENT, BY_ROOT, BY_CLIENT]):
    done = subprocess.run(
        [sys.executable, "-I", "-c", "".join(order)],
        env=os.environ | SOON,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stdout[-500:], done.stderr[-3000:])
    assert done.stdout.count("told by") == len(order), (done.stdout, done.stderr[-3000:])
