"""Compiles an image's Python modules to bytecode, as its packages' own scripts would.

An image is mounted read-only. Without bytecode, each start of its Python compiles its imports
again: 0.3 s of the processor for `import zipfile, subprocess`, and a build starts Python often.
"""

from pathlib import Path

from rootstock.core import process

_LOADERS = ("lib64/ld-linux-x86-64.so.2", "lib/ld-linux-aarch64.so.1")


def compile_modules(root: Path) -> str:
    """Compile the modules below /usr/lib, if the image has Python.

    The image's own loader runs the image's own Python, so that neither privileges nor the machine's
    libraries are needed. The bytecode is the same each time: it contains no times, and paths as in
    the image.

    Returns why it failed, or an empty text.
    """
    python = root / "usr/bin/python3"
    if not python.exists():
        return ""
    loader = next((path for name in _LOADERS if (path := root / name).exists()), None)
    if loader is None:
        return "the image has no known loader"
    libraries = sorted({str(path.parent) for path in root.glob("usr/lib/*/libc.so.6")})
    folders = [str(path) for path in root.glob("usr/lib/python3*") if path.is_dir()]
    # One process only: others would start without the loader.
    how = ["-q", "-s", str(root), "-p", "/", "--invalidation-mode", "unchecked-hash"]
    start = [str(loader), "--library-path", ":".join(libraries), str(python.resolve())]
    done = process.run([*start, "-I", "-S", "-m", "compileall", *how, *sorted(folders)])
    return done.output.strip()[-200:] if done.code else ""
