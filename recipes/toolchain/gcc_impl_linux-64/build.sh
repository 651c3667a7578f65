#!/bin/bash
# gcc finds its parts and its headers relative to the driver, if the driver is a file of its
# own and not a link. The parts it runs may be links into the image.
set -euo pipefail

host=x86_64-conda-linux-gnu
major=${PKG_VERSION%%.*}
own=$("gcc-$major" -dumpmachine) # the image's own name for the same machine
found=$("gcc-$major" -dumpfullversion)
if [ "$found" != "$PKG_VERSION" ]; then
    echo "the image has gcc $found, the recipe says $PKG_VERSION" >&2
    exit 1
fi

mkdir -p "$PREFIX"/{bin,include/"$own"/c++} "$PREFIX/libexec/gcc/$own/$major" \
    "$PREFIX/lib/gcc/$host/$major"

for tool in gcc g++ cpp; do
    cp -L "/usr/bin/$own-$tool-$major" "$PREFIX/bin/"
    cat > "$PREFIX/bin/$host-$tool" << END
#!/bin/sh
exec "\${0%/*}/$own-$tool-$major" --sysroot="\${0%/bin/*}/$host/sysroot" "\$@"
END
    chmod +x "$PREFIX/bin/$host-$tool"
done
ln -s "$host-gcc" "$PREFIX/bin/$host-cc"
ln -s "$host-g++" "$PREFIX/bin/$host-c++"
for tool in gcc-ar gcc-nm gcc-ranlib; do
    cp -L "/usr/bin/$own-$tool-$major" "$PREFIX/bin/$host-$tool"
done
for tool in addr2line ar as c++filt ld nm objcopy objdump ranlib readelf size strings strip; do
    ln -s "/usr/bin/$own-$tool" "$PREFIX/bin/$host-$tool"
done
for part in cc1 cc1plus collect2 lto1 lto-wrapper liblto_plugin.so; do
    ln -s "/usr/libexec/gcc/$own/$major/$part" "$PREFIX/libexec/gcc/$own/$major/"
done

# The headers of its runtime libraries come with those.
cp -r "/usr/lib/gcc/$own/$major/include" "$PREFIX/lib/gcc/$host/$major/"
(
    cd "$PREFIX/lib/gcc/$host/$major/include"
    rm -r acc_prof.h backtrace*.h gcov.h omp.h openacc.h quadmath*.h sanitizer unwind.h
)

# Where this gcc looks, and where conda-forge's has it.
ln -s "$host" "$PREFIX/lib/gcc/$own"
ln -s "../$host/include/c++" "$PREFIX/include/c++"
ln -s "../../../$host/include/c++/$major/$host" "$PREFIX/include/$own/c++/$major"

mkdir -p licenses
cp "/usr/share/doc/gcc-$major-base/copyright" /usr/share/common-licenses/GPL-3 licenses/
