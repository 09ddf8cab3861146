/* Connections that stay open: one is asked, the others are only there. */
#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HELD_MAX = 4096, ANSWER_MAX = 4096 };

static int held[HELD_MAX];
static int held_count, next;

/* The whole answer is taken, so that nothing of it is there before the next question. */
static bool ask_over(int connection, const struct request *request) {
  char answer[ANSWER_MAX];
  const ssize_t length = (ssize_t)request->length;
  return send(connection, request->bytes, request->length, MSG_NOSIGNAL) == length &&
         recv(connection, answer, sizeof answer, 0) > 0;
}

static void close_all(void) {
  while (held_count > 0) close(held[--held_count]);
  next = 0;
}

/* Each is asked once: then all are accepted. */
void command_hold(int argc, char **argv) {
  if (argc < 5) exit(64);
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  const struct request request = request_of(argv[4]);
  struct rlimit descriptors;
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  for (int left = atoi(argv[3]); left > 0 && held_count < HELD_MAX; left--, held_count++) {
    held[held_count] = dial(&to);
    if (held[held_count] < 0 || !ask_over(held[held_count], &request)) {
      perror("client: hold");
      exit(1);
    }
  }
  printf("%d", held_count);
}

/* Each time another one. */
void command_again(int argc, char **argv) {
  if (argc < 2 || held_count == 0) exit(64);
  const struct request request = request_of(argv[1]);
  const int connection = held[next++ % held_count];
  const int64_t start = now_ns();
  const bool answered = ask_over(connection, &request);
  const int64_t end = now_ns();
  printf("%lld %d %lld", (long long)(end - start), answered ? 0 : 1, (long long)start);
}

void command_release(int argc, char **argv) {
  (void)argc;
  (void)argv;
  close_all();
  printf("0");
}
