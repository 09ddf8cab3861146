/*
 * A guard over processes that are, or are about to be, frozen: one epoll descriptor that becomes
 * readable as soon as anything arrives on any of their sockets. Edge-triggered: what waited before
 * it was armed does not count, only what comes.
 *
 * No duplicate of a guest's socket is kept. An epoll watches the open file, not the descriptor: the
 * entry stays for as long as the guest has the socket open, and ends with the epoll.
 */
#include "addon.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif

struct guard {
  int epoll;
  uint64_t *seen; /* inodes of sockets, sorted: forked processes share theirs */
  size_t count;
  size_t room;
};

/* False: it is there already, or there is no memory (errno is ENOMEM). */
static bool note(struct guard *guard, uint64_t inode) {
  size_t low = 0, high = guard->count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (guard->seen[middle] < inode) low = middle + 1;
    else high = middle;
  }
  errno = 0;
  if (low < guard->count && guard->seen[low] == inode) return false;
  if (guard->count == guard->room) {
    const size_t room = guard->room == 0 ? 64 : guard->room * 2;
    uint64_t *seen = realloc(guard->seen, room * sizeof *seen);
    if (seen == NULL) return false;
    guard->seen = seen;
    guard->room = room;
  }
  memmove(guard->seen + low + 1, guard->seen + low, (guard->count - low) * sizeof *guard->seen);
  guard->seen[low] = inode;
  guard->count++;
  return true;
}

/*
 * Of TCP also that there is room again after a peer had stopped to read: whoever wrote to it waits
 * for that alone. A Unix socket has room again whenever another of the guests' reads.
 */
static uint32_t interest(int socket) {
  int domain = AF_UNSPEC, type = 0;
  socklen_t length = sizeof domain;
  const uint32_t arrivals = EPOLLIN | EPOLLRDHUP | EPOLLET;
  if (getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) return arrivals;
  if (domain != AF_INET && domain != AF_INET6) return arrivals;
  length = sizeof type;
  if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return arrivals;
  return type == SOCK_STREAM ? arrivals | EPOLLOUT : arrivals;
}

static int add(const struct guard *guard, int pidfd, int number) {
  const int socket = (int)syscall(SYS_pidfd_getfd, pidfd, number, 0);
  /* EBADF: closed meanwhile. ESRCH: the process has ended. */
  if (socket < 0) return errno == EBADF || errno == ESRCH ? 0 : -1;
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  /* Without a cookie (an old kernel has none for Unix sockets) nobody can say which it was. */
  if (getsockopt(socket, SOL_SOCKET, SO_COOKIE, &cookie, &length) != 0) cookie = 0;
  struct epoll_event event = {.events = interest(socket), .data.u64 = cookie};
  int result = epoll_ctl(guard->epoll, EPOLL_CTL_ADD, socket, &event);
  /* The same number for another open file, whose entry is still there: it is new all the same. */
  if (result < 0 && errno == EEXIST) result = 0;
  const int error = errno;
  close(socket);
  errno = error;
  return result;
}

static int add_sockets(struct guard *guard, DIR *descriptors, int pidfd) {
  for (const struct dirent *entry; (entry = readdir(descriptors)) != NULL;) {
    char link[64];
    unsigned long long inode;
    if (!isdigit((unsigned char)entry->d_name[0])) continue;
    const ssize_t length = readlinkat(dirfd(descriptors), entry->d_name, link, sizeof link - 1);
    if (length <= 0) continue;
    link[length] = 0;
    if (sscanf(link, "socket:[%llu]", &inode) != 1) continue;
    if (!note(guard, inode)) {
      if (errno == ENOMEM) return -1;
      continue;
    }
    if (add(guard, pidfd, (int)strtol(entry->d_name, NULL, 10)) < 0) return -1;
  }
  return 0;
}

static int add_process(struct guard *guard, uint32_t pid) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%u/fd", pid);
  const int pidfd = (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
  /* EINVAL, ESRCH: it has ended. */
  if (pidfd < 0) return errno == ESRCH || errno == EINVAL ? 0 : -1;
  int result = 0;
  DIR *descriptors = opendir(path);
  if (descriptors != NULL) {
    result = add_sockets(guard, descriptors, pidfd);
    const int error = errno;
    closedir(descriptors);
    errno = error;
  } else if (errno != ENOENT && errno != ESRCH) {
    result = -1;
  }
  const int error = errno;
  close(pidfd);
  errno = error;
  return result;
}

/* What is readable already is not news. */
static void drain(int epoll) {
  struct epoll_event events[64];
  while (epoll_wait(epoll, events, 64, 0) > 0) continue;
}

napi_value im_guard_sockets(napi_env env, napi_callback_info info) {
  napi_value pids;
  uint32_t length;
  if (!im_arguments(env, info, 1, &pids)) return NULL;
  if (napi_get_array_length(env, pids, &length) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected a list of process ids");
    return NULL;
  }
  struct guard guard = {.epoll = epoll_create1(EPOLL_CLOEXEC)};
  if (guard.epoll < 0) return im_throw(env, "epoll_create1");
  int result = 0;
  for (uint32_t i = 0; i < length && result == 0; i++) {
    napi_value value;
    uint32_t pid;
    if (napi_get_element(env, pids, i, &value) != napi_ok || !im_read_uint32(env, value, &pid)) {
      free(guard.seen);
      close(guard.epoll);
      return NULL;
    }
    result = add_process(&guard, pid);
  }
  const int error = errno;
  free(guard.seen);
  errno = error;
  if (result < 0) return im_throw_and_close(env, "pidfd_getfd", guard.epoll);
  drain(guard.epoll);
  return im_number(env, guard.epoll);
}

napi_value im_guard_fired(napi_env env, napi_callback_info info) {
  napi_value value;
  int epoll;
  struct epoll_event event;
  if (!im_arguments(env, info, 1, &value) || !im_read_descriptor(env, value, &epoll)) return NULL;
  int count;
  do count = epoll_wait(epoll, &event, 1, 0);
  while (count < 0 && errno == EINTR);
  if (count < 0) return im_throw(env, "epoll_wait");
  if (count == 0) return im_null(env);
  return im_number(env, (int64_t)(event.data.u64 & ((1ull << 53) - 1)));
}
