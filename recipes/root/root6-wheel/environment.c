/* Set what ROOT reads from the process's environment so that it finds this environment's files.
 *
 * libCore.so is linked to this library, so that it runs first in every process that uses ROOT
 * (root, Python, a user's own program), wherever the environment was moved to and whether or not
 * it was activated. There are four variables:
 *
 * EXTRA_CLING_ARGS: where the C and C++ headers are, which cling, ROOT's interpreter, parses at
 * run time. Left to itself it asks the host's compiler for them: there may be none, or one of
 * another version. The versions matter: ROOT's compiled modules hold the macros of the headers
 * that CERN had, GCC 14's and glibc 2.28's, and a header of a newer glibc that is not in a module
 * (dirent.h, pwd.h, sys/socket.h) misses the macros that glibc has got since. So C's headers are
 * those of glibc 2.31, the nearest to be had.
 *
 * ROOT_LIBRARY_PATH: where the libraries are that ROOT loads by name. It is the only place that
 * ROOT searches before LD_LIBRARY_PATH, which may name another ROOT. ROOT reads it once, before it
 * loads cling. restore.c then takes it back, since a program of another ROOT that this process
 * starts would find these libraries by it.
 *
 * CPLUS_INCLUDE_PATH: the same, for rootcling only. It has a second interpreter, which reads the
 * sources, and does not look at EXTRA_CLING_ARGS.
 *
 * PATH: where the compiler is, if the environment has one. ACLiC calls it by its name, c++. The
 * folder has the compilers and their tools, and no other program of the environment.
 *
 * What was added is also noted in another variable, for the processes this one starts:
 * they inherit both, and one that runs ROOT from another environment has to replace it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TARGET "x86_64-conda-linux-gnu"
#define CXX TARGET "/include/c++/14"
#define C "lib/root/libc/include"

/* PREFIX, given that this library is PREFIX/lib/root/lib/NAME. Its folder is resolved, not the
 * library itself, which an installer may have linked to from elsewhere. */
static int find_prefix(char prefix[PATH_MAX])
{
   Dl_info self;
   char folder[PATH_MAX];
   if (!dladdr((void *)find_prefix, &self) ||
       snprintf(folder, sizeof folder, "%s", self.dli_fname) >= (int)sizeof folder)
      return 0;
   char *slash = strrchr(folder, '/');
   if (!slash)
      return 0;
   strcpy(slash, "/../../..");
   return realpath(folder, prefix) != NULL;
}

/* Put a text before the value of a variable, in the place of what was put there before, and note
 * it. */
static void prepend(const char *variable, const char *note, const char *own)
{
   const char *theirs = getenv(variable), *before = getenv(note);
   if (!theirs)
      theirs = "";
   if (before && strncmp(theirs, before, strlen(before)) == 0)
      theirs += strlen(before);
   char *all;
   if (asprintf(&all, "%s%s", own, theirs) < 0)
      return;
   setenv(variable, all, 1);
   setenv(note, own, 1);
   free(all);
}

static void set_library_path(const char *prefix)
{
   char *own;
   if (asprintf(&own, "%s/lib/root/lib:", prefix) < 0)
      return;
   prepend("ROOT_LIBRARY_PATH", "ROOTSTOCK_LIBRARY_PATH", own);
   free(own);
}

static int makes_dictionaries(void)
{
   const char *names[] = {"rootcling", "rootcint", "genreflex"};
   for (size_t i = 0; i < sizeof names / sizeof *names; i++)
      if (strcmp(program_invocation_short_name, names[i]) == 0)
         return 1;
   return 0;
}

static void set_header_paths(char prefix[PATH_MAX])
{
   int fd = open(prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);
   if (fd < 0)
      return;
   int present = faccessat(fd, CXX, R_OK, 0) == 0 && faccessat(fd, C, R_OK, 0) == 0;
   char *own;
   if (present && makes_dictionaries() &&
       /* A colon at the end would mean the current folder. */
       asprintf(&own, "%1$s/" CXX ":%1$s/" CXX "/" TARGET ":%1$s/" CXX "/backward:%1$s/" C "%2$s",
                prefix, getenv("CPLUS_INCLUDE_PATH") ? ":" : "") >= 0) {
      prepend("CPLUS_INCLUDE_PATH", "ROOTSTOCK_CPLUS_INCLUDE_PATH", own);
      free(own);
   }
   /* cling splits the variable at blanks and knows no quoting: give such a prefix another name,
    * which lives as long as this process. */
   if (strchr(prefix, ' '))
      snprintf(prefix, PATH_MAX, "/proc/self/fd/%d", fd);
   else
      close(fd);
   if (!present || asprintf(&own,
                            "-nostdinc++ -isystem %1$s/" CXX " -isystem %1$s/" CXX "/" TARGET
                            " -isystem %1$s/" CXX "/backward -isystem %1$s/" C " ",
                            prefix) < 0)
      return;
   prepend("EXTRA_CLING_ARGS", "ROOTSTOCK_CLING_ARGS", own);
   free(own);
}

static void set_path(const char *prefix)
{
   char *own, *compiler;
   /* Before nothing at all, it would leave the current folder as the second. */
   if (!getenv("PATH") || asprintf(&own, "%s/" TARGET "/bin:", prefix) < 0)
      return;
   if (asprintf(&compiler, "%s/" TARGET "/bin/c++", prefix) >= 0) {
      if (access(compiler, X_OK) == 0)
         prepend("PATH", "ROOTSTOCK_PATH", own);
      free(compiler);
   }
   free(own);
}

__attribute__((constructor)) static void set_environment(void)
{
   char prefix[PATH_MAX];
   if (!find_prefix(prefix))
      return;
   set_library_path(prefix);
   set_path(prefix);
   set_header_paths(prefix);
}
