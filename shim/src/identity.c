/* A guest's machine is called as its host is. */
#include <errno.h>
#include <string.h>

#include "context.h"
#include "real.h"

static bool is_named(void) {
  real_ensure();
  return context.active && context.guest;
}

IM_EXPORT int uname(struct utsname *name) {
  const int result = real.uname(name);
  if (result != 0 || !is_named()) return result;
  const size_t length = strnlen(context.host, sizeof name->nodename - 1);
  memcpy(name->nodename, context.host, length);
  name->nodename[length] = '\0';
  return 0;
}

static int copy_host(char *name, size_t size) {
  const size_t length = strlen(context.host) + 1;
  memcpy(name, context.host, length < size ? length : size);
  if (length <= size) return 0;
  errno = ENAMETOOLONG;
  return -1;
}

IM_EXPORT int gethostname(char *name, size_t size) {
  return is_named() ? copy_host(name, size) : real.gethostname(name, size);
}

/* What gethostname becomes in programs compiled with _FORTIFY_SOURCE. */
int __gethostname_chk(char *name, size_t size, size_t room);

IM_EXPORT int __gethostname_chk(char *name, size_t size, size_t room) {
  if (!is_named() || size > room) return real.__gethostname_chk(name, size, room);
  return copy_host(name, size);
}
