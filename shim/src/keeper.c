/*
 * im-keeper <lock file> <pid file or -> -- <command…>
 * im-keeper --adopt <lock file> <pid file or -> <pid> -- <command…>
 *
 * Takes the lock of a home, executes the daemon, holds duplicates of the descriptors that must
 * outlive it (custody.h), and starts it again whenever it ends without a QUIT. The daemon gets the
 * custody link (IM_KEEPER), the lock (IM_LOCK), how often it was started again (IM_RESTARTS), and
 * for its first start the channel of Node to whoever started us. The lock is held as long as either
 * of the two lives.
 *
 * With --adopt it takes over a daemon whose keeper died: descriptor 3 is our end of a fresh link,
 * 4 the lock.
 *
 * A first start that fails is ours as well: we end as the daemon did. Exit codes besides: 0, also
 * where the lock is taken (told over the channel); 2 what the machine refuses; 64 a wrong call.
 */
#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
  EXIT_SYSTEM = 2,
  EXIT_MISUSE = 64,
  YOUNG_MS = 10000, /* a daemon that dies before has not recovered */
  BACK_OFF_FIRST_MS = 50,
  BACK_OFF_MAX_MS = 5000,
  CROWDED_MS = 10,
  UNKNOWN_STATUS = -1 /* of a daemon that is not our child; else as of waitpid */
};

/* What is left of a home that nobody has any more. */
static void remove_traces(const struct keeper *keeper) {
  if (keeper->daemon != 0 || !lock_holds(keeper->call.lock_file, keeper->lock)) return;
  if (keeper->call.pid_file != NULL) unlink(keeper->call.pid_file);
  unlink(keeper->call.lock_file);
}

static _Noreturn void finish(const struct keeper *keeper, int status) {
  remove_traces(keeper);
  exit(status);
}

/* The same end as the daemon's, for whoever waits for us. */
static _Noreturn void end_alike(const struct keeper *keeper, int status) {
  if (!WIFSIGNALED(status)) finish(keeper, WEXITSTATUS(status));
  sigset_t one;
  remove_traces(keeper);
  setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
  sigemptyset(&one);
  sigaddset(&one, WTERMSIG(status));
  raise(WTERMSIG(status));
  sigprocmask(SIG_UNBLOCK, &one, NULL);
  exit(128 + WTERMSIG(status));
}

static void write_pid(const struct call *call) {
  char text[16];
  if (call->pid_file == NULL) return;
  int length = snprintf(text, sizeof text, "%d\n", (int)getpid());
  int file = open(call->pid_file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0 || write(file, text, (size_t)length) != length)
    report("cannot write %s: %s", call->pid_file, strerror(errno));
  if (file >= 0) close(file);
}

static void start_later(struct keeper *keeper) {
  unsigned doublings = keeper->young_deaths == 0 ? 0 : keeper->young_deaths - 1;
  uint64_t delay_ms = 0;
  if (keeper->young_deaths > 0)
    delay_ms = doublings > 6 ? BACK_OFF_MAX_MS : (uint64_t)BACK_OFF_FIRST_MS << doublings;
  keeper->young_deaths++;
  keeper->due_ms = now_ms() + delay_ms;
}

static void start_again(struct keeper *keeper) {
  /* Without its lock file the home was removed, or is somebody else's. */
  if (!lock_holds(keeper->call.lock_file, keeper->lock)) {
    report("the home has gone: nothing is started again");
    finish(keeper, EXIT_SUCCESS);
  }
  keeper->restarts++;
  if (start_daemon(keeper) == 0) return;
  report("the daemon cannot be started: %s", strerror(errno));
  start_later(keeper);
}

static void report_end(int status) {
  if (status == UNKNOWN_STATUS)
    report("the daemon ended and is started again");
  else if (WIFSIGNALED(status))
    report("the daemon ended with signal %d and is started again", WTERMSIG(status));
  else
    report("the daemon ended with code %d and is started again", WEXITSTATUS(status));
}

static void daemon_ended(struct keeper *keeper, int status) {
  while (link_receive(&keeper->link)) continue; /* its last words */
  link_close(&keeper->link);
  keeper->daemon = 0;
  if (keeper->link.quit || keeper->asked) finish(keeper, EXIT_SUCCESS);
  if (!keeper->link.ready && status == UNKNOWN_STATUS) finish(keeper, EXIT_SYSTEM);
  if (!keeper->link.ready) end_alike(keeper, status);
  if (now_ms() - keeper->started_ms >= YOUNG_MS) keeper->young_deaths = 0;
  start_later(keeper);
  report_end(status);
}

static void reap(struct keeper *keeper) {
  int status;
  pid_t pid;
  while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
    if (pid == keeper->daemon) daemon_ended(keeper, status);
}

static void take_signals(struct keeper *keeper) {
  struct signalfd_siginfo signal;
  bool child = false;
  while (read(keeper->signals, &signal, sizeof signal) == (ssize_t)sizeof signal) {
    if (signal.ssi_signo == SIGCHLD) {
      child = true;
      continue;
    }
    keeper->asked = true;
    if (keeper->daemon > 0) kill(keeper->daemon, (int)signal.ssi_signo);
  }
  if (child) reap(keeper);
  if (keeper->asked && keeper->daemon == 0) finish(keeper, EXIT_SUCCESS);
}

static void adopted_ended(struct keeper *keeper) {
  if (keeper->adopted >= 0) close(keeper->adopted);
  keeper->adopted = -1;
  daemon_ended(keeper, UNKNOWN_STATUS);
}

static int timeout_ms(const struct keeper *keeper) {
  if (keeper->daemon == 0) {
    uint64_t now = now_ms();
    return now >= keeper->due_ms ? 0 : (int)(keeper->due_ms - now);
  }
  return keeper->link.crowded ? CROWDED_MS : -1;
}

static _Noreturn void run(struct keeper *keeper) {
  for (;;) {
    bool waits_for_room = keeper->link.listing && !keeper->link.crowded;
    struct pollfd waits[3] = {
        {.fd = keeper->signals, .events = POLLIN},
        {.fd = keeper->link.descriptor,
         .events = (short)(waits_for_room ? POLLIN | POLLOUT : POLLIN)},
        {.fd = keeper->adopted, .events = POLLIN},
    };
    if (poll(waits, 3, timeout_ms(keeper)) < 0) continue; /* EINTR, after SIGCONT */
    if (waits[1].revents != 0) link_receive(&keeper->link);
    if (keeper->link.quit) finish(keeper, EXIT_SUCCESS);
    if (keeper->link.listing) link_list(&keeper->link);
    if (waits[0].revents != 0) take_signals(keeper);
    if (waits[2].revents != 0) adopted_ended(keeper);
    if (keeper->daemon == 0 && timeout_ms(keeper) == 0) start_again(keeper);
  }
}

int main(int argc, char **argv) {
  struct keeper keeper = {.lock = -1, .channel = -1, .adopted = -1, .link.descriptor = -1};
  if (!parse_call(argc, argv, &keeper.call)) {
    fputs("usage: im-keeper [--adopt] <lock file> <pid file or -> [<pid>] -- <command...>\n",
          stderr);
    return EXIT_MISUSE;
  }
  if (begin(&keeper) < 0) {
    report("cannot keep %s: %s", keeper.call.lock_file, strerror(errno));
    return EXIT_SYSTEM;
  }
  write_pid(&keeper.call);
  if (keeper.call.adopted > 0 && keeper.adopted < 0) adopted_ended(&keeper);
  run(&keeper);
}
