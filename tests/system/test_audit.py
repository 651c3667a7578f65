"""The audit of packages with little libraries, made with the machine's own compiler."""

import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import zstandard
from rattler.package_streaming import extract

from rootstock.audit.report import AuditReport
from rootstock.audit.rules import audit
from rootstock.building.artifact import Artifact
from rootstock.channel.stage import stage
from rootstock.core.elf import read
from rootstock.core.store import Store

from .compiling import compiled
from .conftest import serving
from .packing import Parcel

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc on this machine"),
]

# Two glibcs of which the newer one has `fcntl64` in a version of its own, as glibc 2.28 does.
OLD_SYMBOLS = "GLIBC_2.2.5 { global: plain; _dl_*; local: *; }; GLIBC_2.17 { global: good; };"
NEW_SYMBOLS = OLD_SYMBOLS + "GLIBC_2.28 { global: fcntl64; }; GLIBC_PRIVATE { global: secret; };"
GLIBC = "void plain(void){} void good(void){} void fcntl64(void){} void secret(void){}"
FLOOR = "__glibc >=2.17,<3.0.a0"

Compile = Callable[..., bytes]


class Bench:
    """Compiles against the newer of the two glibcs, and audits against the older one."""

    def __init__(self, folder: Path, package: Any) -> None:
        self.folder, self.package = folder / "bench", package
        self.folder.mkdir()
        self.store = Store(folder / "store")
        self.store.prepare()
        old = self.compile("libc.so.6", GLIBC, "-Wl,--version-script=old", old=OLD_SYMBOLS)
        self.compile("libc.so.6", GLIBC, "-Wl,--version-script=new", new=NEW_SYMBOLS)
        stubs = {"x86_64-conda-linux-gnu/sysroot/usr/lib64/libc.so.6": old}
        self.sysroot = package("sysroot_linux-64", "2.17", files=stubs)

    def compile(self, name: str, code: str, *options: str, **files: str) -> bytes:
        return compiled(self.folder, name, code, *options, **files)

    def audit(
        self, files: dict[str, bytes], *others: Artifact, depends: tuple[str, ...] = (FLOOR,)
    ) -> AuditReport:
        made = self.package("made", files=files, depends=depends)
        return audit(made, closure=others, sysroots=[self.sysroot], store=self.store)

    def found(self, files: dict[str, bytes], *others: Artifact) -> list[tuple[str, str]]:
        findings = self.audit(files, *others).findings
        return [(one.rule, one.file) for one in findings if one.rule != "licence"]


@pytest.fixture
def bench(tmp_path: Path, package: Any) -> Bench:
    return Bench(tmp_path, package)


def test_a_right_library_is_proven(bench: Bench) -> None:
    made = bench.compile("liba.so", "void good(); void a(){ good(); }", "-l:libc.so.6")
    report = bench.audit({"lib/liba.so": made})
    assert [finding.rule for finding in report.findings] == ["licence", "licence"]
    assert (report.declared, report.proven, report.elf_files) == ("2.17", "2.17", 1)


def test_a_newer_symbol(bench: Bench) -> None:
    made = bench.compile("liba.so", "void fcntl64(); void a(){ fcntl64(); }", "-l:libc.so.6")
    report = bench.audit({"lib/liba.so": made})
    [finding] = [one for one in report.findings if one.rule != "licence"]
    assert (finding.rule, finding.file, report.proven) == ("floor", "lib/liba.so", "2.28")
    assert "GLIBC_2.28 for fcntl64" in finding.message


def test_a_newer_symbol_that_is_weak(bench: Bench) -> None:
    code = "void fcntl64() __attribute__((weak)); void a(){ if (fcntl64) fcntl64(); }"
    made = bench.compile("liba.so", code, "-l:libc.so.6")
    assert bench.found({"lib/liba.so": made}) == [("floor", "lib/liba.so")]


def test_a_private_symbol(bench: Bench) -> None:
    made = bench.compile("liba.so", "void secret(); void a(){ secret(); }", "-l:libc.so.6")
    assert bench.found({"lib/liba.so": made}) == [("floor", "lib/liba.so")]


def test_an_undefined_symbol_without_a_version(bench: Bench) -> None:
    made = bench.compile("liba.so", "void _dl_find_object(); void a(){ _dl_find_object(); }")
    assert bench.found({"lib/liba.so": made}) == [("symbols", "lib/liba.so")]


@pytest.mark.parametrize("kind", ["-pie", "-no-pie"])
def test_programs_are_linked_as_libraries_are(bench: Bench, kind: str) -> None:
    bench.compile("liblow.so", "void low(){} void gone(){}")
    options = (kind, "-l:liblow.so", "-Wl,-rpath,$ORIGIN/../lib")
    right = bench.compile("right", "void low(); void _start(){ low(); }", *options)
    wrong = bench.compile("wrong", "void gone(); void _start(){ gone(); }", *options)
    low = bench.compile("liblow.so", "void low(){}")
    files = {"bin/right": right, "bin/wrong": wrong, "lib/liblow.so": low}
    assert bench.found(files) == [("symbols", "bin/wrong")]


def test_a_declared_floor_is_needed(bench: Bench) -> None:
    made = bench.compile("liba.so", "void a(){}")
    report = bench.audit({"lib/liba.so": made}, depends=())
    assert "floor" in [finding.rule for finding in report.findings]
    older = bench.audit({"lib/liba.so": made}, depends=("__glibc >=2.12",))
    assert "floor" in [finding.rule for finding in older.findings]


@pytest.mark.parametrize("path", ["/usr/lib", "$ORIGIN/../..", "$ORIGIN:", "lib"])
@pytest.mark.parametrize("tag", ["--enable-new-dtags", "--disable-new-dtags"])
def test_rpaths_out_of_the_prefix(bench: Bench, path: str, tag: str) -> None:
    made = bench.compile("liba.so", "void a(){}", f"-Wl,-rpath,{path}", f"-Wl,{tag}")
    assert bench.found({"lib/liba.so": made}) == [("rpath", "lib/liba.so")]


def test_a_library_of_a_package_that_is_no_dependency(bench: Bench) -> None:
    low = bench.compile("liblow.so", "void low(){}")
    code = "void low(); void a(){ low(); }"
    made = bench.compile("liba.so", code, "-l:liblow.so", "-Wl,-rpath,$ORIGIN")
    dependency = bench.package("low", files={"lib/liblow.so": low})
    assert bench.found({"lib/liba.so": made}, dependency) == []
    assert bench.found({"lib/liba.so": made}) == [("libraries", "lib/liba.so")]
    assert bench.found({"lib/x/liba.so": made}, dependency) == [("libraries", "lib/x/liba.so")]


def test_a_library_may_use_the_rpath_of_what_loads_it(bench: Bench) -> None:
    low = bench.compile("liblow.so", "void low(){}")
    code = "void low(); void middle(){ low(); }"
    middle = bench.compile("libmiddle.so", code, "-l:liblow.so")
    code, options = (
        "void middle(); void top(){ middle(); }",
        ("-l:libmiddle.so", "-Wl,-rpath-link,."),
    )
    top = bench.compile("libtop.so", code, *options, "-Wl,-rpath,$ORIGIN,--disable-new-dtags")
    files = {"lib/liblow.so": low, "lib/libmiddle.so": middle}
    assert bench.found(files) == [("libraries", "lib/libmiddle.so")]
    assert bench.found({**files, "lib/libtop.so": top}) == []


# What libstdc++ has since GCC 14, and since GCC 15.
GCC14, GCC15 = ("GLIBCXX_3.4.33", "CXXABI_1.3.15"), ("GLIBCXX_3.4.34", "CXXABI_1.3.16")


def function(version: str) -> str:
    return version.lower().replace(".", "_")


def libstdcxx(bench: Bench, *versions: str) -> bytes:
    """A libstdc++ that has a function in each of the versions."""
    code = "".join(f"void {function(one)}(){{}}" for one in versions)
    script = "".join(f"{one} {{ global: {function(one)}; }};" for one in versions)
    return bench.compile("libstdc++.so.6", code, "-Wl,--version-script=cxx", cxx=script)


@pytest.mark.parametrize("version", [*GCC14, *GCC15])
def test_the_installed_libstdcxx_has_to_have_the_versions(
    tmp_path: Path, bench: Bench, version: str
) -> None:
    """And not that of the compiler, nor this machine's."""
    new, name = libstdcxx(bench, *GCC14, *GCC15), function(version)
    options = ("-l:libstdc++.so.6", "-Wl,-rpath,$ORIGIN")
    made = bench.compile("liba.so", f"void {name}(); void a(){{ {name}(); }}", *options)
    old = libstdcxx(bench, *GCC14)
    for there, well in ((new, True), (old, version in GCC14)):
        file = {"lib/libstdc++.so.6": there}
        found = bench.found({"lib/liba.so": made}, bench.package("libstdcxx", files=file))
        assert found == ([] if well else [("symbols", "lib/liba.so")])
        prefix = environment(tmp_path / "env", {"lib/liba.so": made, **file}, a="stdc++.so")
        code, answer = asked(prefix)
        messages = [one["message"] for one in answer["audited"][0]["findings"]]
        assert (code, len(messages)) == ((0, 0) if well else (1, 1))
        assert all(f"versions libstdc++.so.6@{version}," in one for one in messages)


def test_a_plugin_takes_symbols_of_the_program_that_loads_it(bench: Bench) -> None:
    made = bench.compile("plugin.so", "void Py_Main(); void a(){ Py_Main(); }")
    code = "void Py_Main(){} void _start(){}"
    python = bench.package(
        "python", files={"bin/python": bench.compile("py", code, "-pie", "-rdynamic")}
    )
    assert bench.found({"lib/plugin.so": made}, python) == []
    assert bench.found({"lib/plugin.so": made}) == [("symbols", "lib/plugin.so")]


def test_a_build_path_in_a_library(bench: Bench) -> None:
    code = 'const char *a = "/rootstock/build/out/work/a.c";'
    made = bench.compile("liba.so", code)
    assert bench.found({"lib/liba.so": made}) == [("leak", "lib/liba.so")]


def test_a_library_that_is_cut_off(bench: Bench) -> None:
    made = bench.compile("liba.so", "void a(){}")
    assert bench.found({"lib/liba.so": made[: len(made) // 2]}) == [("elf", "lib/liba.so")]


def test_files_that_nothing_loads_are_left_alone(bench: Bench) -> None:
    code = "void gone(); void a(){ gone(); }"
    library = bench.compile("liba.so", code, "-g")
    subprocess.run(
        ["objcopy", "--only-keep-debug", "liba.so", "a.debug"], cwd=bench.folder, check=True
    )
    subprocess.run(["gcc", "-c", "a.c"], cwd=bench.folder, check=True, capture_output=True)
    files = {f"lib/{name}": (bench.folder / name).read_bytes() for name in ("a.debug", "a.o")}
    assert bench.audit(files).elf_files == 0
    assert bench.audit({**files, "lib/liba.so": library}).elf_files == 1


@pytest.mark.parametrize(
    ("symbol", "right"), [("plain", True), ("good", True), ("gone", False), ("fcntl64", False)]
)
def test_the_linker_is_of_the_same_opinion(bench: Bench, symbol: str, right: bool) -> None:
    made = bench.compile("liba.so", f"void {symbol}(); void a(){{ {symbol}(); }}", "-l:libc.so.6")
    bench.compile("libc.so.6", GLIBC, "-Wl,--version-script=old")
    words = ["ld", "--no-allow-shlib-undefined", "-e", "0", "-o", "out", "liba.so", "libc.so.6"]
    linked = subprocess.run(words, cwd=bench.folder, check=False, capture_output=True)
    assert (linked.returncode == 0) == right
    assert (bench.found({"lib/liba.so": made}) == []) == right


def test_what_is_read_is_what_readelf_reads() -> None:
    def output(*words: str) -> str:
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout

    path = Path(output("gcc", "-print-file-name=libstdc++.so.6").strip()).resolve()
    elf = read(path)
    assert elf is not None
    lines = output("readelf", "-W", "--dyn-syms", str(path)).splitlines()
    fields = [line.split() for line in lines if re.match(r"\s*\d+:\s", line)]
    wanted = {f[7] for f in fields if len(f) > 7 and f[4] == "GLOBAL" and f[6] == "UND"}
    offered = {f[7] for f in fields if len(f) > 7 and f[4] != "LOCAL" and f[6] != "UND"}
    assert elf.wanted == {name.encode() for name in wanted}
    names = {name.replace("@@", "@").encode() for name in offered}
    assert names <= elf.exports
    versioned = (key.split(b"@") for key in elf.exports if b"@" in key.rstrip(b"@"))
    # readelf shows the versions' own names, which are symbols too, without a version.
    assert {name + b"@" + version for name, version in versioned if name != version} <= names
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", output("readelf", "-d", str(path)))
    assert list(elf.needed) == needed


@pytest.mark.parametrize(
    ("rule", "code", "options", "readelf"),
    [
        ("", "void a(){}", ("-Wl,-z,noexecstack", "-Wl,-z,relro"), ""),
        ("stack", "void a(){}", ("-Wl,-z,execstack",), r"GNU_STACK .*\n? .* RWE"),
        ("relro", "int b; int *a = &b;", ("-Wl,-z,norelro",), ""),
        ("textrel", 'extern int b; __asm__(".text; .quad b");', ("-Wl,-z,notext",), r"\(TEXTREL\)"),
        ("segments", "int b; void a(){}", ("-Wl,--omagic",), r"LOAD .*\n? .* RWE"),
    ],
)
def test_what_some_systems_refuse(
    bench: Bench, tmp_path: Path, rule: str, code: str, options: tuple[str, ...], readelf: str
) -> None:
    made = bench.compile("liba.so", code, *options)
    found = {one for one, _ in bench.found({"lib/liba.so": made})}
    assert (rule in found) if rule else not found
    (tmp_path / "liba.so").write_bytes(made)
    argv = ["readelf", "-W", "-l", "-d", str(tmp_path / "liba.so")]
    shown = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    assert re.search(readelf, shown)
    assert ("GNU_RELRO" in shown) == ("relro" not in found)


# ---- packages of any origin, by the command


def asked(*words: str | Path) -> tuple[int, Any]:
    """Run the command with --json; return its exit code and the object that it prints."""
    argv = [sys.executable, "-I", "-m", "rootstock", "audit", *words, "--json"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True)
    return done.returncode, json.loads(done.stdout)


def as_wheel(folder: Path, tag: str, files: dict[str, bytes]) -> Path:
    path = folder / f"x-1-cp311-cp311-{tag}.whl"
    metadata = b"License-Expression: MIT\nLicense-File: LICENSE\n"
    info = {"x-1.dist-info/METADATA": metadata, "x-1.dist-info/licenses/LICENSE": b"free"}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**files, **info}.items():
            archive.writestr(name, content)
    return path


@pytest.fixture
def fresh(bench: Bench) -> bytes:
    """A library that needs a symbol of glibc 2.28, and a library of another package."""
    bench.compile("libother.so", "void other(){}")
    code = "void fcntl64(); void other(); void a(){ fcntl64(); other(); }"
    return bench.compile("liba.so", code, "-l:libc.so.6", "-l:libother.so")


@pytest.mark.parametrize(
    ("tag", "declared", "rules"),
    [
        ("manylinux_2_28_x86_64", "2.28", []),
        ("manylinux_2_17_x86_64", "2.17", ["floor"]),
        ("linux_x86_64", "", ["floor"]),
    ],
)
def test_a_wheel_is_held_to_its_name(
    tmp_path: Path, fresh: bytes, tag: str, declared: str, rules: list[str]
) -> None:
    code, answer = asked(as_wheel(tmp_path, tag, {"x/liba.so": fresh}))
    [one] = answer["audited"]
    assert (one["kind"], one["declared"], one["proven"]) == ("wheel", declared, "2.28")
    assert one["prover"] == "x/liba.so: fcntl64@GLIBC_2.28"
    assert one["files"] == {"x/liba.so": {"glibc": "2.28", "symbol": "fcntl64@GLIBC_2.28"}}
    assert one["needs"] == ["libother.so"]
    assert [finding["rule"] for finding in one["findings"]] == rules
    assert code == (1 if rules else 0)
    assert ("error" in answer) == bool(rules)


def test_a_conda_package_is_the_same_in_both_formats(
    tmp_path: Path, bench: Bench, fresh: bytes
) -> None:
    made = bench.package("made", files={"lib/liba.so": fresh}, depends=(FLOOR,))
    extract(made.path, tmp_path / "unpacked")
    old = tmp_path / f"{made.path.name.removesuffix('.conda')}.tar.bz2"
    with tarfile.open(old, "w:bz2") as tar:
        for path in sorted((tmp_path / "unpacked").rglob("*")):
            tar.add(path, path.relative_to(tmp_path / "unpacked"), recursive=False)
    code, answer = asked(made.path, old)
    first, second = answer["audited"]
    assert code == 1
    assert [one.pop("name") for one in (first, second)] == [str(made.path), str(old)]
    first.pop("seconds"), second.pop("seconds")
    assert first == second
    assert {(one["rule"], one["file"]) for one in first["findings"]} == {
        ("floor", "lib/liba.so"),
        ("licence", "info/index.json"),
        ("licence", "info/licenses"),
    }


def test_packages_are_fetched_from_where_a_channel_is_served(
    tmp_path: Path, bench: Bench, fresh: bytes
) -> None:
    old = bench.compile("libb.so", "void b(){}")
    good = as_wheel(tmp_path, "manylinux_2_17_x86_64", {"x/libb.so": old})
    bad = bench.package("bad", files={"lib/liba.so": fresh}, depends=(FLOOR,))
    cut = bench.package("cut", files={"lib/libb.so": old}, depends=(FLOOR,))
    folder = stage([bad, cut], tmp_path / "channel") / "linux-64"
    shutil.copy(good, folder)
    content = (folder / cut.filename).read_bytes()
    (folder / cut.filename).unlink()  # the store has the same file
    (folder / cut.filename).write_bytes(content[: len(content) // 2])
    with serving(tmp_path / "channel") as url:
        right, broken = (f"{url}/linux-64/{name}" for name in (good.name, bad.filename))
        damaged, gone = (f"{url}/linux-64/{name}" for name in (cut.filename, "gone-1-0.conda"))
        assert asked(right)[0] == 0
        code, answer = asked(right, broken)
        assert [one["name"] for one in answer["audited"]] == [right, broken]
        _, local = asked(good, bad.path)
        for one in (*answer["audited"], *local["audited"]):
            del one["name"], one["seconds"]
        assert (code, answer["audited"]) == (1, local["audited"])
        assert "floor" in {one["rule"] for one in answer["audited"][1]["findings"]}
        for wrong, ends in ((damaged, 2), (gone, 3)):
            code, answer = asked(right, wrong)
            assert (code, answer["code"]) == (ends, ends)
            assert [one["name"] for one in answer["audited"]] == [right]
            assert wrong in answer["error"]


def environment(prefix: Path, files: dict[str, bytes], **depends: str) -> Path:
    """An environment with a package for each file, named by the file's stem without lib."""
    (prefix / "conda-meta").mkdir(parents=True, exist_ok=True)
    for file, content in files.items():
        (prefix / file).parent.mkdir(exist_ok=True)
        (prefix / file).write_bytes(content)
        name = Path(file).stem.removeprefix("lib")
        needs = [depends[name]] if name in depends else []
        record = {"name": name, "fn": f"{name}-1-0.conda", "files": [file], "depends": needs}
        record["license"] = "MIT"
        (prefix / f"conda-meta/{name}-1-0.json").write_text(json.dumps(record))
    return prefix


def test_an_environment_is_linked_as_a_whole(tmp_path: Path, bench: Bench) -> None:
    low = bench.compile("liblow.so", "void low(){}")
    options = ("-l:liblow.so", "-Wl,-rpath,$ORIGIN")
    high = bench.compile("libhigh.so", "void low(); void high(){ low(); }", *options)
    files = {"lib/liblow.so": low, "lib/libhigh.so": high}
    prefix = environment(tmp_path / "env", files, high="low >=1")
    code, answer = asked(prefix)
    assert (code, answer["audited"][0]["elf_files"]) == (0, 2)
    environment(prefix, files)
    code, answer = asked(prefix)
    [finding] = answer["audited"][0]["findings"]
    assert (code, finding["rule"], finding["file"]) == (1, "undeclared", "lib/libhigh.so")
    (prefix / "lib/liblow.so").unlink()
    code, answer = asked(prefix)
    assert code == 1
    [finding] = answer["audited"][0]["findings"]
    assert (finding["rule"], finding["file"]) == ("libraries", "lib/libhigh.so")
    assert "liblow.so" in finding["message"]


def test_a_copy_that_takes_the_place_of_another(tmp_path: Path, bench: Bench) -> None:
    code = "void ZSTD_free(){} void ZSTD_copy(){ ZSTD_free(); }"
    own = bench.compile("libown.so", code)
    first = bench.compile("libfirst.so", code + "int more;")
    prefix = environment(tmp_path / "env", {"lib/libown.so": own, "lib/libfirst.so": first})
    ended, answer = asked(prefix)
    [pair] = answer["audited"][0]["duplicates"]
    assert (ended, pair["name"], pair["symbols"], pair["bound"]) == (0, "ZSTD", 2, [])
    (prefix / "lib/first.pcm").write_text("")  # ROOT loads it
    ended, answer = asked(prefix)
    [finding] = answer["audited"][0]["findings"]
    assert (ended, finding["rule"], finding["file"]) == (1, "interposed", "lib/libfirst.so")
    argv = [sys.executable, "-I", "-m", "rootstock", "audit", str(prefix), "--symbols"]
    shown = subprocess.run(argv, check=False, capture_output=True, text=True).stdout
    assert "2 equal symbols (ZSTD): lib/libfirst.so and lib/libown.so" in shown
    assert "lib/libown.so may bind 1 of them to lib/libfirst.so" in shown


def test_what_came_before_a_damaged_package_is_reported(tmp_path: Path, fresh: bytes) -> None:
    good = as_wheel(tmp_path, "manylinux_2_28_x86_64", {"x/liba.so": fresh})
    bad = tmp_path / "bad-1-0.conda"
    bad.write_bytes(good.read_bytes()[:100])
    code, answer = asked(good, bad)
    assert (code, answer["code"]) == (2, 2)
    assert [one["name"] for one in answer["audited"]] == [str(good)]
    assert str(bad) in answer["error"]


def member(name: str, pax: str = "") -> bytes:
    """A tar archive of an empty file, with a comment."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.pax_headers = {"comment": pax} if pax else {}
        tar.addfile(info)
    return made.getvalue()


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"pkg-y-1-0": member("b")}, "it has 'pkg-y-1-0.tar.zst', but by its name"),
        ({"pkg-x-1-0": member("a") + member("b")}, "it has data after the end of its files"),
        ({"pkg-x-1-0": member("a", "c" * (1 << 20))}, "have more than 65,536 bytes"),
    ],
)
def test_archives_that_no_client_should_have_to_read_are_refused(
    tmp_path: Path, parts: dict[str, bytes], said: str
) -> None:
    path = Parcel().conda(tmp_path)
    assert asked(path)[0] == 0
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    content |= {f"{name}.tar.zst": zstandard.compress(part) for name, part in parts.items()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, packed in content.items():
            archive.writestr(name, packed)
    code, answer = asked(path)
    assert (code, answer["code"]) == (2, 2)
    assert said in answer["error"]
    assert str(path) in answer["error"]


def test_a_package_that_takes_too_long_or_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Parcel().conda(tmp_path)
    monkeypatch.setenv("ROOTSTOCK_HOME", str(tmp_path / "store"))
    for option, value, said in (
        ("--time-limit", "0.000001s", "was not audited: that took more than 1e-06 s"),
        ("--size-limit", "0.000001M", "it has more than 1 bytes"),
    ):
        code, answer = asked(path, option, value)
        assert (code, answer["code"]) == (2, 2)
        assert f"{path} " in answer["error"]
        assert said in answer["error"]
        assert option in answer["remedy"]
        assert not any((tmp_path / "store/tmp").glob("*"))
        assert asked(path, option, "none")[0] == 0
    assert {one.name for one in tmp_path.iterdir()} == {path.name, "store"}
