/* Packets that carry descriptors, as a peer that means no good would send them. */
#ifndef IM_FUZZ_PACKETS_H
#define IM_FUZZ_PACKETS_H

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"

enum { PACKET_DESCRIPTORS_MAX = 12 };

static inline void packet_send(int to, const uint8_t *data, size_t size, int attached,
                               size_t count) {
  _Alignas(struct cmsghdr) char space[CMSG_SPACE(PACKET_DESCRIPTORS_MAX * sizeof(int))] = {0};
  int descriptors[PACKET_DESCRIPTORS_MAX];
  struct iovec part = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  for (size_t i = 0; i < count; i++) descriptors[i] = attached;
  if (count > 0) {
    message.msg_control = space;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(rights), descriptors, count * sizeof(int));
  }
  FUZZ_REQUIRE(sendmsg(to, &message, MSG_NOSIGNAL) >= 0);
}

/* How many descriptors this process has open below a number that it never reaches. */
static inline int open_descriptors(int (*is_open)(int), int below) {
  int count = 0;
  for (int i = 0; i < below; i++) count += is_open(i);
  return count;
}

#endif
