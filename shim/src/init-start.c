/* From the start message to the guest's running command. */
#include "init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char control_variable[] = "IM_CONTROL=";

/* The next NUL-terminated string, or NULL. */
static char *take_string(char **position, const char *end) {
  char *text = *position;
  char *terminator = text < end ? memchr(text, 0, (size_t)(end - text)) : NULL;
  if (terminator == NULL) return NULL;
  *position = terminator + 1;
  return text;
}

static bool take_strings(char **position, const char *end, uint32_t count, char **strings) {
  for (uint32_t i = 0; i < count; i++) {
    strings[i] = take_string(position, end);
    if (strings[i] == NULL) return false;
  }
  return true;
}

/* IM_CONTROL last, in place of whatever the message says it is. */
static bool set_control(char **environment, uint32_t count, int control) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < count; i++)
    if (strncmp(environment[i], control_variable, sizeof control_variable - 1) != 0)
      environment[kept++] = environment[i];
  if (asprintf(&environment[kept], "%s%d", control_variable, control) < 0) return false;
  environment[kept + 1] = NULL;
  return true;
}

bool start_parse(const struct link *link, int control, struct start *start) {
  uint32_t counts[2];
  char *position = link->start + sizeof counts;
  const char *end = link->start + link->start_length;
  memcpy(counts, link->start, sizeof counts);
  /* Each string takes a byte at least: this bounds what is allocated. */
  if (counts[0] == 0 || counts[0] > link->start_length || counts[1] > link->start_length)
    return false;
  start->arguments = calloc((size_t)counts[0] + 1, sizeof(char *));
  start->environment = calloc((size_t)counts[1] + 2, sizeof(char *));
  if (start->arguments == NULL || start->environment == NULL) return false;
  start->directory = take_string(&position, end);
  return start->directory != NULL && take_strings(&position, end, counts[0], start->arguments) &&
         take_strings(&position, end, counts[1], start->environment) && position == end &&
         set_control(start->environment, counts[1], control);
}

struct failure {
  int error;
  bool of_chdir;
};

static _Noreturn void fail(int report, bool of_chdir) {
  struct failure failure = {.error = errno, .of_chdir = of_chdir};
  /* Fits into the pipe at once; without a reader nobody is left to be told. */
  if (write(report, &failure, sizeof failure) != (ssize_t)sizeof failure) _exit(126);
  _exit(127);
}

/* In the child: no malloc, no stdio. */
static _Noreturn void become(const struct start *start, int report) {
  struct sigaction as_usual = {.sa_handler = SIG_DFL};
  sigset_t none;
  for (int signal = 1; signal < NSIG; signal++)
    sigaction(signal, &as_usual, NULL); /* fails for SIGKILL and SIGSTOP, which nobody changes */
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  setsid(); /* a terminal's signals are not for guests; a fresh child leads no group: succeeds */
  if (chdir(start->directory) < 0) fail(report, true);
  environ = start->environment; /* execvpe searches the PATH that it finds here */
  execvpe(start->arguments[0], start->arguments, start->environment);
  fail(report, false);
}

pid_t spawn(const struct start *start, const char **step) {
  int report[2];
  struct failure failure;
  ssize_t length;
  *step = "fork";
  if (pipe2(report, O_CLOEXEC) < 0) return -1;
  pid_t pid = fork();
  if (pid == 0) become(start, report[1]);
  int fork_error = errno;
  close(report[1]);
  if (pid < 0) {
    close(report[0]);
    errno = fork_error;
    return -1;
  }
  do length = read(report[0], &failure, sizeof failure);
  while (length < 0 && errno == EINTR);
  close(report[0]);
  if (length != (ssize_t)sizeof failure) return pid; /* closed by exec */
  while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) continue;
  *step = failure.of_chdir ? "chdir" : "exec";
  errno = failure.error;
  return -1;
}
