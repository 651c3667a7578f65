"""Compile an image's Python modules to bytecode, as its packages' maintainer scripts would have.

An image is mounted read-only: without that, each start of its Python compiles anew what it
imports, 0.3 s of the processor for `import zipfile, subprocess`, and a build starts Python often.
"""

from pathlib import Path

from rootstock.core import process

_LOADERS = ("lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1")


def compile_modules(root: Path) -> str:
    """Compile the modules below /usr/lib; nothing where the image has no Python.

    The image's own Python is run by the image's own loader, so that neither privileges nor the
    machine's libraries are needed. The bytecode is the same each time: it has no times, and paths
    as they are in the image.

    Returns why it could not be done, or nothing when it was.
    """
    python = root / "usr/bin/python3"
    if not python.exists():
        return ""
    loader = next((path for name in _LOADERS if (path := root / name).exists()), None)
    if loader is None:
        return "there is no loader that is known"
    libraries = sorted({str(path.parent) for path in root.glob("usr/lib/*/libc.so.6")})
    folders = [str(path) for path in root.glob("usr/lib/python3*") if path.is_dir()]
    # One process: others would be started without the loader.
    how = ["-q", "-s", str(root), "-p", "/", "--invalidation-mode", "unchecked-hash"]
    start = [str(loader), "--library-path", ":".join(libraries), str(python.resolve())]
    done = process.run([*start, "-I", "-S", "-m", "compileall", *how, *sorted(folders)])
    return done.output.strip()[-200:] if done.code else ""
