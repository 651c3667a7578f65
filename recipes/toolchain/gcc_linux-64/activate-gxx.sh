# Sourced after the C compiler's script, whose flags serve C++ as well.
# shellcheck disable=SC2153 # that script sets them
export CXX="$HOST-c++" GXX="$HOST-g++" CXX_FOR_BUILD="$HOST-c++"
export CXXFLAGS="$CFLAGS"
export DEBUG_CXXFLAGS="$DEBUG_CFLAGS"
