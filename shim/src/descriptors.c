/*
 * Descriptor numbers coming and going: the control descriptor is not the guest's to close, and
 * what is known about a number must not outlive it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

#include "context.h"
#include "control-move.h"
#include "descriptor-state.h"
#include "listener.h"
#include "real.h"

static bool is_control(int fd) { return context.active && fd == context.control; }

IM_EXPORT int socket(int domain, int type, int protocol) {
  const int fd = real.socket(domain, type, protocol);
  if (fd >= 0) descriptor_clear(fd); /* the number may have been closed behind our back */
  return fd;
}

IM_EXPORT int close(int fd) {
  if (is_control(fd)) return 0;
  if (descriptor_flags(fd) == 0) return real.close(fd);
  const struct listener_farewell farewell = listener_leave(fd);
  descriptor_clear(fd);
  const int result = real.close(fd);
  listener_say(&farewell);
  return result;
}

/* What a range of numbers is about to lose, one by one. */
static void forget_range(unsigned first, unsigned last) {
  for (int fd = 0; fd < descriptor_limit(); fd++) {
    if ((unsigned)fd < first || (unsigned)fd > last) continue;
    if (descriptor_flags(fd) != 0 && context_owns_memory()) close(fd);
  }
}

#define RANGE_CLOEXEC (1 << 2) /* CLOSE_RANGE_CLOEXEC */

static int close_parts(unsigned first, unsigned last, int flags) {
  const unsigned control = (unsigned)context.control;
  if (!context.active || control < first || control > last)
    return real.close_range(first, last, flags);
  if (control > first && real.close_range(first, control - 1, flags) != 0) return -1;
  return control < last ? real.close_range(control + 1, last, flags) : 0;
}

IM_EXPORT int close_range(unsigned first, unsigned last, int flags) {
  if (first <= last && (flags & RANGE_CLOEXEC) == 0) forget_range(first, last);
  return close_parts(first, last, flags);
}

IM_EXPORT void closefrom(int first) {
  const int saved = errno;
  const unsigned from = first < 0 ? 0 : (unsigned)first;
  forget_range(from, ~0u);
  if (close_parts(from, ~0u, 0) != 0) {
    /* A kernel before 5.9. */
    const long last = sysconf(_SC_OPEN_MAX);
    for (int fd = (int)from; fd < last; fd++) close(fd);
  }
  errno = saved;
}

/*
 * Something else is to get the control descriptor's number: the control descriptor moves. A child
 * of vfork cannot write down where to; exec looks for it (context_control_here).
 */
bool control_moved_from(int number) {
  if (!is_control(number)) return true;
  if (!context_owns_memory() && context_control_here() != number) return true;
  const int moved = real.fcntl(number, F_DUPFD, (long)number + 1);
  if (moved >= 0 && context_owns_memory()) context.control = moved;
  return moved >= 0;
}

static bool make_room(int from, int to, struct listener_farewell *farewell) {
  farewell->due = false;
  /* What fails must leave the target as it was. */
  if (from == to || real.fcntl(from, F_GETFD) < 0) return true;
  if (!control_moved_from(to)) return false;
  if (descriptor_flags(to) != 0) *farewell = listener_leave(to);
  return true;
}

IM_EXPORT int dup(int fd) {
  const int copy = real.dup(fd);
  if (copy >= 0) descriptor_copy(fd, copy);
  return copy;
}

IM_EXPORT int dup2(int from, int to) {
  struct listener_farewell farewell;
  if (!make_room(from, to, &farewell)) return -1;
  const int copy = real.dup2(from, to);
  if (copy >= 0 && from != to) descriptor_copy(from, copy);
  listener_say(&farewell);
  return copy;
}

IM_EXPORT int dup3(int from, int to, int flags) {
  struct listener_farewell farewell;
  if (!make_room(from, to, &farewell)) return -1;
  const int copy = real.dup3(from, to, flags);
  if (copy >= 0) descriptor_copy(from, copy);
  listener_say(&farewell);
  return copy;
}

static int after_fcntl(int fd, int command, int result) {
  if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
    descriptor_copy(fd, result);
  return result;
}

/* Every command takes at most one argument of a word: it is passed on as it came. */
#define PASS_ON(call)                                       \
  va_list list;                                             \
  va_start(list, command);                                  \
  void *const argument = va_arg(list, void *);              \
  va_end(list);                                             \
  return after_fcntl(fd, command, (call)(fd, command, argument))

IM_EXPORT int fcntl(int fd, int command, ...) { PASS_ON(real.fcntl); }

IM_EXPORT int fcntl64(int fd, int command, ...) { PASS_ON(real.fcntl64); }
