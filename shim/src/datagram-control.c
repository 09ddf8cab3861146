#include "datagram-control.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

/* Room that is filled with one message after the other. */
struct room {
  char *bytes;
  size_t size;
  size_t length;
};

/* False: it does not fit. */
static bool put(struct room *room, int level, int type, const void *data, size_t size) {
  struct cmsghdr head = {.cmsg_level = level, .cmsg_type = type};
  head.cmsg_len = CMSG_LEN(size);
  if (room->length > room->size || CMSG_LEN(size) > room->size - room->length) return false;
  char *place = room->bytes + room->length;
  memcpy(place, &head, sizeof head);
  memcpy(place + CMSG_LEN(0), data, size);
  const size_t rest = room->size - room->length - CMSG_LEN(size);
  const size_t padding = CMSG_SPACE(size) - CMSG_LEN(size);
  memset(place + CMSG_LEN(size), 0, padding < rest ? padding : rest);
  /* The last one needs no padding: the kernel, too, counts it as far as there is room. */
  room->length += CMSG_LEN(size) + (padding < rest ? padding : rest);
  return true;
}

static bool put_source(struct room *room, uint32_t source, int interface) {
  const struct in_pktinfo info = {.ipi_ifindex = interface, .ipi_spec_dst.s_addr = htonl(source)};
  return put(room, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

static size_t data_size(const struct cmsghdr *one) { return one->cmsg_len - CMSG_LEN(0); }

/* The address in an IPV6_PKTINFO; 0: none, or none of IPv4. */
static uint32_t mapped_source(const struct in6_pktinfo *info) {
  uint32_t network;
  if (!IN6_IS_ADDR_V4MAPPED(&info->ipi6_addr)) return 0;
  memcpy(&network, &info->ipi6_addr.s6_addr[12], sizeof network);
  return ntohl(network);
}

static bool put_as_ipv4(struct room *room, const struct cmsghdr *one, bool *named) {
  struct in6_pktinfo info;
  if (one->cmsg_type == IPV6_PKTINFO && data_size(one) >= sizeof info) {
    memcpy(&info, CMSG_DATA(one), sizeof info);
    *named = mapped_source(&info) != 0;
    return put_source(room, mapped_source(&info), (int)info.ipi6_ifindex);
  }
  if (one->cmsg_type == IPV6_TCLASS)
    return put(room, IPPROTO_IP, IP_TOS, CMSG_DATA(one), data_size(one));
  if (one->cmsg_type == IPV6_HOPLIMIT)
    return put(room, IPPROTO_IP, IP_TTL, CMSG_DATA(one), data_size(one));
  return true; /* without a meaning on IPv4 */
}

static bool names_source(const struct cmsghdr *one) {
  struct in_pktinfo info;
  struct in6_pktinfo info6;
  if (one->cmsg_level == IPPROTO_IP && one->cmsg_type == IP_PKTINFO &&
      data_size(one) >= sizeof info) {
    memcpy(&info, CMSG_DATA(one), sizeof info);
    return info.ipi_spec_dst.s_addr != 0;
  }
  if (one->cmsg_level != IPPROTO_IPV6 || one->cmsg_type != IPV6_PKTINFO ||
      data_size(one) < sizeof info6)
    return false;
  memcpy(&info6, CMSG_DATA(one), sizeof info6);
  return mapped_source(&info6) != 0;
}

bool datagram_control_out(const struct msghdr *message, bool converted, uint32_t source,
                          struct datagram_control *out) {
  /* CMSG_NXTHDR takes what it must not change. */
  struct msghdr given = *message;
  struct room room = {.bytes = out->bytes, .size = sizeof out->bytes};
  bool named = false;
  if (given.msg_control == NULL) given.msg_controllen = 0;
  for (struct cmsghdr *one = CMSG_FIRSTHDR(&given); one != NULL; one = CMSG_NXTHDR(&given, one)) {
    const size_t left = (size_t)((char *)given.msg_control + given.msg_controllen - (char *)one);
    if (one->cmsg_len < CMSG_LEN(0) || one->cmsg_len > left) return false; /* as it is, then */
    named = named || names_source(one);
    const bool whole =
        converted && one->cmsg_level == IPPROTO_IPV6
            ? put_as_ipv4(&room, one, &named)
            : put(&room, one->cmsg_level, one->cmsg_type, CMSG_DATA(one), data_size(one));
    if (!whole) return false;
  }
  if (!named && source != 0 && !put_source(&room, source, 0)) return false;
  out->length = room.length;
  return true;
}

static bool put_arrival(struct room *room, const struct cmsghdr *one) {
  struct in_pktinfo info;
  if (data_size(one) < sizeof info) return true;
  memcpy(&info, CMSG_DATA(one), sizeof info);
  struct in6_pktinfo info6 = {.ipi6_ifindex = (unsigned)info.ipi_ifindex};
  info6.ipi6_addr.s6_addr[10] = 0xff;
  info6.ipi6_addr.s6_addr[11] = 0xff;
  memcpy(&info6.ipi6_addr.s6_addr[12], &info.ipi_addr, sizeof info.ipi_addr);
  return put(room, IPPROTO_IPV6, IPV6_PKTINFO, &info6, sizeof info6);
}

/* IP_TOS comes in one byte, everything else as an int. */
static bool put_number(struct room *room, int type, const struct cmsghdr *one) {
  int number = *CMSG_DATA(one);
  if (data_size(one) >= sizeof number) memcpy(&number, CMSG_DATA(one), sizeof number);
  return put(room, IPPROTO_IPV6, type, &number, sizeof number);
}

static bool put_as_ipv6(struct room *room, const struct cmsghdr *one) {
  if (one->cmsg_level != IPPROTO_IP)
    return put(room, one->cmsg_level, one->cmsg_type, CMSG_DATA(one), data_size(one));
  switch (one->cmsg_type) {
  case IP_PKTINFO:
    return put_arrival(room, one);
  case IP_TOS:
    return put_number(room, IPV6_TCLASS, one);
  case IP_TTL:
    return put_number(room, IPV6_HOPLIMIT, one);
  case IP_RECVERR:
    return put(room, IPPROTO_IPV6, IPV6_RECVERR, CMSG_DATA(one), data_size(one));
  default:
    return put(room, IPPROTO_IP, one->cmsg_type, CMSG_DATA(one), data_size(one));
  }
}

void datagram_control_in(const struct datagram_control *in, struct msghdr *message) {
  struct msghdr came = {.msg_control = (void *)(uintptr_t)in->bytes, .msg_controllen = in->length};
  struct room room = {.bytes = message->msg_control, .size = message->msg_controllen};
  for (struct cmsghdr *one = CMSG_FIRSTHDR(&came); one != NULL; one = CMSG_NXTHDR(&came, one)) {
    if (put_as_ipv6(&room, one)) continue;
    message->msg_flags |= MSG_CTRUNC;
    break;
  }
  message->msg_controllen = room.length;
}
