"""Ending processes, at moments that a whole run meets only by chance."""

import subprocess
import sys

# What a pool of threads holds while it starts one is what a fork elsewhere waits for.
INTERRUPTED = """
import signal, threading, time
from concurrent.futures import thread
from rootstock.core import process
from rootstock.core.errors import InterruptedByUser

def start():
    try:
        process.run(["sleep", "60"])
    except InterruptedByUser:
        print("interrupted", flush=True)

signal.signal(signal.SIGINT, lambda *_: process.end_all())
starts = threading.Thread(target=start)
with thread._global_shutdown_lock:
    starts.start()
    time.sleep(0.5)
    signal.raise_signal(signal.SIGINT)
starts.join()
"""

# The signal comes while Python prepares a fork, where an exception is only printed.
IN_A_FORK = """
import os, signal, sys
from rootstock.cli.main import main

os.register_at_fork(before=lambda: signal.raise_signal(signal.SIGINT))
sys.argv = ["rootstock", "doctor"]
main()
"""


def test_an_interruption_waits_for_no_lock() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", INTERRUPTED], capture_output=True, text=True, timeout=20
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "interrupted\n"


def test_an_interruption_during_a_fork_is_reported_in_a_word() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-c", IN_A_FORK], capture_output=True, text=True, timeout=20
    )
    assert (done.returncode, done.stderr) == (130, "error: interrupted\n")
