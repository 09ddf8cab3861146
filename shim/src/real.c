#include "real.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* dlsym moved from libdl to libc in glibc 2.34; the old version of it is found in both. */
#if defined(__x86_64__)
__asm__(".symver dlsym, dlsym@GLIBC_2.2.5");
#elif defined(__aarch64__)
__asm__(".symver dlsym, dlsym@GLIBC_2.17");
#endif

static int raw_socket(int domain, int type, int protocol) {
  return (int)syscall(SYS_socket, domain, type, protocol);
}

static int raw_connect(int fd, const struct sockaddr *to, socklen_t length) {
  return (int)syscall(SYS_connect, fd, to, length);
}

static int raw_bind(int fd, const struct sockaddr *to, socklen_t length) {
  return (int)syscall(SYS_bind, fd, to, length);
}

static int raw_listen(int fd, int backlog) { return (int)syscall(SYS_listen, fd, backlog); }

static int raw_accept4(int fd, struct sockaddr *peer, socklen_t *length, int flags) {
  return (int)syscall(SYS_accept4, fd, peer, length, flags);
}

static int raw_accept(int fd, struct sockaddr *peer, socklen_t *length) {
  return raw_accept4(fd, peer, length, 0);
}

static ssize_t raw_sendto(int fd, const void *data, size_t size, int flags,
                          const struct sockaddr *to, socklen_t length) {
  return syscall(SYS_sendto, fd, data, size, flags, to, length);
}

static ssize_t raw_sendmsg(int fd, const struct msghdr *message, int flags) {
  return syscall(SYS_sendmsg, fd, message, flags);
}

static int raw_sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  return (int)syscall(SYS_sendmmsg, fd, messages, count, flags);
}

static ssize_t raw_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from,
                            socklen_t *length) {
  return syscall(SYS_recvfrom, fd, data, size, flags, from, length);
}

static ssize_t raw_recvmsg(int fd, struct msghdr *message, int flags) {
  return syscall(SYS_recvmsg, fd, message, flags);
}

static int raw_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags,
                        struct timespec *limit) {
  return (int)syscall(SYS_recvmmsg, fd, messages, count, flags, limit);
}

static int raw_shutdown(int fd, int how) { return (int)syscall(SYS_shutdown, fd, how); }

static int raw_getsockname(int fd, struct sockaddr *name, socklen_t *length) {
  return (int)syscall(SYS_getsockname, fd, name, length);
}

static int raw_getpeername(int fd, struct sockaddr *name, socklen_t *length) {
  return (int)syscall(SYS_getpeername, fd, name, length);
}

static int raw_getsockopt(int fd, int level, int option, void *value, socklen_t *length) {
  return (int)syscall(SYS_getsockopt, fd, level, option, value, length);
}

static int raw_setsockopt(int fd, int level, int option, const void *value, socklen_t length) {
  return (int)syscall(SYS_setsockopt, fd, level, option, value, length);
}

static int raw_close(int fd) { return (int)syscall(SYS_close, fd); }

static int raw_close_range(unsigned first, unsigned last, int flags) {
  return (int)syscall(436 /* close_range, the same everywhere */, first, last, flags);
}

static int raw_dup(int fd) { return (int)syscall(SYS_dup, fd); }

static int raw_dup3(int from, int to, int flags) {
  return (int)syscall(SYS_dup3, from, to, flags);
}

static int raw_dup2(int from, int to) {
  if (from != to) return raw_dup3(from, to, 0);
  return syscall(SYS_fcntl, from, F_GETFD) < 0 ? -1 : to;
}

static int raw_fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  long argument = va_arg(list, long);
  va_end(list);
  return (int)syscall(SYS_fcntl, fd, command, argument);
}

static int raw_uname(struct utsname *name) { return (int)syscall(SYS_uname, name); }

static int raw_execve(const char *path, char *const argv[], char *const envp[]) {
  return (int)syscall(SYS_execve, path, argv, envp);
}

static int raw_execveat(int fd, const char *path, char *const argv[], char *const envp[],
                        int flags) {
  return (int)syscall(SYS_execveat, fd, path, argv, envp, flags);
}

struct real_calls real = {
    .socket = raw_socket,
    .connect = raw_connect,
    .bind = raw_bind,
    .listen = raw_listen,
    .accept = raw_accept,
    .accept4 = raw_accept4,
    .sendto = raw_sendto,
    .sendmsg = raw_sendmsg,
    .sendmmsg = raw_sendmmsg,
    .recvfrom = raw_recvfrom,
    .recvmsg = raw_recvmsg,
    .recvmmsg = raw_recvmmsg,
    .shutdown = raw_shutdown,
    .getsockname = raw_getsockname,
    .getpeername = raw_getpeername,
    .getsockopt = raw_getsockopt,
    .setsockopt = raw_setsockopt,
    .close = raw_close,
    .close_range = raw_close_range,
    .dup = raw_dup,
    .dup2 = raw_dup2,
    .dup3 = raw_dup3,
    .fcntl = raw_fcntl,
    .fcntl64 = raw_fcntl,
    .uname = raw_uname,
    .execve = raw_execve,
    .execveat = raw_execveat,
};

bool real_resolved;

static const struct {
  const char *name;
  size_t offset;
} wrapped[] = {
#define WRAPPED(result, name, parameters) {#name, offsetof(struct real_calls, name)},
#include "wrapped.def"
#undef WRAPPED
};

void real_resolve(void) {
  for (size_t i = 0; i < sizeof wrapped / sizeof wrapped[0]; i++) {
    void *symbol = dlsym(RTLD_NEXT, wrapped[i].name);
    /* An older libc lacks some (close_range, execveat): the raw system call stays. */
    if (symbol != NULL) memcpy((char *)&real + wrapped[i].offset, &symbol, sizeof symbol);
  }
  real_resolved = true;
}
