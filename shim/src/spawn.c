/* The exec and spawn family: our variables go into whatever environment the program is given. */
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#include "context.h"
#include "control-move.h"
#include "environment.h"
#include "real.h"

IM_EXPORT int execve(const char *path, char *const argv[], char *const envp[]) {
  ENVIRONMENT_IN_FRAME(environment, envp);
  return real.execve(path, argv, environment_build(&environment, envp));
}

IM_EXPORT int execv(const char *path, char *const argv[]) {
  ENVIRONMENT_IN_FRAME(environment, environ);
  return real.execve(path, argv, environment_build(&environment, environ));
}

IM_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[]) {
  real_ensure();
  ENVIRONMENT_IN_FRAME(environment, envp);
  return real.execvpe(file, argv, environment_build(&environment, envp));
}

IM_EXPORT int execvp(const char *file, char *const argv[]) {
  real_ensure();
  ENVIRONMENT_IN_FRAME(environment, environ);
  return real.execvpe(file, argv, environment_build(&environment, environ));
}

static size_t count_arguments(va_list list) {
  size_t count = 1;
  while (va_arg(list, char *) != NULL) count++;
  return count;
}

/* Declares `argv` in the caller's frame: `first` and the variable arguments up to their NULL. */
#define ARGUMENTS_IN_FRAME(argv, list, first)                         \
  va_start(list, first);                                              \
  const size_t argv##_count = count_arguments(list);                  \
  va_end(list);                                                       \
  char *argv[argv##_count + 1];                                       \
  argv[0] = (char *)(uintptr_t)first;                                 \
  va_start(list, first);                                              \
  for (size_t i = 1; i <= argv##_count; i++) argv[i] = va_arg(list, char *)

IM_EXPORT int execl(const char *path, const char *first, ...) {
  va_list list;
  ARGUMENTS_IN_FRAME(argv, list, first);
  va_end(list);
  return execv(path, argv);
}

IM_EXPORT int execlp(const char *file, const char *first, ...) {
  va_list list;
  ARGUMENTS_IN_FRAME(argv, list, first);
  va_end(list);
  return execvp(file, argv);
}

IM_EXPORT int execle(const char *path, const char *first, ...) {
  va_list list;
  ARGUMENTS_IN_FRAME(argv, list, first);
  char *const *envp = va_arg(list, char *const *);
  va_end(list);
  return execve(path, argv, envp);
}

IM_EXPORT int execveat(int directory, const char *path, char *const argv[], char *const envp[],
                       int flags) {
  ENVIRONMENT_IN_FRAME(environment, envp);
  return real.execveat(directory, path, argv, environment_build(&environment, envp), flags);
}

IM_EXPORT int fexecve(int fd, char *const argv[], char *const envp[]) {
  real_ensure();
  ENVIRONMENT_IN_FRAME(environment, envp);
  return real.fexecve(fd, argv, environment_build(&environment, envp));
}

IM_EXPORT int posix_spawn(pid_t *pid, const char *path,
                          const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const argv[],
                          char *const envp[]) {
  real_ensure();
  ENVIRONMENT_IN_FRAME(environment, envp);
  return real.posix_spawn(pid, path, actions, attributes, argv,
                          environment_build(&environment, envp));
}

IM_EXPORT int posix_spawnp(pid_t *pid, const char *file,
                           const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const argv[],
                           char *const envp[]) {
  real_ensure();
  ENVIRONMENT_IN_FRAME(environment, envp);
  return real.posix_spawnp(pid, file, actions, attributes, argv,
                           environment_build(&environment, envp));
}

IM_EXPORT int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd) {
  real_ensure();
  if (context.active && fd == context.control) return 0;
  return real.posix_spawn_file_actions_addclose(actions, fd);
}

/* What the child puts onto the control descriptor's number: the child's copy is elsewhere then. */
static int vacated(int number) {
  const int before = context.control;
  if (!context.active || number != before) return 0;
  if (!control_moved_from(number)) return errno;
  real.close(before);
  return 0;
}

IM_EXPORT int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from,
                                               int to) {
  real_ensure();
  const int error = vacated(to);
  return error != 0 ? error : real.posix_spawn_file_actions_adddup2(actions, from, to);
}

IM_EXPORT int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd,
                                               const char *path, int flags, mode_t mode) {
  real_ensure();
  const int error = vacated(fd);
  if (error != 0) return error;
  return real.posix_spawn_file_actions_addopen(actions, fd, path, flags, mode);
}

/* Not declared by a libc before 2.34, which has no caller of it either. */
int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int first);

IM_EXPORT int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions,
                                                       int first) {
  real_ensure();
  if (!context.active || first > context.control)
    return real.posix_spawn_file_actions_addclosefrom_np(actions, first);
  for (int fd = first; fd < context.control; fd++) {
    const int error = real.posix_spawn_file_actions_addclose(actions, fd);
    if (error != 0) return error;
  }
  return real.posix_spawn_file_actions_addclosefrom_np(actions, context.control + 1);
}

IM_EXPORT int system(const char *command) {
  real_ensure();
  environment_restore();
  return real.system(command);
}

IM_EXPORT FILE *popen(const char *command, const char *mode) {
  real_ensure();
  environment_restore();
  return real.popen(command, mode);
}
