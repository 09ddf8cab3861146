#include "control-number.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

enum { WANTED = 900, LOWEST = 3 };

int im_control_number(int descriptor) {
  struct rlimit limit;
  int number = fcntl(descriptor, F_DUPFD, WANTED);
  if (number >= 0 || (errno != EINVAL && errno != EMFILE)) return number;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return -1;
  int highest = limit.rlim_cur > WANTED ? WANTED : (int)limit.rlim_cur;
  for (int least = highest - 1; least >= LOWEST; least--) {
    number = fcntl(descriptor, F_DUPFD, least);
    if (number >= 0 || (errno != EINVAL && errno != EMFILE)) return number;
  }
  return -1;
}
