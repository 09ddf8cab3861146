#include "control.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "context.h"
#include "real.h"

/* A supervisor that died is started again within this time, or never. */
#define RESTART_MS 30000
#define PAUSE_MS 50
/* How long a full control queue may stop a guest. */
#define SEND_MS 5000

struct im_request control_request(enum im_request_type type) {
  return (struct im_request){
      .magic = IM_PROTOCOL_MAGIC,
      .type = (uint16_t)type,
      .address = context.address,
      .socktype = SOCK_STREAM,
      .pid = (uint32_t)syscall(SYS_getpid),
  };
}

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool send_request(const struct im_request *request, int reply_end, int64_t budget_ms) {
  struct iovec part = {.iov_base = (void *)(uintptr_t)request, .iov_len = sizeof *request};
  _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (reply_end >= 0) {
    message.msg_control = space;
    message.msg_controllen = sizeof space;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &reply_end, sizeof reply_end);
  }
  const int64_t give_up = now_ms() + (budget_ms < 0 ? SEND_MS : budget_ms);
  for (;;) {
    if (real.sendmsg(context.control, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
    if (errno != EAGAIN && errno != EINTR) return false;
    struct pollfd queue = {.fd = context.control, .events = POLLOUT};
    if (now_ms() > give_up || poll(&queue, 1, PAUSE_MS) < 0) {
      if (errno != EINTR) return false;
    }
  }
}

void control_tell(const struct im_request *request) {
  const int saved = errno;
  send_request(request, -1, SEND_MS);
  errno = saved;
}

/* The first that came along. Alignment leaves room for a second, which nobody means to send. */
static int take_descriptor(struct msghdr *message) {
  int fd = -1;
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (size_t at = 0; at + sizeof fd <= c->cmsg_len - CMSG_LEN(0); at += sizeof fd) {
      int next;
      memcpy(&next, CMSG_DATA(c) + at, sizeof next);
      if (fd < 0) fd = next;
      else real.close(next);
    }
  }
  return fd;
}

enum receipt { RECEIVED, ENDED, NOTHING, SIGNALLED, NONSENSE };

static enum receipt receive_reply(int fd, struct im_reply *reply, int *received) {
  struct iovec part = {.iov_base = reply, .iov_len = sizeof *reply};
  _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int))];
  struct msghdr message = {.msg_iov = &part,
                           .msg_iovlen = 1,
                           .msg_control = space,
                           .msg_controllen = sizeof space};
  /* Blocks as connect does: handlers with SA_RESTART go unnoticed, exactly as the kernel's. */
  const ssize_t length = real.recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
  if (length < 0) {
    if (errno == EINTR) return SIGNALLED;
    return errno == EAGAIN || errno == EWOULDBLOCK ? NOTHING : ENDED;
  }
  *received = take_descriptor(&message);
  if (length == sizeof *reply && reply->magic == IM_PROTOCOL_MAGIC) return RECEIVED;
  if (*received >= 0) real.close(*received);
  *received = -1;
  return length == 0 ? ENDED : NONSENSE;
}

/* One request, one answer; ENDED when the supervisor died in between. */
static enum receipt exchange(const struct im_request *request, const struct control_wait *wait,
                             int64_t left_ms, struct im_reply *reply, int *received) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return NONSENSE;
  if (left_ms >= 0) {
    const int64_t ms = left_ms == 0 ? 1 : left_ms;
    const struct timeval limit = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    real.setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  const bool sent = send_request(request, ends[1], left_ms);
  real.close(ends[1]);
  enum receipt receipt = NONSENSE;
  if (sent) {
    do receipt = receive_reply(ends[0], reply, received);
    while (receipt == SIGNALLED && !wait->interruptible);
  }
  real.close(ends[0]);
  return receipt;
}

enum control_outcome control_ask(const struct im_request *request,
                                 const struct control_wait *wait, struct im_reply *reply,
                                 int *received) {
  *received = -1;
  const bool limited = wait->limit.tv_sec != 0 || wait->limit.tv_usec != 0;
  const int64_t start = now_ms();
  const int64_t limit_ms = (int64_t)wait->limit.tv_sec * 1000 + wait->limit.tv_usec / 1000;
  int64_t ended_at = 0;
  for (;;) {
    const int64_t left = limited ? start + limit_ms - now_ms() : -1;
    if (limited && left < 0) return CONTROL_TIMED_OUT;
    switch (exchange(request, wait, left, reply, received)) {
      case RECEIVED: return CONTROL_ANSWERED;
      case NOTHING: return CONTROL_TIMED_OUT;
      case SIGNALLED: return CONTROL_INTERRUPTED;
      case NONSENSE: return CONTROL_BROKEN;
      case ENDED: break;
    }
    if (!wait->patient) return CONTROL_BROKEN;
    if (ended_at == 0) ended_at = now_ms();
    if (now_ms() - ended_at > RESTART_MS) return CONTROL_BROKEN;
    poll(NULL, 0, PAUSE_MS);
  }
}
