/* Take back what environment.c put into ROOT_LIBRARY_PATH.
 *
 * libCling.so is linked to this library. ROOT has searched for libCling.so by the variable, so it
 * has read it, and keeps what it read.
 */
#include <stdlib.h>
#include <string.h>

#define PATH "ROOT_LIBRARY_PATH"
#define NOTE "ROOTSTOCK_LIBRARY_PATH"

__attribute__((constructor)) static void restore_library_path(void)
{
   const char *path = getenv(PATH), *own = getenv(NOTE);
   if (!own)
      return;
   if (path && strncmp(path, own, strlen(own)) == 0) {
      if (path[strlen(own)])
         setenv(PATH, path + strlen(own), 1);
      else
         unsetenv(PATH);
   }
   unsetenv(NOTE);
}
