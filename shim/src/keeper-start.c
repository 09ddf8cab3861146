/* How the keeper and its daemons start. */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Younger than some C libraries; the numbers are the same on every architecture. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum {
  NOT_EXECUTED = 127,
  DESCRIPTORS_SPARE = 16 /* for the next daemon's link, and what the C library opens */
};

uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* In the child: system calls only. */
static _Noreturn void become_daemon(const struct keeper *keeper, int link) {
  sigset_t none;
  sigemptyset(&none);
  setsid();
  if (dup2(link, DAEMON_LINK) >= 0 && dup2(keeper->lock, DAEMON_LOCK) >= 0 &&
      (keeper->channel < 0 || dup2(keeper->channel, DAEMON_CHANNEL) >= 0) &&
      sigprocmask(SIG_SETMASK, &none, NULL) == 0)
    execvp(keeper->call.command[0], keeper->call.command);
  _exit(NOT_EXECUTED);
}

/* Our end tells an empty packet from the end of file by its sender. */
static int open_link(int pair[2]) {
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) return -1;
  pair[0] = own(pair[0]);
  pair[1] = own(pair[1]);
  if (pair[0] >= 0 && pair[1] >= 0 &&
      setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) == 0)
    return 0;
  int error = errno;
  if (pair[0] >= 0) close(pair[0]);
  if (pair[1] >= 0) close(pair[1]);
  errno = error;
  return -1;
}

static int set_variables(const struct keeper *keeper) {
  char restarts[16], channel[16];
  snprintf(restarts, sizeof restarts, "%u", keeper->restarts);
  snprintf(channel, sizeof channel, "%d", DAEMON_CHANNEL);
  int set =
      keeper->channel >= 0 ? setenv("NODE_CHANNEL_FD", channel, 1) : unsetenv("NODE_CHANNEL_FD");
  return set < 0 ? -1 : setenv("IM_RESTARTS", restarts, 1);
}

int start_daemon(struct keeper *keeper) {
  int pair[2];
  if (set_variables(keeper) < 0 || open_link(pair) < 0) return -1;
  keeper->link.descriptor = pair[0];
  /* Before there is a daemon: from here on its queue holds the sockets, too, should we die. */
  if (keeper->restarts > 0) link_list_unasked(&keeper->link);
  pid_t pid = fork();
  if (pid == 0) become_daemon(keeper, pair[1]);
  int error = errno;
  close(pair[1]);
  if (pid < 0) {
    link_close(&keeper->link);
    errno = error;
    return -1;
  }
  /* Its end must be seen by whoever waits: the daemon alone has it now. */
  if (keeper->channel >= 0) close(keeper->channel);
  keeper->channel = -1;
  keeper->daemon = pid;
  keeper->started_ms = now_ms();
  return 0;
}

static bool set_up_signals(struct keeper *keeper) {
  struct sigaction on_end = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
  sigset_t taken, all;
  sigemptyset(&taken);
  sigaddset(&taken, SIGCHLD);
  sigaddset(&taken, SIGTERM);
  sigaddset(&taken, SIGINT);
  sigfillset(&all);
  /* All are blocked: neither a closed terminal nor a log without a reader is our end. */
  keeper->signals = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  return keeper->signals >= 0 && (keeper->signals = own(keeper->signals)) >= 0 &&
         sigaction(SIGCHLD, &on_end, NULL) == 0 && sigprocmask(SIG_SETMASK, &all, NULL) == 0;
}

/* As many descriptors as may be; custody gets all but a few. */
static void set_up_limit(struct keeper *keeper) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  rlim_t most = limit.rlim_cur > INT32_MAX ? INT32_MAX : limit.rlim_cur;
  keeper->link.highest = (int)most - 1 - DESCRIPTORS_SPARE;
}

/* What else was inherited is nobody's business here, and would never be closed. */
static void close_others(int first, int last) {
  if (first <= last) syscall(SYS_close_range, (unsigned)first, (unsigned)last, 0);
}

/* Node's variable names it. It becomes ours alone: -1 where there is none. */
static int take_channel(void) {
  const char *text = getenv("NODE_CHANNEL_FD");
  int descriptor = text == NULL ? 0 : atoi(text);
  bool given = descriptor > STDERR_FILENO && fcntl(descriptor, F_GETFD) >= 0;
  if (given) close_others(STDERR_FILENO + 1, descriptor - 1);
  close_others((given ? descriptor : STDERR_FILENO) + 1, INT_MAX);
  return given ? own(descriptor) : -1;
}

static int open_process(pid_t pid) {
  long descriptor = syscall(SYS_pidfd_open, pid, 0);
  return descriptor < 0 ? -1 : own((int)descriptor);
}

static int adopt(struct keeper *keeper) {
  keeper->link.descriptor = own(DAEMON_LINK);
  keeper->lock = own(DAEMON_LOCK);
  if (keeper->link.descriptor < 0 || keeper->lock < 0 ||
      setsockopt(keeper->link.descriptor, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) < 0)
    return -1;
  if (!lock_holds(keeper->call.lock_file, keeper->lock)) {
    errno = EWOULDBLOCK;
    return -1;
  }
  keeper->daemon = keeper->call.adopted;
  keeper->started_ms = now_ms();
  keeper->adopted = open_process(keeper->daemon);
  if (keeper->adopted < 0) return errno == ESRCH ? 0 : -1;
  /* The link was made by the daemon: without its end this is another process of that number. */
  struct pollfd link = {.fd = keeper->link.descriptor};
  if (poll(&link, 1, 0) == 1 && (link.revents & POLLHUP) != 0) {
    close(keeper->adopted);
    keeper->adopted = -1;
  }
  return 0;
}

int begin(struct keeper *keeper) {
  setenv("IM_KEEPER", "3", 1);
  setenv("IM_LOCK", "4", 1);
  set_up_limit(keeper);
  if (keeper->call.adopted > 0)
    close_others(DAEMON_LOCK + 1, INT_MAX);
  else
    keeper->channel = take_channel();
  if (!set_up_signals(keeper)) return -1;
  if (keeper->call.adopted > 0) return adopt(keeper);
  keeper->lock = lock_take(keeper->call.lock_file);
  if (keeper->lock < 0 && errno == EWOULDBLOCK) {
    report_taken(keeper->channel);
    exit(EXIT_SUCCESS);
  }
  if (keeper->lock < 0) return -1;
  return start_daemon(keeper);
}

bool parse_call(int argc, char **argv, struct call *call) {
  bool adopts = argc > 1 && strcmp(argv[1], "--adopt") == 0;
  int at = adopts ? 2 : 1, fixed = adopts ? 4 : 3;
  if (argc <= at + fixed || strcmp(argv[at + fixed - 1], "--") != 0) return false;
  *call = (struct call){.lock_file = argv[at], .command = argv + at + fixed};
  if (strcmp(argv[at + 1], "-") != 0) call->pid_file = argv[at + 1];
  if (adopts) call->adopted = atoi(argv[at + 2]);
  return !adopts || call->adopted > 0;
}
