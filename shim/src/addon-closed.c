/*
 * The connection of one address that ended last, in good order: the kernel remembers the end that
 * closed first for a minute (TIME_WAIT), be it the near one or the far one of the same loopback.
 * What was opened and closed between two looks leaves no other trace.
 */
#include "addon-dump.h"
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

/* Of the kernel's (TCP_TIMEWAIT_LEN), ms. */
enum { REMEMBERED_MS = 60000 };
/* Of a busy server there are tens of thousands, of all ages: some hundreds hold a young one. */
enum { READS_MAX = 16 };

struct condition {
  struct inet_diag_bc_op operation;
  struct inet_diag_hostcond host;
  uint32_t address;
};

struct either {
  struct condition near;
  struct inet_diag_bc_op accept;
  struct condition far;
};

/* The older form, for TCP alone: one walk over the kernel's table for both families. */
struct dump_request {
  struct nlmsghdr header;
  struct inet_diag_req request;
  struct rtattr attribute;
  struct either filter;
};

struct closed {
  uint32_t address;
  bool found;
  uint32_t ago_ms;
  uint16_t port; /* of the address */
  uint32_t peer_address;
  uint16_t peer_port;
};

static void set_condition(struct condition *condition, uint8_t code, uint32_t address,
                          size_t otherwise) {
  condition->operation = (struct inet_diag_bc_op){
      .code = code, .yes = sizeof *condition, .no = (uint16_t)(sizeof *condition + otherwise)};
  condition->host.family = AF_INET;
  condition->host.prefix_len = 32;
  condition->host.port = -1;
  condition->address = htonl(address);
}

/* A jump to the end accepts, one past it refuses; each step has to lead to the next. */
static struct dump_request request_for(uint32_t address) {
  enum { STEP = sizeof(struct inet_diag_bc_op) };
  struct dump_request request = {
      .header = {.nlmsg_len = sizeof(struct dump_request),
                 .nlmsg_type = TCPDIAG_GETSOCK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .request = {.idiag_family = AF_INET, .idiag_states = 1u << TCP_TIME_WAIT},
      .attribute = {sizeof(struct rtattr) + sizeof(struct either), INET_DIAG_REQ_BYTECODE},
      .filter.accept = {.code = INET_DIAG_BC_JMP,
                        .yes = STEP,
                        .no = STEP + sizeof(struct condition)},
  };
  set_condition(&request.filter.near, INET_DIAG_BC_S_COND, address, STEP);
  set_condition(&request.filter.far, INET_DIAG_BC_D_COND, address, STEP);
  return request;
}

static uint32_t ipv4(const struct inet_diag_msg *socket, const uint32_t address[4]) {
  return ntohl(socket->idiag_family == AF_INET ? address[0] : address[3]);
}

static bool note(void *context, const struct inet_diag_msg *socket, size_t length) {
  struct closed *last = context;
  (void)length;
  /* The same memory holds those whose peer has not closed yet. */
  if (socket->idiag_state != TCP_TIME_WAIT) return true;
  const uint32_t left_ms = socket->idiag_expires;
  const uint32_t ago_ms = left_ms < REMEMBERED_MS ? REMEMBERED_MS - left_ms : 0;
  if (last->found && last->ago_ms <= ago_ms) return true;
  const struct inet_diag_sockid *id = &socket->id;
  const bool near = ipv4(socket, id->idiag_src) == last->address;
  last->found = true;
  last->ago_ms = ago_ms;
  last->port = ntohs(near ? id->idiag_sport : id->idiag_dport);
  last->peer_port = ntohs(near ? id->idiag_dport : id->idiag_sport);
  last->peer_address = ipv4(socket, near ? id->idiag_dst : id->idiag_src);
  return true;
}

static int find_last(struct closed *last) {
  const struct dump_request request = request_for(last->address);
  const int descriptor = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (descriptor < 0) return -1;
  const int result = dump_sockets(descriptor, &request, sizeof request, READS_MAX, note, last);
  const int error = errno;
  close(descriptor);
  errno = error;
  return result;
}

napi_value im_last_closed(napi_env env, napi_callback_info info) {
  napi_value value, result;
  struct closed last = {0};
  if (!im_arguments(env, info, 1, &value) || !im_read_uint32(env, value, &last.address))
    return NULL;
  if (find_last(&last) < 0) return im_throw(env, "sock_diag");
  if (!last.found) return im_null(env);
  if (napi_create_object(env, &result) != napi_ok ||
      !im_set(env, result, "agoMs", im_number(env, last.ago_ms)) ||
      !im_set(env, result, "port", im_number(env, last.port)) ||
      !im_set(env, result, "peerAddress", im_number(env, last.peer_address)) ||
      !im_set(env, result, "peerPort", im_number(env, last.peer_port)))
    return NULL;
  return result;
}
