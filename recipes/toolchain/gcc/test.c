/* The environment's zlib, the compiler's own headers, OpenMP, and atomics of 16 bytes. */
#include <immintrin.h>
#include <limits.h>
#include <math.h>
#include <omp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

typedef struct {
    long low, high;
} pair;

static _Atomic pair shared;

int main(void)
{
    int sum = 0;
#pragma omp parallel for reduction(+ : sum) num_threads(2)
    for (int i = 0; i < 100; ++i)
        sum += i;
    pair one = {1, 2};
    atomic_store(&shared, one);
    pair two = atomic_load(&shared);
    printf("%d %s %d\n", sum, zlibVersion(), omp_get_max_threads());
    if (strcmp(zlibVersion(), ZLIB_VERSION) != 0 || INT_MAX < PATH_MAX)
        return 1;
    return sum == 4950 && two.low == 1 && two.high == 2 && lround(sqrt(sum + 91)) == 71 ? 0 : 2;
}
