"""C and C++ standard headers are found and work, with no compiler."""

import os

import ROOT

# Without sys/wait.h, wait.h and threads.h: ROOT's compiled modules hold the macros that guard their
# types, but not the types, so that cling does not find these (README.md). And without coroutine,
# which compilers refuse as well, unless coroutines are enabled.
HEADERS = (
    "algorithm any array atomic bitset cctype cerrno cfloat charconv chrono climits cmath "
    "complex condition_variable cstddef cstdint cstdio cstdlib cstring ctime deque exception "
    "filesystem forward_list fstream functional future initializer_list iomanip iostream "
    "iterator limits list locale map memory mutex new numeric optional ostream queue random "
    "ratio regex set shared_mutex sstream stack stdexcept streambuf string string_view "
    "system_error thread tuple type_traits typeindex typeinfo unordered_map unordered_set "
    "utility valarray variant vector assert.h ctype.h errno.h fcntl.h float.h inttypes.h "
    "limits.h locale.h math.h pthread.h setjmp.h signal.h stdarg.h stddef.h stdint.h stdio.h "
    "stdlib.h string.h strings.h sys/mman.h sys/socket.h sys/stat.h sys/time.h sys/types.h "
    "time.h unistd.h wchar.h dlfcn.h linux/limits.h netinet/in.h TVector3.h "
    "TLorentzVector.h Math/Vector4D.h ROOT/RVec.hxx "
    # Of C++20 and later: they are empty in C++17, but a compiler accepts them.
    "barrier bit compare concepts expected format generator latch numbers print ranges semaphore "
    "source_location span spanstream stacktrace stop_token syncstream version"
)

missing = [name for name in HEADERS.split() if not ROOT.gInterpreter.Declare(f"#include <{name}>")]
assert not missing, missing

assert ROOT.gInterpreter.Declare(
    r"""
namespace smoke {
// The 10000th value of this generator is fixed by the C++ standard, [rand.predef].
unsigned long random() { std::mt19937 g; g.discard(9999); return g(); }

std::string regex(const std::string &s) {
   return std::regex_replace(s, std::regex("([0-9]+)\\.([0-9]+)"), "$2/$1");
}

int threads() {
   std::atomic<int> sum{0};
   std::vector<std::thread> all;
   for (int i = 1; i <= 4; ++i) all.emplace_back([i, &sum] { sum += i; });
   for (auto &t : all) t.join();
   return sum;
}

double variants() {
   std::optional<int> o{2};
   std::variant<int, double> v = 0.5;
   return *o + std::visit([](auto x) { return double(x); }, v) + std::any_cast<int>(std::any(4));
}

unsigned long files() {
   auto p = std::filesystem::path("headers.txt");
   { std::ofstream f(p); f << std::setw(8) << std::hex << 255 << '\n'; }
   auto n = std::filesystem::file_size(p);
   std::filesystem::remove(p);
   return n;
}

int containers() {
   std::map<std::string, int> m{{"a", 1}, {"b", 2}};
   std::unordered_map<int, int> u{{1, 10}};
   std::vector<int> v{3, 1, 2};
   std::sort(v.begin(), v.end());
   auto p = std::make_unique<int>(1000);
   return std::accumulate(v.begin(), v.end(), m["b"]) + u.at(1) + v.front() * 100 + *p;
}

long time() {
   using namespace std::chrono_literals;
   return std::chrono::duration_cast<std::chrono::milliseconds>(2s + 3ms).count();
}

int c() {
   char text[32];
   snprintf(text, sizeof text, "%.3f", sqrt(2.0));
   struct stat s;
   return strcmp(text, "1.414") == 0 && stat("/", &s) == 0 && S_ISDIR(s.st_mode) ? getpid() : -1;
}
}
"""
)

smoke = ROOT.smoke
assert smoke.random() == 4123659995, smoke.random()
assert str(smoke.regex("v6.40")) == "v40/6", smoke.regex("v6.40")
assert smoke.threads() == 10, smoke.threads()
assert smoke.variants() == 6.5, smoke.variants()
assert smoke.files() == 9, smoke.files()
assert smoke.containers() == 1118, smoke.containers()
assert smoke.time() == 2003, smoke.time()
assert smoke.c() == os.getpid(), smoke.c()
