/* Placeholders of TCP: listening sockets that hosts are handed when they boot. */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <unistd.h>

/* The kernel takes less where net.core.somaxconn says so. */
enum { BACKLOG_MAX = 65535 };

static int open_socket(void) {
  int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  if (setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int)) == 0)
    return descriptor;
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

napi_value im_open_placeholder(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint32_t host;
  uint16_t port;
  if (!im_arguments(env, info, 2, values) || !im_read_uint32(env, values[0], &host) ||
      !im_read_port(env, values[1], &port))
    return NULL;
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
  int descriptor = open_socket();
  if (descriptor < 0) return im_throw(env, "socket");
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0)
    return im_throw_and_close(env, "bind", descriptor);
  if (listen(descriptor, BACKLOG_MAX) < 0) return im_throw_and_close(env, "listen", descriptor);
  return im_number(env, descriptor);
}

napi_value im_local_port(napi_env env, napi_callback_info info) {
  napi_value value;
  int descriptor;
  struct sockaddr_in address = {0};
  socklen_t length = sizeof address;
  if (!im_arguments(env, info, 1, &value) || !im_read_descriptor(env, value, &descriptor))
    return NULL;
  if (getsockname(descriptor, (struct sockaddr *)&address, &length) < 0)
    return im_throw(env, "getsockname");
  return im_number(env, ntohs(address.sin_port));
}

napi_value im_end_placeholder(napi_env env, napi_callback_info info) {
  napi_value value;
  int descriptor;
  if (!im_arguments(env, info, 1, &value) || !im_read_descriptor(env, value, &descriptor))
    return NULL;
  /* ENOTCONN: it listens no more, which is what is wanted. */
  if (shutdown(descriptor, SHUT_RDWR) < 0 && errno != ENOTCONN) return im_throw(env, "shutdown");
  return im_undefined(env);
}

/* A filter drops what would make a connection: the client's kernel repeats it, a second later at
 * first. What is established already has none. */
static int admit(int descriptor, bool open) {
  struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, 0);
  const struct sock_fprog filter = {.len = 1, .filter = &drop};
  if (!open) return setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter);
  const int none = setsockopt(descriptor, SOL_SOCKET, SO_DETACH_FILTER, &(int){0}, sizeof(int));
  return none < 0 && errno != ENOENT ? -1 : 0;
}

napi_value im_admit(napi_env env, napi_callback_info info) {
  napi_value values[2];
  int descriptor;
  bool open;
  if (!im_arguments(env, info, 2, values) || !im_read_descriptor(env, values[0], &descriptor) ||
      napi_get_value_bool(env, values[1], &open) != napi_ok)
    return NULL;
  if (admit(descriptor, open) < 0) return im_throw(env, "setsockopt");
  return im_undefined(env);
}

/* The flags are of the shared open file. */
int im_restore_flags(int descriptor) {
  int flags = fcntl(descriptor, F_GETFL);
  if (flags < 0) return -1;
  if (fcntl(descriptor, F_SETFL, (flags | O_NONBLOCK) & ~O_ASYNC) < 0) return -1;
  return fcntl(descriptor, F_SETOWN, 0);
}

napi_value im_restore_placeholder(napi_env env, napi_callback_info info) {
  napi_value value;
  int descriptor;
  if (!im_arguments(env, info, 1, &value) || !im_read_descriptor(env, value, &descriptor))
    return NULL;
  if (im_restore_flags(descriptor) < 0) return im_throw(env, "fcntl");
  if (admit(descriptor, true) < 0) return im_throw(env, "setsockopt");
  int fresh = open_socket();
  if (fresh < 0) return im_throw(env, "socket");
  if (im_restore_options(descriptor, fresh) < 0)
    return im_throw_and_close(env, "setsockopt", fresh);
  close(fresh);
  /* Also where it listens already: the backlog may be smaller. After somebody's shutdown, which
   * leaves the address bound, this makes it listen again. */
  if (listen(descriptor, BACKLOG_MAX) < 0) return im_throw(env, "listen");
  return im_undefined(env);
}

/* Errors of a connection that died in the queue, which accept reports: accept(2), "Error
 * handling". */
static bool is_of_the_connection(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == ENETDOWN ||
         error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH ||
         error == EOPNOTSUPP || error == ENETUNREACH;
}

napi_value im_reset_queue(napi_env env, napi_callback_info info) {
  napi_value value;
  int descriptor;
  int64_t reset = 0;
  struct linger abort_on_close = {.l_onoff = 1, .l_linger = 0};
  if (!im_arguments(env, info, 1, &value) || !im_read_descriptor(env, value, &descriptor))
    return NULL;
  /* A guest may have made it blocking; Node's loop must not block. */
  if (im_restore_flags(descriptor) < 0) return im_throw(env, "fcntl");
  /* As many as a queue holds: clients that try again at once must not keep us here. */
  for (int turn = 0; turn < BACKLOG_MAX; turn++) {
    int accepted = accept4(descriptor, NULL, NULL, SOCK_CLOEXEC);
    if (accepted < 0 && errno == EAGAIN) break;
    if (accepted < 0 && is_of_the_connection(errno)) continue;
    if (accepted < 0) return im_throw(env, "accept4");
    if (setsockopt(accepted, SOL_SOCKET, SO_LINGER, &abort_on_close, sizeof abort_on_close) < 0)
      return im_throw_and_close(env, "setsockopt", accepted);
    close(accepted);
    reset++;
  }
  return im_number(env, reset);
}
