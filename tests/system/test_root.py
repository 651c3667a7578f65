"""The README's command, and what a physicist does with the channel it makes."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from rootstock.core import process
from rootstock.core.progress import silent
from rootstock.core.store import locate
from rootstock.image import debian
from rootstock.image.engines import Mount, Sandbox
from rootstock.image.engines.choose import choose

from .conftest import CHECKOUT, COMMAND

pytestmark = pytest.mark.system
PYTHONS = ("3.11", "3.13")
BUILD = (sys.executable, str(CHECKOUT / "scripts/build.py"))

CMAKE = """
cmake_minimum_required(VERSION 3.20)
project(scion CXX)
find_package(ROOT REQUIRED COMPONENTS Hist Tree RIO)
include(${ROOT_USE_FILE})
add_library(scion SHARED scion.cxx)
target_include_directories(scion PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(scion PUBLIC ROOT::Core ROOT::Hist ROOT::Tree ROOT::RIO)
ROOT_GENERATE_DICTIONARY(scion_dict scion.h MODULE scion LINKDEF linkdef.h)
add_executable(graft graft.cxx)
target_link_libraries(graft PRIVATE scion)
"""
HEADER = """
#pragma once
#include <TObject.h>
#include <vector>
class Scion : public TObject {
public:
    std::vector<double> leaves;
    double sum() const;
    ClassDef(Scion, 1)
};
"""
SOURCES = {
    "CMakeLists.txt": CMAKE,
    "scion.h": HEADER,
    "scion.cxx": """#include "scion.h"
ClassImp(Scion)
double Scion::sum() const { double s = 0; for (double leaf : leaves) s += leaf; return s; }
""",
    "linkdef.h": "#ifdef __CLING__\n#pragma link C++ class Scion+;\n#endif\n",
    "graft.cxx": """#include "scion.h"
#include <TFile.h>
#include <iostream>
int main() {
    { TFile f("graft.root", "RECREATE"); Scion s; s.leaves = {1, 2, 39}; s.Write("scion"); }
    TFile f("graft.root");
    std::cout << f.Get<Scion>("scion")->sum() << std::endl;
}
""",
}
CANVAS = """
#include <TCanvas.h>
#include <TH1D.h>
int main() {
    TCanvas canvas("c", "", 100, 100);
    TH1D h("h", "", 10, 0, 1);
    h.Draw();
    canvas.SaveAs("canvas.png");
}
"""
FRAME = """
#include <ROOT/RDataFrame.hxx>
int main() {
    return *ROOT::RDataFrame(4).Define("x", "rdfentry_ + 1.").Sum("x") != 10;
}
"""
ALL = """
cmake_minimum_required(VERSION 3.20)
project(all CXX)
set(components COMPONENTS)
find_package(ROOT REQUIRED COMPONENTS ${components})
list(TRANSFORM components PREPEND ROOT::)
add_executable(frame frame.cxx)
target_link_options(frame PRIVATE -Wl,--no-as-needed)
target_link_libraries(frame PRIVATE ${components})
"""

# What takes the place of AlmaLinux's libraries in CERN's wheel, and which of ROOT's need it.
LOADS = {
    "libCore.so": ("libpcre2-8.so.0",),
    "libGraf.so": ("libfreetype.so.6", "libpng16.so.16", "libbrotlidec.so.1"),
    "libASImage.so": ("libgif.so.7", "libjpeg.so.62", "libpng16.so.16", "libfreetype.so.6"),
    "libGX11TTF.so": ("libXft.so.2", "libXpm.so.4", "libfontconfig.so.1", "libfreetype.so.6"),
    "libNet.so": ("libssl.so.1.1", "libcrypto.so.1.1"),
    "libXrdCl.so.3": ("libssl.so.1.1", "libcrypto.so.1.1", "libuuid.so.1"),
    "libXrdSeckrb5-5.so": (
        *("libkrb5.so.3", "libk5crypto.so.3", "libkrb5support.so.0"),
        *("libcom_err.so.2", "libkeyutils.so.1"),
    ),
    "libXrdSecpwd-5.so": ("libcrypt.so.1",),
}
MAPPED = """
maps = open("/proc/self/maps").read().splitlines()
print("\\n".join(sorted({line.split(maxsplit=5)[5] for line in maps if ".so" in line})))
"""
# Opens the network, draws with fonts, and uses Python's own OpenSSL.
IN_USE = """
import ssl
import ROOT
ssl.create_default_context()
try:
    ROOT.TFile.Open("root://127.0.0.1:1//file.root")
except OSError:
    pass
ROOT.gROOT.SetBatch(True)
ROOT.gErrorIgnoreLevel = ROOT.kWarning
canvas = ROOT.TCanvas()
label = ROOT.TLatex(0.5, 0.5, "graft")
label.Draw()
canvas.SaveAs({picture!r})
assert all(ROOT.gSystem.Load(name) >= 0 for name in {names!r})
"""


@dataclass(frozen=True)
class Built:
    """The channel of the README's command, with the record of the run that made it."""

    channel: Path
    record: dict[str, Any]


def build(channel: Path, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [*BUILD, "--root", "6", *words, "--channel", str(channel)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    channel = tmp_path_factory.mktemp("root") / "channel"
    pythons = [word for python in PYTHONS for word in ("--py", python)]
    done = build(channel, *pythons, "--json")
    assert done.returncode == 0, done.stderr
    return Built(channel, json.loads(done.stdout))


@pytest.fixture(scope="module")
def moved(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that was made in one place and is now in another."""
    folder = tmp_path_factory.mktemp("env")
    argv = [*COMMAND, "env", str(folder / "made"), "root", "python 3.11.*", "numpy"]
    subprocess.run([*argv, "--channel", str(built.channel)], check=True)
    return (folder / "made").rename(folder / "moved")


def run(argv: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run without any environment at all."""
    words = [os.fspath(word) for word in argv]
    return subprocess.run(words, env={}, capture_output=True, text=True, check=False)


def test_every_cell_is_promoted_and_proven(built: Built) -> None:
    assert [cell["state"] for cell in built.record["cells"]] == ["promoted", "promoted"]
    assert all(report["passed"] for report in built.record["audit"])
    names = {path.name.rsplit("-", 2)[0] for path in built.channel.glob("*/*.conda")}
    # The first three are of the set analysis, and compilers are built only when asked for.
    assert not names & {"xrootd", "hist", "numba", "gxx"}
    for report in built.record["smoke"]:
        assert report["passed"]
        outcomes = {check["name"]: check["outcome"] for check in report["checks"]}
        left_out = ("xrootd", "hist_histograms", "dask_arrays", "numba_declare", "compiler")
        assert {outcomes.pop(name) for name in left_out} == {"not run"}
        assert set(outcomes.values()) == {"passed"}, outcomes
        assert report["glibc"] == "2.31"


def test_the_acceptance_tests_find_what_they_filled(built: Built) -> None:
    """`tests/acceptance`: a Gaussian at 91.19, and 50 events in each of ten runs."""
    for report in built.record["acceptance"]:
        assert [test["outcome"] for test in report["tests"]] == ["passed", "passed"], report
        found = {test["name"]: test["numbers"] for test in report["tests"]}
        peak, muons = found["peak"], found["muons"]
        assert peak["status"] == 0 and peak["entries"] == 25000
        assert abs(peak["mean"] - 91.19) < 5 * peak["mean error"] < 0.2
        assert muons["events"] == 500
        assert muons["sum of run numbers"] == 50 * sum(range(190000, 190010))
        assert 88 < muons["mean mass"] < 94
    assert len(built.record["acceptance"]) == len(PYTHONS)


def test_one_core_serves_all_pythons(built: Built) -> None:
    names = [path.name for path in built.channel.glob("*/*.conda")]
    assert len([name for name in names if name.startswith("root-core-")]) == 1
    assert len([name for name in names if name.startswith("pyroot-")]) == len(PYTHONS)


def test_tools_of_the_image_are_not_in_the_channel(built: Built) -> None:
    names = {path.name.split("-14.")[0] for path in built.channel.glob("*/*.conda")}
    assert not names & {"gcc_linux-64", "gxx_linux-64", "gcc_impl_linux-64", "gcc-runtime-build"}


def test_a_second_run_has_nothing_to_do(built: Built) -> None:
    done = build(built.channel, "--py", "3.11", "--json")
    record = json.loads(done.stdout)
    assert {node["state"] for node in record["nodes"]} == {"kept"}
    assert [cell["state"] for cell in record["cells"]] == ["unchanged"]


def test_the_user_is_reported_how_to_install(built: Built) -> None:
    done = build(built.channel, "--py", "3.11")
    assert done.returncode == 0
    assert f"-c {built.channel.as_uri()} root" in done.stderr


@pytest.mark.parametrize("python", PYTHONS)
def test_root_is_imported_in_silence_without_activation(
    built: Built, tmp_path: Path, python: str
) -> None:
    prefix = tmp_path / "env"
    argv = [*COMMAND, "env", str(prefix), "root", f"python {python}.*"]
    subprocess.run([*argv, "--channel", str(built.channel)], check=True)
    said = run([prefix / "bin/python", "-I", "-c", "import ROOT; print(ROOT.gROOT.GetVersion())"])
    assert (said.stdout, said.stderr) == ("6.40.00\n", "")


def test_the_programs_work_after_the_prefix_moved(moved: Path) -> None:
    version = run([moved / "bin/root-config", "--version"])
    assert version.stdout == "6.40.00\n", version.stderr
    assert run([moved / "bin/root-config", "--libdir"]).stdout.startswith(f"{moved}/")
    macro = moved / "macro.C"
    macro.write_text(
        '#include <vector>\nvoid macro() { std::vector<int> v{40, 2}; printf("%d", v[0] + v[1]); }'
    )
    said = run([moved / "bin/root", "-b", "-q", "-l", macro])
    assert "42" in said.stdout, said.stderr
    assert said.stderr == ""


def mapped(moved: Path, script: str, **env: str) -> set[Path]:
    """Run a script in the environment's Python; return the libraries that it has then."""
    argv = [str(moved / "bin/python"), "-I", "-c", script + MAPPED]
    done = subprocess.run(argv, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {Path(line) for line in done.stdout.splitlines()}


@pytest.mark.parametrize("library", LOADS)
def test_a_library_of_root_loads_the_channels_libraries(moved: Path, library: str) -> None:
    found = mapped(moved, f"import ctypes; ctypes.CDLL({str(moved / 'lib/root/lib' / library)!r})")
    assert {(moved / "lib" / name).resolve() for name in LOADS[library]} <= found


def test_a_process_that_uses_all_of_them_has_each_once(moved: Path, tmp_path: Path) -> None:
    script = IN_USE.format(picture=str(tmp_path / "picture.png"), names=list(LOADS))
    soon = {"XRD_CONNECTIONRETRY": "1", "XRD_CONNECTIONWINDOW": "1", "HOME": str(tmp_path)}
    found = mapped(moved, script, **soon)
    ours = {(moved / "lib" / name).resolve() for names in LOADS.values() for name in names}
    stems = {path.name.partition(".so")[0] for path in ours}
    # A copy of auditwheel's has a hash in its name: libssl-81259c47.so.1.1.1k.
    same = {path for path in found if path.name.partition(".so")[0].rpartition("-")[0] in stems}
    same |= {path for path in found if path.name.partition(".so")[0] in stems}
    python = {(moved / "lib" / name).resolve() for name in ("libssl.so.3", "libcrypto.so.3")}
    assert same == ours | python


def compile_and_run(moved: Path, project: Path, script: str, **sources: str) -> str:
    """Run a script where there is a compiler, in a folder with these files; its output."""
    store = locate()
    image = debian.ensure(CHECKOUT / "ci/images/build.yaml", store, silent)
    engine = choose("auto")
    engine.prepare(image.root)
    project.mkdir()
    project.chmod(0o777)
    for name, text in sources.items():
        (project / name).write_text(text)
    sandbox = Sandbox(
        root=image.root,
        mounts=(
            Mount(source=moved, target="/rootstock/env"),
            Mount(source=project, target="/rootstock/build", writable=True),
        ),
        env={"PATH": "/usr/bin:/bin"},
        cwd="/rootstock/build",
    )
    done = process.run(engine.command(sandbox, ["sh", "-euc", script]), timeout=600)
    assert done.code == 0, done.output
    return done.output


def test_cmake_finds_root_and_makes_a_dictionary(moved: Path, tmp_path: Path) -> None:
    script = (
        "cmake -S . -B made -DCMAKE_PREFIX_PATH=/rootstock/env -DCMAKE_BUILD_TYPE=Release"
        " && cmake --build made -j2 && cd made && ./graft"
        ' && /rootstock/env/bin/python -c \'import ROOT; f = ROOT.TFile("graft.root");'
        ' ROOT.gSystem.Load("./libscion.so"); assert f.Get("scion").sum() == 42\''
    )
    output = compile_and_run(moved, tmp_path / "project", script, **SOURCES)
    assert "\n42\n" in output


def test_programs_link_with_what_root_config_gives(moved: Path, tmp_path: Path) -> None:
    script = (
        "for name in canvas frame; do"
        " g++ $name.cxx -o $name $(/rootstock/env/bin/root-config --cflags --libs);"
        " env -i ./$name; done"
    )
    sources = {"canvas.cxx": CANVAS, "frame.cxx": FRAME}
    compile_and_run(moved, tmp_path / "project", script, **sources)
    assert (tmp_path / "project/canvas.png").read_bytes().startswith(b"\x89PNG")


def test_a_program_links_with_all_of_root_at_once(moved: Path, tmp_path: Path) -> None:
    """CMake gets each target of ROOT as a component, and the linker keeps them all."""
    targets = (moved / "lib/root/cmake/ROOTConfig-targets.cmake").read_text()
    components = re.findall(r"add_library\(ROOT::(\S+) SHARED", targets)
    # The dictionaries of the standard library, and RooFit's kernels for one processor each, are
    # loaded by name; ROOT's own build has them as targets, but not as components.
    components = [name for name in components if not re.match(r"\w+Dict$|RooBatchCompute_", name)]
    assert {"Gpad", "ROOTDataFrame", "RooFit", "ASImage", "GX11TTF", "NetxNG"} <= set(components)
    cmake = ALL.replace("components COMPONENTS", " ".join(["components", *components]))
    script = (
        "cmake -S . -B made -DCMAKE_PREFIX_PATH=/rootstock/env && cmake --build made && made/frame"
        " && readelf -d made/frame"
    )
    sources = {"CMakeLists.txt": cmake, "frame.cxx": FRAME}
    output = compile_and_run(moved, tmp_path / "project", script, **sources)
    linked = set(re.findall(r"\[lib(\w+)\.so", output))
    assert set(components) <= linked, set(components) - linked


SHELLS = ("sh", "bash")


@pytest.mark.parametrize("shell", SHELLS)
def test_thisroot_does_no_harm(moved: Path, tmp_path: Path, shell: str) -> None:
    """However often it is sourced, and where a script ends at the first unset variable."""
    script = f'. "{moved}/bin/thisroot.sh"; . "{moved}/bin/thisroot.sh"; env; command -v root'
    done = subprocess.run(
        [shell, "-euc", script],
        env={"PATH": f"/usr/bin:{moved}/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    *variables, root = done.stdout.splitlines()
    said = dict(line.split("=", 1) for line in variables)
    assert said["PATH"] == f"{moved}/bin:/usr/bin:/bin"
    assert said["ROOTSYS"] == f"{moved}/lib/root"
    assert set(said) <= {"PATH", "ROOTSYS", "PWD", "OLDPWD", "SHLVL", "_"}
    assert root == f"{moved}/bin/root"


def test_the_channel_can_be_copied_and_used_from_there(built: Built, tmp_path: Path) -> None:
    copied = tmp_path / "a copy"
    shutil.copytree(built.channel, copied, symlinks=True)
    argv = [*COMMAND, "env", str(tmp_path / "env"), "libzlib", "--channel", str(copied)]
    assert subprocess.run(argv, check=False).returncode == 0


def test_a_bundle_gives_root_where_there_is_no_network(built: Built, tmp_path: Path) -> None:
    """With a store that has nothing, and a network in which nothing is."""
    made, prefix = tmp_path / "made", tmp_path / "env"
    only = ("--only", "*-cp311-*")
    argv = [*COMMAND, "bundle", str(made), *only, "--channel", str(built.channel)]
    subprocess.run(argv, check=True)
    lock = "releases/0001/root6.40.00-cp311-linux_x86_64.txt"
    subprocess.run(
        [
            *("unshare", "--map-root-user", "--net"),
            *(*COMMAND, "env", str(prefix), "--lock", str(made / lock)),
        ],
        env={**os.environ, "ROOTSTOCK_HOME": str(tmp_path / "home")},
        check=True,
    )
    said = run([prefix / "bin/python", "-I", "-c", "import ROOT; print(ROOT.gROOT.GetVersion())"])
    assert (said.stdout, said.stderr) == ("6.40.00\n", "")
