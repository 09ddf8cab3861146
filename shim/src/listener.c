#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "context.h"
#include "control.h"
#include "descriptor-state.h"
#include "endpoint.h"
#include "epoll.h"
#include "options.h"
#include "procfs.h"
#include "real.h"
#include "sockets.h"
#include "table-map.h"

static bool describe(int fd, enum im_request_type type, struct im_request *request) {
  struct endpoint own;
  if (!socket_own_endpoint(fd, &own) || own.address != context.address) return false;
  *request = control_request(type);
  const bool udp = socket_is_udp(fd);
  if (udp) request->socktype = SOCK_DGRAM;
  request->port = names_declared_port(own.address, own.port, udp ? IPPROTO_UDP : IPPROTO_TCP);
  const uint8_t flags = descriptor_flags(fd);
  if ((flags & HANDED_OVER) != 0) request->flags |= IM_HANDED_OVER;
  if (own.ipv6 || (flags & APPEARS_IPV6) != 0) request->flags |= IM_IPV6;
  return true;
}

void listener_announce(int fd) {
  struct im_request request;
  if (describe(fd, IM_LISTEN, &request)) control_tell(&request);
}

/* Who else has this listener: processes of the guest are those that have its control socket. */
struct holders {
  pid_t self;
  pid_t visited;
  int fd;
  char listener[PROCFS_LINK_MAX];
  char control[PROCFS_LINK_MAX];
};

static bool is_listener(const char *name, void *state) {
  const struct holders *holders = state;
  char link[PROCFS_LINK_MAX];
  const int fd = procfs_number(name);
  if (fd < 0 || (holders->visited == holders->self && fd == holders->fd)) return false;
  return procfs_descriptor(holders->visited, fd, link) && strcmp(link, holders->listener) == 0;
}

static bool process_holds(pid_t pid, struct holders *holders) {
  char link[PROCFS_LINK_MAX];
  char path[64];
  if (!procfs_descriptor(pid, context.control, link)) return false;
  if (strcmp(link, holders->control) != 0) return false;
  holders->visited = pid;
  procfs_path(path, sizeof path, pid, "fd");
  return procfs_any(path, is_listener, holders);
}

static bool visit_process(const char *name, void *state) {
  struct holders *holders = state;
  const int pid = procfs_number(name);
  return pid > 0 && pid != holders->self && process_holds(pid, holders);
}

static bool find_out(int fd, struct holders *holders) {
  *holders = (struct holders){.self = context.pid, .fd = fd};
  return procfs_descriptor(0, fd, holders->listener)
         && procfs_descriptor(0, context.control, holders->control);
}

static bool held_by_another_process(int fd) {
  struct holders holders;
  if (!find_out(fd, &holders)) return false;
  /* The usual case, a forked child that lets go of what its parent serves, needs no search. */
  if (process_holds(getppid(), &holders)) return true;
  return procfs_any("/proc", visit_process, &holders);
}

static bool held_by_another(int fd) {
  struct holders holders;
  if (!find_out(fd, &holders)) return false;
  return process_holds(holders.self, &holders) || held_by_another_process(fd);
}

struct listener_farewell listener_leave(int fd) {
  struct listener_farewell farewell = {.due = false};
  const int saved = errno;
  const uint8_t flags = descriptor_flags(fd);
  if ((flags & (HANDED_OVER | LISTENS)) != 0 && context_owns_memory() && !held_by_another(fd)) {
    if ((flags & HANDED_OVER) != 0) epoll_remove(fd);
    farewell.due = (flags & SHUT) == 0 && describe(fd, IM_CLOSE, &farewell.request);
  }
  errno = saved;
  return farewell;
}

void listener_say(const struct listener_farewell *farewell) {
  if (farewell->due) control_tell(&farewell->request);
}

/*
 * A thread that waits in accept would wait for ever: a connection of our own wakes it. One that
 * waits for a datagram gets an empty one, which reads as the end that it would have seen.
 */
static void wake_acceptor(const struct endpoint *listener, bool udp) {
  struct sockaddr_storage address;
  const struct endpoint to = {.address = listener->address, .port = listener->port};
  const socklen_t length = endpoint_write(&to, &address);
  const int type = udp ? SOCK_DGRAM : SOCK_STREAM;
  const int fd = real.socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  if (real.connect(fd, (struct sockaddr *)&address, length) == 0 && udp)
    real.sendto(fd, "", 0, 0, NULL, 0);
  real.close(fd);
}

/*
 * What the kernel would have left: a socket that is bound, for the guest, and does not listen. The
 * shared one is let go, so that the supervisor finds nobody who has it.
 */
static void let_go(int fd, uint16_t port, bool udp) {
  struct epoll_registrations registered;
  const uint8_t flags = descriptor_flags(fd);
  const int family = (flags & APPEARS_IPV6) != 0 ? AF_INET6 : AF_INET;
  const int blocking = socket_nonblocking(fd) ? SOCK_NONBLOCK : 0;
  const int status = real.fcntl(fd, F_GETFD);
  const int on_exec = status > 0 && (status & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0;
  const int type = udp ? SOCK_DGRAM : SOCK_STREAM;
  const int fresh = real.socket(family, type | blocking | SOCK_CLOEXEC, 0);
  if (fresh < 0) return;
  if (udp) real.shutdown(fresh, SHUT_RDWR);
  else options_hand_over(fd, fresh);
  epoll_find(fd, &registered);
  epoll_remove(fd);
  const int result = real.dup3(fresh, fd, on_exec);
  real.close(fresh);
  if (result < 0) return;
  epoll_add_again(fd, &registered);
  struct descriptor *descriptor = descriptor_at(fd);
  if (descriptor != NULL) descriptor->asked_port = port;
  descriptor_mark(fd, (uint8_t)((flags & SHARES_PORT) | SHUT));
}

/* Every number that this process has for the same listener, `fd` among them. */
static void shut_here(int fd, const struct endpoint *own, bool alone) {
  const bool udp = socket_is_udp(fd);
  const uint16_t port =
      names_declared_port(own->address, own->port, udp ? IPPROTO_UDP : IPPROTO_TCP);
  char listener[PROCFS_LINK_MAX];
  char link[PROCFS_LINK_MAX];
  const bool known = procfs_descriptor(0, fd, listener);
  for (int other = 0; other < descriptor_limit(); other++) {
    struct descriptor *descriptor = descriptor_at(other);
    if (descriptor == NULL || (descriptor->flags & (HANDED_OVER | SHUT)) != HANDED_OVER) continue;
    const bool same = known && procfs_descriptor(0, other, link) && strcmp(link, listener) == 0;
    if (other != fd && !same) continue;
    descriptor_mark(other, descriptor->flags | SHUT);
    if (alone) let_go(other, port, udp);
    for (uint32_t i = 0; i < descriptor->acceptors; i++) wake_acceptor(own, udp);
  }
}

void listener_shut(int fd) {
  const int saved = errno;
  struct im_request request;
  struct endpoint own;
  if (context_owns_memory() && socket_own_endpoint(fd, &own)) {
    const bool alone = !held_by_another_process(fd);
    const bool due = describe(fd, IM_CLOSE, &request) && alone;
    shut_here(fd, &own, alone);
    if (due) control_tell(&request);
  }
  errno = saved;
}
