/*
 * The server that is measured: it gives back what it gets. It knows nothing of whoever starts it,
 * but for the three ways in which starters pass on what they have accepted or listen on.
 *   echo <port>    listens on 0.0.0.0
 *   echo fd <n>    the descriptor is a listening socket (systemd: 3; xinetd, wait: 0)
 *   echo stdio     descriptor 0 is one connection (xinetd, nowait)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK_BYTES = 65536, EVENTS_MAX = 64, BACKLOG = 4096 };

static int listen_on(int port) {
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) < 0 ||
      bind(listener, (struct sockaddr *)&own, sizeof own) < 0 || listen(listener, BACKLOG) < 0) {
    perror("echo");
    exit(1);
  }
  return listener;
}

static bool send_all(int connection, const char *bytes, ssize_t length) {
  while (length > 0) {
    ssize_t sent = send(connection, bytes, (size_t)length, MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes += sent;
    length -= sent;
  }
  return true;
}

/* False: the peer has gone. */
static bool serve(int connection) {
  static char block[BLOCK_BYTES];
  ssize_t length = recv(connection, block, sizeof block, 0);
  return length > 0 && send_all(connection, block, length);
}

static void watch(int epoll, int descriptor) {
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) < 0) exit(1);
}

static void loop(int listener) {
  struct epoll_event events[EVENTS_MAX];
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  watch(epoll, listener);
  for (;;) {
    int count = epoll_wait(epoll, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      int descriptor = events[i].data.fd;
      if (descriptor != listener) {
        if (!serve(descriptor)) close(descriptor);
        continue;
      }
      int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
      if (connection < 0) continue;
      setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
      watch(epoll, connection);
    }
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "stdio") == 0) {
    while (serve(STDIN_FILENO)) continue;
    return 0;
  }
  if (argc == 3 && strcmp(argv[1], "fd") == 0) loop(atoi(argv[2]));
  if (argc == 2 && atoi(argv[1]) > 0) loop(listen_on(atoi(argv[1])));
  fputs("usage: echo <port> | fd <descriptor> | stdio\n", stderr);
  return 64;
}
