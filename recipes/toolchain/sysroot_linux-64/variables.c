/* Compiled without -fPIC it has a copy of each variable of libc, and all names mean that copy. */
#define _GNU_SOURCE
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

extern char **_environ, **__environ;
extern char *__progname, *__progname_full;
/* Volatile, so that the compiler cannot know whether two names have one address. */
void *volatile names[][2] = {
    {&environ, &_environ},
    {&environ, &__environ},
    {&daylight, &__daylight},
    {&timezone, &__timezone},
    {&tzname, &__tzname},
    {&program_invocation_short_name, &__progname},
    {&program_invocation_name, &__progname_full},
};
volatile double half = -0.5;

int main(void)
{
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i][0] != names[i][1])
            return 1 + i;
    if (!environ || !program_invocation_name)
        return 100;
    /* The gamma function of -0.5 is negative. */
    if (lgamma(half) < 1 || signgam != -1)
        return 101;
    return puts("the variables are libc's") < 0;
}
