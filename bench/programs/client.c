/*
 * Measures from inside: times are taken round the calls themselves. Commands come as arguments
 * (one, and it ends) or as lines of its input; each is answered by one line.
 *   ping <host> <port> <count>          connect, one byte there and back, close: ns each
 *   talk <host> <port> <count> <bytes>  as many there and back over one connection: ns each
 *   cold <host> <port> <request>        once: ns, how often refused or cut off, when it began
 *   spawn <host> <port> <request> <command...>  starts it, tries until it answers, ends it
 *   herd <host> <port> <count> <request>  all at once: ns, answered, failed
 *   await <host> <port>                 until somebody listens
 *   hold <host> <port> <count> <request>  so many connections more that stay open: how many do
 *   again <request>                     over one of them: ns, failed, when it began
 *   release                             closes them
 * A request is hexadecimal; the clock is CLOCK_MONOTONIC.
 */
#include "client.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS_MAX = 64, RETRY_NS = 100000, BLOCK_MAX = 1 << 20, OUTPUT_BYTES = 1 << 20 };
static const int64_t patience_ns = 30000000000;
extern char **environ;

int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static _Noreturn void fail(const char *what) {
  fprintf(stderr, "client: %s: %s\n", what, strerror(errno));
  exit(1);
}

struct sockaddr_in address_of(const char *host, const char *port) {
  const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found;
  struct sockaddr_in address;
  int error = getaddrinfo(host, port, &hints, &found);
  if (error != 0) {
    fprintf(stderr, "client: %s: %s\n", host, gai_strerror(error));
    exit(1);
  }
  memcpy(&address, found->ai_addr, sizeof address);
  freeaddrinfo(found);
  return address;
}

struct request request_of(const char *hex) {
  struct request request = {0};
  unsigned byte;
  for (; request.length < REQUEST_MAX && sscanf(hex, "%2x", &byte) == 1; hex += 2)
    request.bytes[request.length++] = (char)byte;
  return request;
}

int dial(const struct sockaddr_in *to) {
  int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connection < 0) fail("socket");
  setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
  if (connect(connection, (const struct sockaddr *)to, sizeof *to) == 0) return connection;
  close(connection);
  return -1;
}

bool ask(const struct sockaddr_in *to, const struct request *request) {
  char first;
  int connection = dial(to);
  if (connection < 0) return false;
  bool answered =
      send(connection, request->bytes, request->length, MSG_NOSIGNAL) == (ssize_t)request->length &&
      recv(connection, &first, 1, 0) == 1;
  close(connection);
  return answered;
}

static void rest(void) { nanosleep(&(struct timespec){.tv_nsec = RETRY_NS}, NULL); }

void command_ping(int argc, char **argv) {
  if (argc < 4) fail("ping");
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  const struct request one = {.length = 1, .bytes = "x"};
  for (int n = atoi(argv[3]); n > 0; n--) {
    int64_t start = now_ns();
    if (!ask(&to, &one)) fail("ping");
    printf("%lld ", (long long)(now_ns() - start));
  }
}

static void there_and_back(int connection, char *block, size_t bytes) {
  size_t sent = 0, received = 0;
  while (sent < bytes) {
    ssize_t some = send(connection, block + sent, bytes - sent, MSG_NOSIGNAL);
    if (some <= 0) fail("send");
    sent += (size_t)some;
  }
  while (received < bytes) {
    ssize_t some = recv(connection, block, bytes - received, 0);
    if (some <= 0) fail("recv");
    received += (size_t)some;
  }
}

void command_talk(int argc, char **argv) {
  static char block[BLOCK_MAX];
  if (argc < 5 || atoi(argv[4]) > BLOCK_MAX) fail("talk");
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  int connection = dial(&to);
  if (connection < 0) fail("connect");
  for (int n = atoi(argv[3]); n > 0; n--) {
    int64_t start = now_ns();
    there_and_back(connection, block, (size_t)atoi(argv[4]));
    printf("%lld ", (long long)(now_ns() - start));
  }
  close(connection);
}

/* Returns how often it was refused or cut off before it was answered. */
static int ask_until_answered(const struct sockaddr_in *to, const struct request *request,
                              int64_t start) {
  int lost = 0;
  for (; !ask(to, request); lost++) {
    if (now_ns() - start > patience_ns) fail("no answer");
    rest();
  }
  return lost;
}

void command_cold(int argc, char **argv) {
  if (argc < 4) fail("cold");
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  const struct request request = request_of(argv[3]);
  int64_t start = now_ns();
  int lost = ask_until_answered(&to, &request, start);
  int64_t end = now_ns();
  printf("%lld %d %lld", (long long)(end - start), lost, (long long)start);
}

void command_spawn(int argc, char **argv) {
  if (argc < 5) fail("spawn");
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  const struct request request = request_of(argv[3]);
  posix_spawn_file_actions_t actions;
  pid_t child;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", 1, 0);
  int64_t start = now_ns();
  if (posix_spawnp(&child, argv[4], &actions, NULL, argv + 4, environ) != 0) fail(argv[4]);
  ask_until_answered(&to, &request, start);
  printf("%lld 0", (long long)(now_ns() - start));
  posix_spawn_file_actions_destroy(&actions);
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
}

void command_await(int argc, char **argv) {
  if (argc < 3) fail("await");
  const struct sockaddr_in to = address_of(argv[1], argv[2]);
  int64_t start = now_ns();
  int connection;
  while ((connection = dial(&to)) < 0) {
    if (now_ns() - start > patience_ns) fail("nobody listens");
    rest();
  }
  close(connection);
}

static void obey(int argc, char **argv) {
  static const struct {
    const char *name;
    void (*act)(int, char **);
  } commands[] = {{"ping", command_ping},   {"talk", command_talk},   {"cold", command_cold},
                  {"spawn", command_spawn}, {"herd", command_herd},   {"await", command_await},
                  {"hold", command_hold},   {"again", command_again}, {"release", command_release}};
  for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
    if (argc < 1 || strcmp(commands[i].name, argv[0]) != 0) continue;
    commands[i].act(argc, argv);
    putchar('\n');
    fflush(stdout);
    return;
  }
  errno = EINVAL;
  fail("no such command");
}

int main(int argc, char **argv) {
  char line[8192];
  static char output[OUTPUT_BYTES];
  /* All answers of a command in one write, also where many are printed. */
  setvbuf(stdout, output, _IOFBF, sizeof output);
  if (argc > 1) {
    obey(argc - 1, argv + 1);
    return 0;
  }
  while (fgets(line, sizeof line, stdin) != NULL) {
    char *words[WORDS_MAX + 1];
    int count = 0;
    for (char *word = strtok(line, " \n"); word != NULL && count < WORDS_MAX;
         word = strtok(NULL, " \n"))
      words[count++] = word;
    words[count] = NULL;
    obey(count, words);
  }
}
