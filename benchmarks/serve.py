"""Measure how many requests a second `rootstock serve` answers, against nginx.

    python benchmarks/serve.py [--turns 5] [--seconds 3] [--connections 8] [--channel FOLDER]

nginx has the configuration of docs/serving.md, one process and no log. Both serve the same channel,
by default one of 40 small packages, on loopback. They are asked in turns, so that what else the
machine does meets both, over connections that are kept (wrk, or else `ab -k`, which speaks
HTTP/1.0). The ratio is the median of those of the turns.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from index import RELEASE, artifact

from rootstock.channel.promote import commit, promote
from rootstock.channel.reader import Channel

CHECKOUT = Path(__file__).resolve().parents[1]
ROOTSTOCK = [sys.executable, "-I", "-m", "rootstock"]
LARGE = "large.conda"


def channel_of(folder: Path) -> Path:
    """A channel of small packages, and a file of 100 MB in it."""
    channel = folder / "channel"
    artifacts = [artifact(folder / "made", number) for number in range(RELEASE)]
    with Channel.at(channel).write(create=True) as change:
        commit(change, promote(change, artifacts))
    (channel / "noarch" / LARGE).write_bytes(bytes(100_000_000))
    return channel


@contextmanager
def rootstock(channel: Path) -> Iterator[str]:
    """`rootstock serve`, and its address."""
    words = [*ROOTSTOCK, "serve", "--channel", str(channel), "--port", "0", "--json"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield json.loads(process.stdout.readline())["url"]
    finally:
        process.terminate()
        process.wait()


@contextmanager
def nginx(channel: Path, work: Path) -> Iterator[str]:
    """Start nginx with the configuration of the documentation; give its address."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin")
    if not program:
        raise SystemExit("nginx is not installed (Debian: nginx-light)")
    [shown] = re.findall(r"```nginx\n(.*?)```", (CHECKOUT / "docs/serving.md").read_text(), re.S)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    site = shown.replace("/srv/channel", str(channel))
    site = site.replace("listen 80;", f"listen 127.0.0.1:{port};")
    places = " ".join(
        f"{name}_temp_path {work}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (work / "nginx.conf").write_text(
        f"daemon off; pid {work}/pid; error_log {work}/errors;\n"
        f"events {{}}\nhttp {{ access_log off; {places}\n{site} }}\n"
    )
    process = subprocess.Popen(
        [program, "-c", f"{work}/nginx.conf", "-e", f"{work}/errors", "-g", f"user {_user()};"]
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _user() -> str:
    import getpass

    return getpass.getuser()


def requests(url: str, seconds: float, connections: int) -> float:
    """The requests a second that a server answered, all of them well."""
    if shutil.which("wrk"):
        words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}", "--timeout=30s", url]
        output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in output or "Socket errors" in output:
            raise SystemExit(output)
        [found] = re.findall(r"Requests/sec:\s+([0-9.]+)", output)
    else:
        words = ["ab", "-q", "-k", f"-t{seconds:.0f}", "-n10000000", f"-c{connections}", url]
        output = subprocess.run(words, capture_output=True, text=True, check=True).stdout
        if "Non-2xx" in output or not re.search(r"Failed requests:\s+0\n", output):
            raise SystemExit(output)
        [found] = re.findall(r"Requests per second:\s+([0-9.]+)", output)
    return float(found)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--channel", type=Path)
    parser.add_argument("--paths", default="", help="with commas between them")
    words = parser.parse_args()
    usual = "linux-64/repodata.json.zst,linux-64/repodata.json"
    paths = words.paths or (usual if words.channel else f"noarch/repodata.json.zst,noarch/{LARGE}")
    print("| path | bytes | rootstock, requests/s | nginx | ratio, median (range) |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        channel = (words.channel or channel_of(Path(folder))).resolve()
        with rootstock(channel) as ours, nginx(channel, Path(folder)) as other:
            time.sleep(1)
            for path in paths.split(","):
                size = (channel / path).stat().st_size
                seen: list[tuple[float, float]] = []
                for _ in range(words.turns):
                    one, two = (
                        requests(f"{url}/{path}", words.seconds, words.connections)
                        for url in (ours, other)
                    )
                    seen.append((one, two))
                ratios = [one / two for one, two in seen]
                mine, its = (statistics.median(column) for column in zip(*seen, strict=True))
                print(
                    f"| {path} | {size:,} | {mine:,.0f} | {its:,.0f} | "
                    f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}) |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
