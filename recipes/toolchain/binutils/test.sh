#!/bin/bash
# A program is assembled, linked against the environment's own C library, and looked into.
set -euo pipefail

tool() {
    env -i "$PREFIX/bin/$1" "${@:2}"
}

cat > start.s << 'END'
    .globl _start
    .section .text, "ax", @progbits
_start:
    movl $60, %eax
    movl $42, %edi
    syscall
    .section .note.GNU-stack, "", @progbits
END
tool as -o start.o start.s
tool ar rc libstart.a start.o
tool nm libstart.a | grep -q 'T _start'
tool ld -o start --whole-archive libstart.a
code=0
./start || code=$?
[ $code = 42 ]

# A path of libraries is one that LD_LIBRARY_PATH cannot overrule.
tool ld -shared -o libstart.so start.o -rpath /some/where
tool readelf --dynamic libstart.so | grep 'RPATH.*/some/where'
tool strip libstart.so
tool objdump --disassemble start | grep -q syscall
