/* Placeholders of UDP: bound sockets that hosts are handed when they boot. */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

/* How often a port that the kernel chose may be gone when it is bound by number. */
enum { CHOICES_MAX = 16 };

static int share_address(int descriptor, int on) {
  return setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
}

static int bind_to(int descriptor, uint32_t host, uint16_t port) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(host)};
  return bind(descriptor, (struct sockaddr *)&address, sizeof address);
}

static int close_failed(int descriptor) {
  int error = errno;
  close(descriptor);
  errno = error;
  return -1;
}

/* The kernel notes where a datagram came in as it comes in: for a guest that will ask later. */
static int open_socket(void) {
  int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -1;
  if (setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &(int){1}, sizeof(int)) == 0)
    return descriptor;
  return close_failed(descriptor);
}

/* 0 where the kernel has none left. */
static uint16_t choose_port(uint32_t host) {
  struct sockaddr_in address = {0};
  socklen_t length = sizeof address;
  int descriptor = open_socket();
  if (descriptor < 0) return 0;
  if (bind_to(descriptor, host, 0) == 0)
    getsockname(descriptor, (struct sockaddr *)&address, &length);
  close(descriptor);
  return ntohs(address.sin_port);
}

static int open_bound(uint32_t host, uint16_t port) {
  int descriptor = open_socket();
  if (descriptor < 0) return -1;
  /* Shared for this moment only: one that was given up may still be on its way out of the
   * keeper, and what is bound last gets the datagrams. */
  if (share_address(descriptor, 1) < 0 || bind_to(descriptor, host, port) < 0 ||
      share_address(descriptor, 0) < 0)
    return close_failed(descriptor);
  return descriptor;
}

napi_value im_open_datagrams(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint32_t host;
  uint16_t port;
  if (!im_arguments(env, info, 2, values) || !im_read_uint32(env, values[0], &host) ||
      !im_read_port(env, values[1], &port))
    return NULL;
  /* By number in any case: a port that the kernel gave would be lost when a connection that a
   * guest made is dissolved. */
  int descriptor = -1;
  for (int choice = 0; descriptor < 0 && choice < CHOICES_MAX; choice++) {
    uint16_t wanted = port != 0 ? port : choose_port(host);
    descriptor = open_bound(host, wanted);
    if (descriptor < 0 && (port != 0 || errno != EADDRINUSE)) return im_throw(env, "bind");
  }
  return descriptor < 0 ? im_throw(env, "bind") : im_number(env, descriptor);
}

static bool read_socket(napi_env env, napi_callback_info info, int *descriptor) {
  napi_value value;
  return im_arguments(env, info, 1, &value) && im_read_descriptor(env, value, descriptor);
}

napi_value im_restore_datagrams(napi_env env, napi_callback_info info) {
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  int descriptor;
  int error;
  socklen_t length = sizeof error;
  if (!read_socket(env, info, &descriptor)) return NULL;
  /* A guest may have connected it: nobody else's datagrams would come in. */
  if (connect(descriptor, &nobody, sizeof nobody) < 0) return im_throw(env, "connect");
  if (im_restore_flags(descriptor) < 0) return im_throw(env, "fcntl");
  int fresh = open_socket();
  if (fresh < 0) return im_throw(env, "socket");
  if (im_restore_options(descriptor, fresh) < 0)
    return im_throw_and_close(env, "setsockopt", fresh);
  close(fresh);
  /* An error that the guest did not live to see is not the next one's: reading clears it. */
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) < 0)
    return im_throw(env, "getsockopt");
  return im_undefined(env);
}

napi_value im_share_datagrams(napi_env env, napi_callback_info info) {
  int descriptor;
  if (!read_socket(env, info, &descriptor)) return NULL;
  return share_address(descriptor, 1) < 0 ? im_throw(env, "setsockopt") : im_undefined(env);
}

napi_value im_next_sender(napi_env env, napi_callback_info info) {
  struct sockaddr_in address = {0};
  socklen_t length = sizeof address;
  napi_value sender;
  int descriptor;
  if (!read_socket(env, info, &descriptor)) return NULL;
  /* Nothing there, or nothing but an error: nobody is known. */
  if (recvfrom(descriptor, NULL, 0, MSG_PEEK | MSG_DONTWAIT, (struct sockaddr *)&address, &length) <
      0)
    return im_null(env);
  if (napi_create_object(env, &sender) != napi_ok ||
      !im_set(env, sender, "address", im_number(env, ntohl(address.sin_addr.s_addr))) ||
      !im_set(env, sender, "port", im_number(env, ntohs(address.sin_port))))
    return NULL;
  return sender;
}
