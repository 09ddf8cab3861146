#include "addon-dump.h"

#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/types.h>

/* 0: there is more; 1: the dump is at its end; -1: errno says what is wrong. */
static int take(const char *bytes, size_t length, dump_each *each, void *context) {
  const struct nlmsghdr *header = (const void *)bytes;
  for (; NLMSG_OK(header, length); header = NLMSG_NEXT(header, length)) {
    if (header->nlmsg_type == NLMSG_DONE) return 1;
    if (header->nlmsg_type == NLMSG_ERROR) {
      const struct nlmsgerr *error = NLMSG_DATA(header);
      errno = -error->error;
      return -1;
    }
    if (header->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg))) continue;
    if (!each(context, NLMSG_DATA(header), header->nlmsg_len - NLMSG_HDRLEN)) return -1;
  }
  return 0;
}

int dump_sockets(int descriptor, const void *request, size_t size, size_t reads_max,
                 dump_each *each, void *context) {
  _Alignas(struct nlmsghdr) char bytes[32 * 1024];
  if (send(descriptor, request, size, 0) != (ssize_t)size) return -1;
  for (size_t reads = 0; reads < reads_max;) {
    /* There is always an answer. */
    const ssize_t length = recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return -1;
    const int taken = take(bytes, (size_t)length, each, context);
    if (taken != 0) return taken < 0 ? -1 : 0;
    reads++;
  }
  return 0;
}
