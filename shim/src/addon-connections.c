/*
 * Every connection of the overlay in one sock_diag dump, filtered in the kernel by source address:
 * both ends of a connection between two hosts are in it, each under its own address. Listeners are
 * left out (ten thousand placeholders would cost more than all the rest): what waits in a queue is
 * a connection without an inode.
 */
#include "addon-dump.h"
#include "addon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of the kernel's TCP states; linux/tcp.h, which has the longer tcp_info, does not name them. */
enum {
  ESTABLISHED = 1,
  SYN_SENT = 2,
  FIN_WAIT1 = 4,
  FIN_WAIT2 = 5,
  CLOSE_WAIT = 8,
  LAST_ACK = 9,
  CLOSING = 11,
};
static const uint32_t tcp_states = 1u << ESTABLISHED | 1u << SYN_SENT | 1u << FIN_WAIT1 |
                                   1u << FIN_WAIT2 | 1u << CLOSE_WAIT | 1u << LAST_ACK |
                                   1u << CLOSING;
/* A UDP socket without a peer is in the state that TCP calls closed. */
static const uint32_t udp_states = 1u << ESTABLISHED | 1u << 7;

/* As `connectionFields` in shim/index.ts. */
enum { FIELDS = 18 };

struct filter {
  struct rtattr attribute;
  struct inet_diag_bc_op operation;
  struct inet_diag_hostcond condition;
  uint32_t address;
};

/* The older form, for TCP alone: one walk over the kernel's table for both families. */
struct tcp_request {
  struct nlmsghdr header;
  struct inet_diag_req request;
  struct filter filter;
};

struct udp_request {
  struct nlmsghdr header;
  struct inet_diag_req_v2 request;
  struct filter filter;
};

struct table {
  double *numbers;
  size_t count;     /* of rows */
  size_t room;      /* in rows */
  uint8_t protocol; /* of the dump that is read */
};

static void set_filter(struct filter *filter, uint32_t base, uint8_t prefix) {
  enum { LENGTH = sizeof *filter - sizeof filter->attribute };
  filter->attribute = (struct rtattr){sizeof *filter, INET_DIAG_REQ_BYTECODE};
  /* A jump to the end accepts, one past it refuses. It meets v4-mapped addresses, too. */
  filter->operation =
      (struct inet_diag_bc_op){.code = INET_DIAG_BC_S_COND, .yes = LENGTH, .no = LENGTH + 4};
  filter->condition.family = AF_INET;
  filter->condition.prefix_len = prefix;
  filter->condition.port = -1;
  filter->address = htonl(base);
}

static uint32_t ipv4(const struct inet_diag_msg *socket, const uint32_t address[4]) {
  return ntohl(socket->idiag_family == AF_INET ? address[0] : address[3]);
}

static void read_info(const struct inet_diag_msg *socket, size_t length, double *row) {
  struct tcp_info info = {0};
  const struct rtattr *attribute = (const void *)(socket + 1);
  size_t left = length - sizeof *socket;
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != INET_DIAG_INFO) continue;
    /* An older kernel knows less of it: the rest stays zero. */
    const size_t known = RTA_PAYLOAD(attribute);
    memcpy(&info, RTA_DATA(attribute), known < sizeof info ? known : sizeof info);
  }
  row[8] = (double)info.tcpi_bytes_received;
  row[9] = (double)info.tcpi_bytes_sent - (double)info.tcpi_bytes_retrans;
  row[10] = info.tcpi_last_data_recv;
  row[11] = info.tcpi_last_data_sent;
  row[12] = info.tcpi_last_ack_recv;
  row[13] = (double)(uint32_t)(info.tcpi_segs_in - info.tcpi_data_segs_in);
  row[14] = (double)(uint32_t)(info.tcpi_segs_out - info.tcpi_data_segs_out);
}

/* Of everything but the times: FNV-1a, as far as a double holds it. */
static double mark_of(const double *row) {
  uint64_t mark = 0xcbf29ce484222325u;
  for (size_t i = 0; i < FIELDS - 1; i++) {
    uint64_t bits;
    if (i >= 10 && i <= 12) continue;
    memcpy(&bits, row + i, sizeof bits);
    mark = (mark ^ bits) * 0x100000001b3u;
    mark ^= mark >> 32;
  }
  return (double)(mark >> 11);
}

static double *next_row(struct table *table) {
  if (table->count == table->room) {
    const size_t room = table->room == 0 ? 256 : table->room * 2;
    double *numbers = realloc(table->numbers, room * FIELDS * sizeof *numbers);
    if (numbers == NULL) return NULL;
    table->numbers = numbers;
    table->room = room;
  }
  double *row = table->numbers + table->count++ * FIELDS;
  memset(row, 0, FIELDS * sizeof *row);
  return row;
}

static bool add(void *context, const struct inet_diag_msg *socket, size_t length) {
  struct table *table = context;
  const uint8_t protocol = table->protocol;
  double *row = next_row(table);
  if (row == NULL) {
    errno = ENOMEM;
    return false;
  }
  const uint64_t cookie = (uint64_t)socket->id.idiag_cookie[1] << 32 | socket->id.idiag_cookie[0];
  row[0] = protocol;
  row[1] = ipv4(socket, socket->id.idiag_src);
  row[2] = ntohs(socket->id.idiag_sport);
  row[3] = ipv4(socket, socket->id.idiag_dst);
  row[4] = ntohs(socket->id.idiag_dport);
  row[5] = socket->idiag_state;
  row[6] = socket->idiag_rqueue;
  row[7] = socket->idiag_wqueue;
  row[15] = socket->idiag_inode;
  row[16] = (double)(cookie & ((1ull << 53) - 1));
  if (protocol == IPPROTO_TCP) read_info(socket, length, row);
  row[17] = mark_of(row);
  return true;
}

static int dump(int descriptor, struct table *table, const void *request, size_t size,
                uint8_t protocol) {
  table->protocol = protocol;
  return dump_sockets(descriptor, request, size, SIZE_MAX, add, table);
}

static int dump_tcp(int descriptor, struct table *table, uint32_t base, uint8_t prefix) {
  struct tcp_request request = {
      .header = {.nlmsg_len = sizeof request,
                 .nlmsg_type = TCPDIAG_GETSOCK,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .request = {.idiag_family = AF_INET,
                  .idiag_ext = 1u << (INET_DIAG_INFO - 1),
                  .idiag_states = tcp_states},
  };
  set_filter(&request.filter, base, prefix);
  return dump(descriptor, table, &request, sizeof request, IPPROTO_TCP);
}

static int dump_udp(int descriptor, struct table *table, uint32_t base, uint8_t prefix) {
  static const uint8_t families[] = {AF_INET, AF_INET6};
  struct udp_request request = {
      .header = {.nlmsg_len = sizeof request,
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
      .request = {.sdiag_protocol = IPPROTO_UDP, .idiag_states = udp_states},
  };
  set_filter(&request.filter, base, prefix);
  for (size_t i = 0; i < sizeof families; i++) {
    request.request.sdiag_family = families[i];
    /* A kernel without IPv6, or without the module for UDP, has none of these. */
    if (dump(descriptor, table, &request, sizeof request, IPPROTO_UDP) < 0 && errno != ENOENT)
      return -1;
  }
  return 0;
}

static int dump_all(struct table *table, uint32_t base, uint8_t prefix) {
  const int descriptor = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
  if (descriptor < 0) return -1;
  int result = dump_tcp(descriptor, table, base, prefix);
  if (result == 0) result = dump_udp(descriptor, table, base, prefix);
  const int error = errno;
  close(descriptor);
  errno = error;
  return result;
}

/* `room`: a Float64Array, or undefined. NULL: it is none, or too small. */
static void *data_of(napi_env env, napi_value room, size_t numbers, napi_value *buffer) {
  napi_typedarray_type type;
  size_t length, offset;
  void *data;
  if (napi_get_typedarray_info(env, room, &type, &length, &data, buffer, &offset) != napi_ok ||
      type != napi_float64_array || offset != 0 || length < numbers)
    return NULL;
  return data;
}

static napi_value to_array(napi_env env, const struct table *table, napi_value room) {
  const size_t count = table->count * FIELDS;
  napi_value buffer, array;
  void *numbers = data_of(env, room, count, &buffer);
  if (numbers == NULL &&
      napi_create_arraybuffer(env, count * sizeof(double), &numbers, &buffer) != napi_ok)
    return NULL;
  if (count > 0) memcpy(numbers, table->numbers, count * sizeof(double));
  if (napi_create_typedarray(env, napi_float64_array, count, buffer, 0, &array) != napi_ok)
    return NULL;
  return array;
}

napi_value im_connections(napi_env env, napi_callback_info info) {
  napi_value values[3];
  uint32_t base, prefix;
  struct table table = {0};
  if (!im_arguments(env, info, 3, values) || !im_read_uint32(env, values[0], &base) ||
      !im_read_uint32(env, values[1], &prefix))
    return NULL;
  if (prefix > 32) return im_throw_error(env, "sock_diag", EINVAL);
  if (dump_all(&table, base, (uint8_t)prefix) < 0) {
    free(table.numbers);
    return im_throw(env, "sock_diag");
  }
  napi_value array = to_array(env, &table, values[2]);
  free(table.numbers);
  return array;
}
