"""ROOT's XRootD and the newer one of the Python client work together, in either order.

There is no server. To notice that uses most of a client: its settings, threads and connections.
"""

import os
import subprocess
import sys

BY_ROOT = """
import ROOT
try:
    ROOT.TFile.Open("root://127.0.0.1:1//file.root")
except OSError:
    print("reported by ROOT")
"""
BY_CLIENT = """
from XRootD import client
with client.File() as file:
    status, _ = file.open("root://127.0.0.1:1//file.root")
assert not status.ok and status.message, status
print("reported by the client")
"""
# Otherwise a client tries to connect five times, for two minutes each.
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
    assert done.stdout.count("reported by") == len(order), (done.stdout, done.stderr[-3000:])
