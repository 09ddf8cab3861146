/*
 * What the threads of some processes wait for, where it is a time: the time-out of the system
 * call that a thread sleeps in, out of /proc, and the timerfds that are set. Not seen: alarm(),
 * setitimer and POSIX timers, whose expiry the kernel tells nobody.
 */
#include "addon.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_epoll_pwait2
#define SYS_epoll_pwait2 441
#endif

/* As `timerFields` in shim/index.ts. */
enum { FIELDS = 5 };
enum { FUTEX_OPERATION = 127, FUTEX_REALTIME = 256, FUTEX_WAIT_OP = 0, FUTEX_WAIT_BITSET_OP = 9 };

struct wait {
  bool absolute; /* of the monotonic clock; otherwise since the call began */
  double ms;
};

struct waits {
  double *numbers;
  size_t count; /* of rows */
  size_t room;
};

static bool put(struct waits *waits, uint32_t root, uint32_t task, double switches,
                struct wait wait) {
  if (waits->count == waits->room) {
    const size_t room = waits->room == 0 ? 32 : waits->room * 2;
    double *numbers = realloc(waits->numbers, room * FIELDS * sizeof *numbers);
    if (numbers == NULL) return false;
    waits->numbers = numbers;
    waits->room = room;
  }
  double *row = waits->numbers + waits->count++ * FIELDS;
  row[0] = root;
  row[1] = task;
  row[2] = switches;
  row[3] = wait.absolute ? 1 : 0;
  row[4] = wait.ms;
  return true;
}

static ssize_t read_text(const char *path, char *text, size_t size) {
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return -1;
  const ssize_t length = read(descriptor, text, size - 1);
  close(descriptor);
  if (length >= 0) text[length] = 0;
  return length;
}

static double clock_ms(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1e6;
}

static double monotonic_from(clockid_t clock, double ms) {
  return ms - clock_ms(clock) + clock_ms(CLOCK_MONOTONIC);
}

static bool read_timespec(pid_t pid, unsigned long long address, double unit, double *ms) {
  struct timespec value;
  struct iovec here = {.iov_base = &value, .iov_len = sizeof value};
  /* An address of the guest's, never followed here. */
  struct iovec there = {.iov_base = (void *)(uintptr_t)address, .iov_len = sizeof value};
  if (address == 0) return false;
  if (process_vm_readv(pid, &here, 1, &there, 1, 0) != (ssize_t)sizeof value) return false;
  *ms = (double)value.tv_sec * 1000 + (double)value.tv_nsec / unit;
  return true;
}

static bool relative(double ms, struct wait *wait) {
  *wait = (struct wait){.absolute = false, .ms = ms};
  return true;
}

static bool pointed(pid_t pid, unsigned long long address, double unit, struct wait *wait) {
  wait->absolute = false;
  return read_timespec(pid, address, unit, &wait->ms);
}

static bool futex_wait(pid_t pid, const unsigned long long *arguments, struct wait *wait) {
  const unsigned long long operation = arguments[1] & FUTEX_OPERATION;
  double ms;
  if (operation == FUTEX_WAIT_OP) return pointed(pid, arguments[3], 1e6, wait);
  if (operation != FUTEX_WAIT_BITSET_OP) return false;
  if (!read_timespec(pid, arguments[3], 1e6, &ms)) return false;
  const bool realtime = (arguments[1] & FUTEX_REALTIME) != 0;
  *wait = (struct wait){.absolute = true, .ms = realtime ? monotonic_from(CLOCK_REALTIME, ms) : ms};
  return true;
}

static bool clock_wait(pid_t pid, const unsigned long long *arguments, struct wait *wait) {
  const clockid_t clock = (clockid_t)arguments[0];
  double ms;
  if (!read_timespec(pid, arguments[2], 1e6, &ms)) return false;
  if ((arguments[1] & TIMER_ABSTIME) == 0) return relative(ms, wait);
  if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME) return false;
  *wait = (struct wait){.absolute = true, .ms = monotonic_from(clock, ms)};
  return true;
}

/* False: it waits for no time. */
static bool wait_of(pid_t pid, long number, const unsigned long long *arguments,
                    struct wait *wait) {
  switch (number) {
#ifdef SYS_epoll_wait
    case SYS_epoll_wait:
#endif
    case SYS_epoll_pwait:
      return (int)arguments[3] >= 0 && relative((int)arguments[3], wait);
#ifdef SYS_poll
    case SYS_poll:
      return (int)arguments[2] >= 0 && relative((int)arguments[2], wait);
#endif
#ifdef SYS_select
    case SYS_select:
      return pointed(pid, arguments[4], 1e3, wait);
#endif
    case SYS_pselect6:
      return pointed(pid, arguments[4], 1e6, wait);
    case SYS_ppoll:
      return pointed(pid, arguments[2], 1e6, wait);
    case SYS_epoll_pwait2:
      return pointed(pid, arguments[3], 1e6, wait);
    case SYS_nanosleep:
      return pointed(pid, arguments[0], 1e6, wait);
    case SYS_clock_nanosleep:
      return clock_wait(pid, arguments, wait);
    case SYS_futex:
      return futex_wait(pid, arguments, wait);
    default:
      return false;
  }
}

static double switches_of(const char *status) {
  double sum = 0;
  static const char *const names[] = {"\nvoluntary_ctxt_switches:",
                                      "\nnonvoluntary_ctxt_switches:"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *at = strstr(status, names[i]);
    if (at != NULL) sum += strtod(at + strlen(names[i]), NULL);
  }
  return sum;
}

static bool add_task(struct waits *waits, uint32_t root, pid_t pid, uint32_t task) {
  char path[64];
  char text[4096];
  long number;
  unsigned long long arguments[6];
  struct wait wait;
  snprintf(path, sizeof path, "/proc/%d/task/%u/syscall", pid, task);
  if (read_text(path, text, sizeof text) < 0) return true;
  /* "running", or "-1 …" outside of a system call: it waits for nothing. */
  if (sscanf(text, "%ld %llx %llx %llx %llx %llx %llx", &number, &arguments[0], &arguments[1],
             &arguments[2], &arguments[3], &arguments[4], &arguments[5]) != 7)
    return true;
  if (!wait_of(pid, number, arguments, &wait)) return true;
  snprintf(path, sizeof path, "/proc/%d/task/%u/status", pid, task);
  if (read_text(path, text, sizeof text) < 0) return true;
  return put(waits, root, task, switches_of(text), wait);
}

static bool add_timerfd(struct waits *waits, uint32_t root, pid_t pid, const char *name) {
  char path[320];
  char text[1024];
  long long seconds;
  unsigned long long nanoseconds;
  snprintf(path, sizeof path, "/proc/%d/fdinfo/%s", pid, name);
  if (read_text(path, text, sizeof text) < 0) return true;
  const char *left = strstr(text, "it_value: (");
  if (left == NULL || sscanf(left, "it_value: (%lld, %llu)", &seconds, &nanoseconds) != 2)
    return true;
  /* Zero: it is not set. */
  if (seconds == 0 && nanoseconds == 0) return true;
  const double ms = (double)seconds * 1000 + (double)nanoseconds / 1e6;
  const struct wait wait = {.absolute = true, .ms = clock_ms(CLOCK_MONOTONIC) + ms};
  return put(waits, root, (uint32_t)pid, 0, wait);
}

/* Calls `add` for each name in a folder of /proc. False: there is no memory. */
static bool each(pid_t pid, const char *folder, struct waits *waits, uint32_t root) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", pid, folder);
  DIR *directory = opendir(path);
  bool room = true;
  if (directory == NULL) return true;
  for (const struct dirent *entry; room && (entry = readdir(directory)) != NULL;) {
    char link[64];
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    if (folder[0] == 't') {
      room = add_task(waits, root, pid, (uint32_t)strtoul(entry->d_name, NULL, 10));
      continue;
    }
    const ssize_t length = readlinkat(dirfd(directory), entry->d_name, link, sizeof link - 1);
    if (length <= 0) continue;
    link[length] = 0;
    if (strcmp(link, "anon_inode:[timerfd]") == 0)
      room = add_timerfd(waits, root, pid, entry->d_name);
  }
  closedir(directory);
  return room;
}

napi_value im_timers(napi_env env, napi_callback_info info) {
  napi_value pids, buffer, array = NULL;
  uint32_t length;
  void *copy;
  struct waits waits = {0};
  if (!im_arguments(env, info, 1, &pids)) return NULL;
  if (napi_get_array_length(env, pids, &length) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected a list of process ids");
    return NULL;
  }
  for (uint32_t i = 0; i < length; i++) {
    napi_value value;
    uint32_t pid;
    if (napi_get_element(env, pids, i, &value) != napi_ok || !im_read_uint32(env, value, &pid)) {
      free(waits.numbers);
      return NULL;
    }
    if (!each((pid_t)pid, "task", &waits, i) || !each((pid_t)pid, "fd", &waits, i)) {
      free(waits.numbers);
      return im_throw_error(env, "timers", ENOMEM);
    }
  }
  const size_t bytes = waits.count * FIELDS * sizeof(double);
  if (napi_create_arraybuffer(env, bytes, &copy, &buffer) == napi_ok) {
    if (bytes > 0) memcpy(copy, waits.numbers, bytes);
    if (napi_create_typedarray(env, napi_float64_array, waits.count * FIELDS, buffer, 0, &array) !=
        napi_ok)
      array = NULL;
  }
  free(waits.numbers);
  return array;
}
