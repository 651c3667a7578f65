# For scripts that source ROOT's thisroot.sh: . PREFIX/bin/thisroot.sh
#
# It puts PREFIX/bin first on PATH and sets ROOTSYS. ROOT needs neither here, nor any of the
# other variables that ROOT's own script sets (LD_LIBRARY_PATH, PYTHONPATH, ...): they would make
# programs of other environments load this one's libraries and modules.
#
# For sh, bash, dash and zsh, also with `set -eu`. A shell that does not tell where a sourced file
# is (dash) has it open: Linux lists it below /proc.
_thisroot=
if [ -n "${BASH_VERSION-}" ]; then
    eval '_thisroot=${BASH_SOURCE[0]}'
elif [ -n "${ZSH_VERSION-}" ]; then
    eval '_thisroot=${(%):-%x}'
else
    # In a subshell, $$ is another's number: a child's parent is this one.
    for _thisroot_file in "/proc/$(exec sh -c 'echo "$PPID"')/fd"/*; do
        case $(readlink "$_thisroot_file" || :) in
            */bin/thisroot.sh) _thisroot=$(readlink "$_thisroot_file") ;;
        esac
    done
    unset _thisroot_file
fi
case $_thisroot in
    */*) _thisroot=$(CDPATH='' cd -- "${_thisroot%/*}/.." && pwd) || _thisroot= ;;
    ?*) _thisroot=$(CDPATH='' cd -- .. && pwd) || _thisroot= ;;
esac

if [ -f "$_thisroot/lib/root/lib/libCore.so" ]; then
    ROOTSYS=$_thisroot/lib/root
    PATH=:$PATH:
    while :; do
        case $PATH in
            *":$_thisroot/bin:"*)
                PATH=${PATH%%":$_thisroot/bin:"*}:${PATH#*":$_thisroot/bin:"} ;;
            *) break ;;
        esac
    done
    PATH=${PATH#:}
    PATH=$_thisroot/bin:${PATH%:}
    PATH=${PATH%:}
    export ROOTSYS PATH
    unset _thisroot
else
    unset _thisroot
    echo "thisroot.sh: this shell does not tell where the script is. Put PREFIX/bin on PATH." >&2
    # Of a file that was called and not sourced, it is the last command.
    false
fi
