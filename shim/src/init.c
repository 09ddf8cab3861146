/*
 * im-init: the root of an environment's guests. Started by the host-runtime before it is known
 * which guest that will be, so that a boot costs one fork and exec.
 *
 * Descriptors at the start: 0 /dev/null, 1 and 2 the guest's output, 3 a stream socket to the
 * host-runtime, 4 the guest's control descriptor.
 *
 * From the host-runtime: first `uint32_t length`, then that many bytes: `uint32_t argc`,
 * `uint32_t envc`, and NUL-terminated the working directory, argc arguments, envc variables. Then
 * lines: `terminate <grace in ms>`, `kill`. Its end of file means that it died: everything is
 * killed.
 *
 * To it, lines: `started <pid>` or `failed <errno> <exec|chdir|fork>` (the last line then);
 * `exited <code or -> <signal or ->` of the command; `empty` when the whole tree is gone.
 *
 * It is the subreaper of the tree: orphans become its children, so that waitpid's ECHILD means that
 * nobody is left.
 */
#include "init.h"
#include "control-number.h"
#include "process-tree.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LINK = 3, CONTROL = 4 };

struct init {
  struct link link;
  int control;
  int children; /* signalfd of SIGCHLD */
  pid_t main;   /* 0: not started; -1: has ended */
  bool linked;
  bool terminating;
  bool killing;
  uint64_t kill_at_ms; /* while terminating */
};

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool set_up_signals(struct init *init) {
  /* Default even where it was ignored: else the kernel would reap in our place. Not for children
   * that are stopped and continued: a suspended tree must not wake us. */
  struct sigaction on_end = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP};
  sigset_t child, all;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigfillset(&all);
  init->children = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  /* All blocked: the tree ends by the host-runtime's word, not by a signal to a group or from a
   * terminal. */
  return init->children >= 0 && sigaction(SIGCHLD, &on_end, NULL) == 0 &&
         sigprocmask(SIG_SETMASK, &all, NULL) == 0;
}

/* Younger than some C libraries (Linux 5.9); the number is the same on every architecture. */
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

static bool set_up(struct init *init) {
  /* What else was inherited is nobody's business here, least of all a guest's. A kernel too old for
   * this leaves it to whoever forgot CLOEXEC. */
  syscall(SYS_close_range, CONTROL + 1, ~0u, 0);
  if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) return false;
  init->link.descriptor = fcntl(LINK, F_DUPFD_CLOEXEC, CONTROL + 1);
  init->control = im_control_number(CONTROL);
  if (init->link.descriptor < 0 || init->control < 0) return false;
  close(LINK);
  close(CONTROL);
  init->linked = true;
  return fcntl(init->link.descriptor, F_SETFL, O_NONBLOCK) == 0 && set_up_signals(init);
}

/* Only guests hold their output and their control descriptor: its end is then theirs. */
static void leave_to_guest(struct init *init) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null >= 0) {
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    close(null);
  } else {
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
  }
  close(init->control);
}

static void start_guest(struct init *init, bool well_formed) {
  struct start start;
  const char *step = "exec";
  if (!well_formed || !start_parse(&init->link, init->control, &start)) {
    link_send(&init->link, "failed %d %s", EPROTO, step);
    exit(EXIT_SUCCESS);
  }
  init->main = spawn(&start, &step);
  if (init->main < 0) {
    link_send(&init->link, "failed %d %s", errno, step);
    exit(EXIT_SUCCESS);
  }
  leave_to_guest(init);
  link_send(&init->link, "started %d", (int)init->main);
  free(init->link.start);
}

/* Nobody left: the end of init. */
static _Noreturn void finish(struct init *init) {
  if (init->linked) link_send(&init->link, "empty");
  exit(EXIT_SUCCESS);
}

static void kill_tree(struct init *init) {
  if (init->main == 0) finish(init);
  init->killing = true;
  tree_signal(SIGKILL);
}

static void terminate(struct init *init, uint64_t grace_ms) {
  uint64_t kill_at_ms = now_ms() + grace_ms;
  if (init->main == 0) finish(init);
  /* A second wish may shorten the grace, and is no second SIGTERM: many programs give up at once
   * on that. */
  if (init->terminating) {
    if (kill_at_ms < init->kill_at_ms) init->kill_at_ms = kill_at_ms;
    return;
  }
  init->terminating = true;
  init->kill_at_ms = kill_at_ms;
  if (init->main > 0)
    kill(init->main, SIGTERM);
  else
    tree_signal(SIGTERM);
}

static void main_ended(struct init *init, int status) {
  init->main = -1;
  if (!init->linked) return;
  if (WIFSIGNALED(status))
    link_send(&init->link, "exited - %d", WTERMSIG(status));
  else
    link_send(&init->link, "exited %d -", WEXITSTATUS(status));
}

static void reap(struct init *init) {
  struct signalfd_siginfo signals[8];
  bool ended = false;
  int status;
  pid_t pid;
  while (read(init->children, signals, sizeof signals) > 0) continue;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    if (pid == init->main) {
      main_ended(init, status);
      ended = true;
    }
  if (pid < 0 && errno == ECHILD) finish(init);
  /* A process that was forked while the tree was being read becomes ours, and is found now, when
   * its parent ends: the last end comes after every fork. */
  if (init->killing)
    tree_signal(SIGKILL);
  else if (ended && init->terminating)
    tree_signal(SIGTERM);
}

static void obey(struct init *init) {
  uint64_t grace_ms = 0;
  for (;;) {
    enum command command = link_receive(&init->link, &grace_ms);
    switch (command) {
    case COMMAND_NONE:
      return;
    case COMMAND_START:
    case COMMAND_MALFORMED:
      start_guest(init, command == COMMAND_START);
      break;
    case COMMAND_TERMINATE:
      terminate(init, grace_ms);
      break;
    case COMMAND_KILL:
      kill_tree(init);
      break;
    case COMMAND_END:
      init->linked = false;
      kill_tree(init);
      return;
    }
  }
}

static int timeout_ms(const struct init *init) {
  if (!init->terminating || init->killing) return -1;
  uint64_t now = now_ms();
  return now >= init->kill_at_ms ? 0 : (int)(init->kill_at_ms - now);
}

int main(void) {
  struct init init = {0};
  if (!set_up(&init)) return EXIT_FAILURE;
  for (;;) {
    struct pollfd waits[2] = {
        {.fd = init.children, .events = POLLIN},
        {.fd = init.linked ? init.link.descriptor : -1, .events = POLLIN},
    };
    if (poll(waits, 2, timeout_ms(&init)) < 0) continue; /* EINTR, after SIGCONT */
    if (timeout_ms(&init) == 0) kill_tree(&init);
    if (waits[0].revents != 0 && init.main != 0) reap(&init);
    if (waits[1].revents != 0) obey(&init);
  }
}
