/* Tell cling, ROOT's interpreter, where this environment keeps the C and C++ headers.
 *
 * cling parses standard headers at run time. Left to itself it asks the host's compiler for
 * them: there may be none, or one of another version. The versions matter: ROOT's compiled
 * modules hold the macros of the headers that CERN had, GCC 14's and glibc 2.28's, and a header
 * of a newer glibc that is not in a module (dirent.h, pwd.h, sys/socket.h) misses the macros
 * that glibc has got since. So C's headers are those of glibc 2.31, the nearest to be had.
 *
 * cling's one other way in is the variable EXTRA_CLING_ARGS. libCore.so is linked to this
 * library, so that the variable is set in every process that uses ROOT (root, Python, a user's
 * own program), wherever the environment was moved to and whether or not it was activated.
 *
 * What was added is also noted in ROOTSTOCK_CLING_ARGS, for the processes this one starts:
 * they inherit both, and one that runs ROOT from another environment has to replace it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS "EXTRA_CLING_ARGS"
#define NOTE "ROOTSTOCK_CLING_ARGS"
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

__attribute__((constructor)) static void set_header_paths(void)
{
   char prefix[PATH_MAX];
   if (!find_prefix(prefix))
      return;
   int fd = open(prefix, O_PATH | O_DIRECTORY | O_CLOEXEC);
   if (fd < 0)
      return;
   int present = faccessat(fd, CXX, R_OK, 0) == 0 && faccessat(fd, C, R_OK, 0) == 0;
   /* cling splits the variable at blanks and knows no quoting: give such a prefix another name,
    * which lives as long as this process. */
   if (strchr(prefix, ' '))
      snprintf(prefix, sizeof prefix, "/proc/self/fd/%d", fd);
   else
      close(fd);
   if (!present)
      return;

   const char *theirs = getenv(ARGS), *note = getenv(NOTE);
   if (!theirs)
      theirs = "";
   if (note && strncmp(theirs, note, strlen(note)) == 0)
      theirs += strlen(note);

   char *own, *all;
   if (asprintf(&own,
                "-nostdinc++ -isystem %1$s/" CXX " -isystem %1$s/" CXX "/" TARGET
                " -isystem %1$s/" CXX "/backward -isystem %1$s/" C " ",
                prefix) < 0)
      return;
   if (asprintf(&all, "%s%s", own, theirs) >= 0) {
      setenv(ARGS, all, 1);
      setenv(NOTE, own, 1);
      free(all);
   }
   free(own);
}
