/*
 * Who waits in a placeholder's queue: a sock_diag dump, filtered in the kernel by state, source
 * address and port. A connection that nobody has accepted has no inode.
 */
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

struct filter {
  struct inet_diag_bc_op operation;
  struct inet_diag_hostcond condition;
  uint32_t address;
};

struct dump_request {
  struct nlmsghdr header;
  struct inet_diag_req_v2 request;
  struct rtattr attribute;
  struct filter filter;
};

struct dump {
  napi_env env;
  napi_value found;
  uint32_t count;
  uint32_t max;
  bool failed; /* a JavaScript exception is pending */
};

static struct dump_request request_for(uint32_t address, uint16_t port) {
  return (struct dump_request){
      .header = {.nlmsg_len = sizeof(struct dump_request),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      /* CLOSE_WAIT: the client has sent its last byte already, and waits for the answer. */
      .request = {.sdiag_family = AF_INET,
                  .sdiag_protocol = IPPROTO_TCP,
                  .idiag_states = 1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT,
                  .id.idiag_sport = htons(port)},
      .attribute = {.rta_len = sizeof(struct rtattr) + sizeof(struct filter),
                    .rta_type = INET_DIAG_REQ_BYTECODE},
      /* A jump to the end accepts, one past it refuses. */
      .filter = {.operation = {.code = INET_DIAG_BC_S_COND,
                               .yes = sizeof(struct filter),
                               .no = sizeof(struct filter) + 4},
                 .condition = {.family = AF_INET, .prefix_len = 32, .port = port},
                 .address = htonl(address)},
  };
}

static bool add(struct dump *dump, const struct inet_diag_msg *socket) {
  napi_value connection;
  return napi_create_object(dump->env, &connection) == napi_ok &&
         im_set(dump->env, connection, "address",
                im_number(dump->env, ntohl(socket->id.idiag_dst[0]))) &&
         im_set(dump->env, connection, "port",
                im_number(dump->env, ntohs(socket->id.idiag_dport))) &&
         napi_set_element(dump->env, dump->found, dump->count++, connection) == napi_ok;
}

/* False: the dump is at its end. */
static bool take(struct dump *dump, const char *bytes, size_t length) {
  const struct nlmsghdr *header = (const void *)bytes;
  for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
    if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR) return false;
    if (header->nlmsg_type != SOCK_DIAG_BY_FAMILY ||
        header->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)))
      continue;
    const struct inet_diag_msg *socket = NLMSG_DATA(header);
    if (socket->idiag_inode != 0) continue;
    if (dump->count == dump->max) return false;
    if (!add(dump, socket)) {
      dump->failed = true;
      return false;
    }
  }
  return true;
}

static void read_dump(struct dump *dump, uint32_t address, uint16_t port) {
  struct dump_request request = request_for(address, port);
  _Alignas(struct nlmsghdr) char bytes[32 * 1024];
  int descriptor = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  /* Without sock_diag nobody knows who waits: they are served all the same. */
  if (descriptor < 0) return;
  if (send(descriptor, &request, sizeof request, 0) == (ssize_t)sizeof request) {
    ssize_t length;
    do length = recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
    while ((length < 0 && errno == EINTR) || (length > 0 && take(dump, bytes, (size_t)length)));
  }
  close(descriptor);
}

napi_value im_waiting_connections(napi_env env, napi_callback_info info) {
  napi_value values[3];
  uint32_t address;
  uint16_t port;
  struct dump dump = {.env = env};
  if (!im_arguments(env, info, 3, values) || !im_read_uint32(env, values[0], &address) ||
      !im_read_port(env, values[1], &port) || !im_read_uint32(env, values[2], &dump.max) ||
      napi_create_array(env, &dump.found) != napi_ok)
    return NULL;
  read_dump(&dump, address, port);
  return dump.failed ? NULL : dump.found;
}
