#!/bin/bash
# Patches of a made-up source are applied, and refused when they are not those of its series.
set -euo pipefail

mkdir -p debian/patches
printf 'one.patch\ntwo.patch -p1 # Debian says more here\nthree.patch\n' > debian/patches/series
number=0
for name in one two three; do
    printf -- '--- a/file\n+++ b/file\n@@ -1 +1 @@\n-%s\n+%s\n' \
        $number $((number + 1)) > debian/patches/$name.patch
    number=$((number + 1))
done

apply() { # the first file's content, and the names of patches
    echo "$1" > file
    printf '%s\n' "${@:2}" > debian/own.series
    apply-debian-patches
}
refused() { # what is said, and what `apply` is given
    if apply "${@:2}" > log 2>&1 || ! grep -qF "$1" log; then
        cat log
        exit 1
    fi
}

apply 0 one.patch 'two.patch # CVE-2026-0001' > log
grep -qx 2 file
apply 0 '# all' one.patch '' two.patch three.patch > log
grep -qx 3 file
refused 'four.patch is not in' 0 one.patch four.patch
refused 'one.patch comes before' 0 two.patch one.patch
refused 'one.patch comes before' 0 one.patch one.patch
refused 'two.patch does not apply' 0 two.patch
refused 'one.patch does not apply' 1 one.patch
refused 'names no patch' 0 '# none'
touch debian/other.series
refused 'has 2 files' 0 one.patch
