/* Many clients at once, in one process: every connect is under way before the first answer. */
#include "client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_MAX = 256, PATIENCE_MS = 60000 };

static int begin(int epoll, const struct sockaddr_in *to) {
  int connection = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct epoll_event event = {.events = EPOLLOUT, .data.fd = connection};
  if (connection < 0) return -1;
  if (connect(connection, (const struct sockaddr *)to, sizeof *to) < 0 && errno != EINPROGRESS) {
    close(connection);
    return -1;
  }
  return epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event);
}

/* Connected: asks, and waits for the answer. False: it has failed. */
static bool go_on(int epoll, int connection, const struct request *request) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = connection};
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &length) < 0 || error != 0) return false;
  if (send(connection, request->bytes, request->length, MSG_NOSIGNAL) < 0) return false;
  return epoll_ctl(epoll, EPOLL_CTL_MOD, connection, &event) == 0;
}

void command_herd(int argc, char **argv) {
  if (argc < 5) exit(64);
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  const struct request request = request_of(argv[4]);
  struct rlimit descriptors;
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  int count = atoi(argv[3]), answered = 0, failed = 0;
  int64_t start = now_ns();
  for (int i = 0; i < count; i++)
    if (begin(epoll, &to) < 0) failed++;
  while (answered + failed < count) {
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(epoll, events, EVENTS_MAX, PATIENCE_MS);
    if (ready <= 0) break;
    for (int i = 0; i < ready; i++) {
      int connection = events[i].data.fd;
      char first;
      if ((events[i].events & EPOLLIN) == 0 && (events[i].events & EPOLLOUT) != 0 &&
          go_on(epoll, connection, &request))
        continue;
      if (recv(connection, &first, 1, 0) == 1)
        answered++;
      else
        failed++;
      close(connection);
    }
  }
  printf("%lld %d %d", (long long)(now_ns() - start), answered, count - answered);
  close(epoll);
}
