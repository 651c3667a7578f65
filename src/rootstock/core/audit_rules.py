"""The catalogue of the audit's rules: what each requires of a package, and what a recipe may waive.

`rootstock audit --explain`, the page of rules and the schemas are made from it.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule: what it requires, and for whom.

    `since` is the version of rootstock that had it first. `promise` is the requirement as a
    sentence, and `why` the harm that it prevents. `example` is the line of a report about a file
    that breaks it, and `mend` what to change. `environment` says what it means for an environment,
    or why it is for packages only. A recipe may waive a rule that is `waivable`.
    """

    since: str
    promise: str
    why: str
    example: str
    mend: str
    environment: str = "Checked, as of a package."
    waivable: bool = True


RULES: Mapping[str, Rule] = {
    "floor": Rule(
        since="0.1.0",
        promise="The package runs on the glibc that it declares, by its symbols' versions.",
        why="A newer symbol version stops the program on an older system, when it starts or later.",
        example="lib/libfoo.so.1 needs GLIBC_2.34 for pthread_create but the package declares "
        "glibc 2.28",
        mend="Compile against the channel's sysroot, or raise c_stdlib_version in the recipe's "
        "variants.yaml.",
        environment="Checked against this machine's glibc.",
    ),
    "symbols": Rule(
        since="0.1.0",
        promise="The package, its dependencies or the declared glibc have every symbol.",
        why="A missing symbol stops the program at its first use, which may be in the middle of a "
        "run.",
        example="lib/libfoo.so.1 needs deflate@ZLIB_1.2.0, which no library it loads and no glibc "
        "2.28 has",
        mend="Link a library that has the symbol, or disable its use.",
        environment="Checked: all symbols of all files, as the dynamic linker finds them.",
    ),
    "libraries": Rule(
        since="0.1.0",
        promise="The package, its dependencies or the declared glibc have every library.",
        why="A library that happens to be on the builder's machine is not on the user's.",
        example="lib/libfoo.so.1 needs libz.so.1, which neither the package nor its dependencies "
        "provide in its search path",
        mend="Add the dependency to the recipe, or correct the file's RPATH.",
        environment="Checked: all libraries of all files, as the dynamic linker finds them.",
    ),
    "rpath": Rule(
        since="0.1.0",
        promise="No RPATH or RUNPATH leads out of the prefix.",
        why="Whoever can write to that other folder decides which code the user runs.",
        example="lib/libfoo.so.1 has RPATH entries that are not below the prefix: /opt/lib",
        mend="Set the entries relative to $ORIGIN, or remove them with patchelf.",
    ),
    "leak": Rule(
        since="0.1.0",
        promise="No file contains a path of the build, and no link leads out of the prefix.",
        why="The path exists on no user's machine, and differs between two builds.",
        example="bin/foo-config contains /rootstock/build/out/src, a path of the build",
        mend="Map or strip the path in the build script. Make a link relative to its own folder.",
        environment="Checked for the files and links of its packages. The path of the environment "
        "is none of a build.",
    ),
    "licence": Rule(
        since="0.1.0",
        promise="The license has a name and a text.",
        why="Most licenses allow a copy only with their text, and the SBOM needs the name.",
        example="info/licenses has no license text",
        mend="Add about.license and about.license_file to the recipe.",
        environment="The name is checked: the record of each package in conda-meta has one of "
        "SPDX. The text is not: clients leave info/licenses in their cache, which may be removed.",
    ),
    "paths": Rule(
        since="0.1.0",
        promise="paths.json matches the files.",
        why="Clients install what paths.json lists, and check it by these sizes and hashes.",
        example="lib/libfoo.so.1 has another size or sha256 than in paths.json",
        mend="Build the package again. Do not change a package after it was built.",
        environment="Not checked: clients replace the prefix in files when they install them, so "
        "these differ from the package's paths.json.",
    ),
    "names": Rule(
        since="0.2.0",
        promise="Every client and every file system can handle every file's name.",
        why="Clients' lists of files lose such a name, or two files become one.",
        example="share/foo/Readme equals share/foo/README where case is ignored",
        mend="Rename the file, or leave it out.",
    ),
    "links": Rule(
        since="0.2.0",
        promise="Every link leads to a file of the package or of its dependencies.",
        why="A link to nothing looks like a file in a list, and fails when somebody opens it.",
        example="lib/libfoo.so is a link to libfoo.so.1, which neither the package nor its "
        "dependencies have",
        mend="Remove the link, or add the dependency to the recipe.",
        environment="Checked for the links of its packages.",
    ),
    "scripts": Rule(
        since="0.2.0",
        promise="Nothing runs at installation, because only some clients would run it.",
        why="Two users would get two environments from one package.",
        example="bin/.foo-post-link.sh runs when conda installs it, but not with rootstock",
        mend="Do the same work in the build script.",
        environment="Not checked: the scripts ran when the packages were installed, or did not. "
        "Audit the packages.",
    ),
    "modes": Rule(
        since="0.2.0",
        promise="Every user can read each file, not every user can change it, and none runs with "
        "the rights of another user.",
        why="A file that every user can change is a way into the account of whoever runs it. conda "
        "keeps a setuid bit, and rattler the permission for all to write. Both ignore the owners "
        "in a package, and its files belong to whoever installs it, so no rule is about owners.",
        example="bin/foo runs with the rights of its owner or group (mode 4755)",
        mend="Change the modes in the build script: 644 for files, 755 for programs and folders.",
    ),
    "clash": Rule(
        since="0.1.0",
        promise="No two packages of an environment have the same file.",
        why="Which of the two remains after an installation is chance. conda refuses or warns.",
        example="lib/libfoo.so.1 is in foo-1-0.conda and in bar-1-0.conda",
        mend="Leave the file in one package only, and let the other depend on that one.",
        environment="Checked. A package alone has no other.",
        waivable=False,
    ),
    "interposed": Rule(
        since="0.2.0",
        promise="No file binds to another library's copy of a function or variable than its own.",
        why="Two copies of a library have two versions, whose data differ. A process with both may "
        "crash or compute something else, depending on what it loaded first.",
        example="lib/libfoo.so.1 defines symbols that other libraries have, too (ZSTD). Where it "
        "was loaded first, 1 file may bind to it in place of their own, as for ZSTD_compress: "
        "lib/libbar.so.2",
        mend="Build one of the libraries with hidden symbols or other names. Else keep the two "
        "packages in two environments.",
        environment="Checked. A package alone has no other.",
        waivable=False,
    ),
    "undeclared": Rule(
        since="0.2.0",
        promise="A package depends on what its files need and import of other packages.",
        why="A package that another one only happens to bring is missing in the next environment.",
        example="lib/python3.11/site-packages/foo/__init__.py imports bar, which none of its "
        "dependencies has",
        mend="Add the package to the dependencies of the recipe, or in ci/stack.toml. An import "
        "within try, if or a function counts as optional.",
    ),
    "stack": Rule(
        since="0.2.0",
        promise="No file asks for an executable stack.",
        why="glibc 2.41 and newer refuse to load such a library into a running program.",
        example="lib/libfoo.so.1 asks for an executable stack",
        mend="Mark assembler code with .note.GNU-stack, or link with -z noexecstack.",
    ),
    "textrel": Rule(
        since="0.2.0",
        promise="No file has relocations in its code.",
        why="The code would be writable while it is loaded. SELinux refuses it, and processes "
        "cannot share it.",
        example="lib/libfoo.so.1 has relocations in its code",
        mend="Compile all of the library with -fPIC.",
    ),
    "segments": Rule(
        since="0.2.0",
        promise="No segment is writable and executable.",
        why="Whoever can overwrite a variable in it can replace the code.",
        example="lib/libfoo.so.1 has a segment that is writable and executable",
        mend="Link it without -N and without a linker script of its own.",
    ),
    "relro": Rule(
        since="0.2.0",
        promise="Each file's table of addresses becomes read-only once the addresses are found.",
        why="An overwritten address lets a fault in one place run code of another.",
        example="lib/libfoo.so.1 has a table of addresses that stays writable",
        mend="Link with -z relro, which is the default of most compilers.",
    ),
    "elf": Rule(
        since="0.1.0",
        promise="Every ELF file can be read.",
        why="What cannot be read cannot be checked.",
        example="lib/libfoo.so.1 cannot be audited (its section headers are stripped)",
        mend="Leave the file out, or build it again without stripping its headers.",
    ),
    "abi3": Rule(
        since="0.2.0",
        promise="A wheel with the tag abi3 uses only the stable ABI of the Python in its tag.",
        why="pip installs it for each Python that is not older. One without the symbol cannot "
        "import the module.",
        example="foo/bar.abi3.so needs PyModule_AddType (in it since 3.10), but its tag promises "
        "the stable ABI of Python 3.9",
        mend="Compile with Py_LIMITED_API, of the version in the tag, or change the tag.",
        environment="Not checked: the promise is in the name of a wheel, which an environment does "
        "not have.",
    ),
    "waiver": Rule(
        since="0.1.0",
        promise="Every waiver is well formed and needed.",
        why="A waiver for a fault that is gone would hide the next one.",
        example="a waiver of the rule 'leak' for lib/*.so matches no finding",
        mend="Correct or remove it in extra.rootstock.audit of the recipe.",
        environment="Not checked: a recipe's waivers are in info/about.json, which clients do not "
        "install.",
        waivable=False,
    ),
}
WAIVABLE = tuple(name for name, rule in RULES.items() if rule.waivable)


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """A recipe's reason (`why`) why files (a glob) may break a rule."""

    rule: str
    file: str
    why: str
