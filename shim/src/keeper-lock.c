/* The lock of a home, and what the keeper has to say. */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int own(int descriptor) {
  int moved = fcntl(descriptor, F_DUPFD_CLOEXEC, OWN_LOWEST);
  int error = errno;
  close(descriptor);
  errno = error;
  return moved;
}

static bool leads_to(const char *path, int lock) {
  struct stat there, ours;
  return stat(path, &there) == 0 && fstat(lock, &ours) == 0 && there.st_ino == ours.st_ino &&
         there.st_dev == ours.st_dev;
}

static int try_lock(int descriptor) {
  int result;
  do result = flock(descriptor, LOCK_EX | LOCK_NB);
  while (result < 0 && errno == EINTR);
  return result;
}

/* Who gives the lock up removes the file: it counts only while the path leads to it. */
int lock_take(const char *path) {
  for (;;) {
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) return -1;
    if (try_lock(descriptor) < 0) {
      int error = errno;
      close(descriptor);
      errno = error;
      return -1;
    }
    if (leads_to(path, descriptor)) return own(descriptor);
    close(descriptor);
  }
}

bool lock_holds(const char *path, int lock) { return leads_to(path, lock) && try_lock(lock) == 0; }

void report_taken(int channel) {
  static const char taken[] = "{\"type\":\"taken\"}\n";
  /* Whoever waited may be gone: then there is nobody to tell. */
  if (channel >= 0 && write(channel, taken, sizeof taken - 1) < 0)
    report("whoever started a second daemon is gone");
}

void report(const char *format, ...) {
  char text[400], line[600]; /* a long text is cut, a line never */
  struct timespec now;
  va_list values;
  int error = errno;
  va_start(values, format);
  vsnprintf(text, sizeof text, format, values);
  va_end(values);
  for (char *at = text; *at != 0; at++)
    if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\') *at = '?';
  clock_gettime(CLOCK_REALTIME, &now);
  long long ms = (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
  int length =
      snprintf(line, sizeof line, "{\"level\":40,\"time\":%lld,\"pid\":%d,", ms, (int)getpid());
  length += snprintf(line + length, sizeof line - (size_t)length,
                     "\"part\":\"keeper\",\"msg\":\"%s\"}\n", text);
  /* A full disk is no reason to give anything up. */
  if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0) errno = error;
  errno = error;
}
