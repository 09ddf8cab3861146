/* The daemon's messages (custody.h). Whatever is none is dropped, with all that came along. */
#include "keeper.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKETS_A_TURN = 256 };

struct packet {
  ssize_t length;
  bool from_somebody; /* only the end of file has no sender */
  bool too_long;
  bool lost;    /* more descriptors came than there was room for */
  size_t count; /* of descriptors */
  size_t taken; /* those before it are no longer the packet's */
  int descriptors[IM_CUSTODY_BATCH_MAX];
  struct im_custody messages[IM_CUSTODY_BATCH_MAX];
};

static void read_control(struct msghdr *header, struct packet *packet) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
       part = CMSG_NXTHDR(header, part)) {
    if (part->cmsg_level != SOL_SOCKET) continue;
    if (part->cmsg_type == SCM_CREDENTIALS) packet->from_somebody = true;
    if (part->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    packet->count = count < IM_CUSTODY_BATCH_MAX ? count : IM_CUSTODY_BATCH_MAX;
    memcpy(packet->descriptors, CMSG_DATA(part), packet->count * sizeof(int));
  }
}

/* False: nothing waits. */
static bool receive(int descriptor, struct packet *packet) {
  _Alignas(struct cmsghdr) char
      control[CMSG_SPACE(IM_CUSTODY_BATCH_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
  packet->count = packet->taken = 0;
  packet->from_somebody = false;
  for (;;) {
    struct iovec part = {.iov_base = packet->messages, .iov_len = sizeof packet->messages};
    struct msghdr header = {.msg_iov = &part,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    packet->length = recvmsg(descriptor, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (packet->length >= 0) {
      read_control(&header, packet);
      packet->too_long = (header.msg_flags & MSG_TRUNC) != 0;
      packet->lost = (header.msg_flags & MSG_CTRUNC) != 0;
      return true;
    }
    /* ECONNRESET: the daemon went with something of ours unread. What it had sent comes next. */
    if (errno != EINTR && errno != ECONNRESET) return false;
  }
}

static size_t message_count(const struct packet *packet) {
  return (size_t)packet->length / sizeof packet->messages[0];
}

static bool well_formed(const struct packet *packet) {
  size_t keeps = 0;
  if (packet->too_long || (size_t)packet->length % sizeof packet->messages[0] != 0) return false;
  for (size_t i = 0; i < message_count(packet); i++) {
    const struct im_custody *message = &packet->messages[i];
    if (message->magic != IM_CUSTODY_MAGIC || message->label_length > IM_CUSTODY_LABEL_MAX)
      return false;
    if (message->type == IM_CUSTODY_KEEP) keeps++;
  }
  return packet->lost ? packet->count < keeps : packet->count == keeps;
}

static void keep(struct link *link, struct packet *packet, const struct im_custody *message) {
  if (packet->taken == packet->count) {
    report("a descriptor was lost: the limit of descriptors is reached");
    return;
  }
  int descriptor = packet->descriptors[packet->taken++];
  if (descriptor > link->highest) {
    close(descriptor);
    report("a descriptor is not kept: %d are the limit", link->highest + 1);
  } else if (!custody_keep(&link->custody, message->label, message->label_length, descriptor)) {
    report("a descriptor is not kept: no memory");
  }
}

static void begin_list(struct link *link) {
  link->listing = true;
  link->listed = 0;
}

static void obey(struct link *link, struct packet *packet, const struct im_custody *message) {
  switch (message->type) {
  case IM_CUSTODY_KEEP:
    keep(link, packet, message);
    break;
  case IM_CUSTODY_DROP:
    custody_drop(&link->custody, message->label, message->label_length);
    break;
  case IM_CUSTODY_LIST:
    if (!link->unasked) begin_list(link);
    link->unasked = false;
    break;
  case IM_CUSTODY_READY:
    link->ready = true;
    break;
  case IM_CUSTODY_QUIT:
    link->quit = true;
    break;
  default:
    break; /* not a word of ours */
  }
}

bool link_receive(struct link *link) {
  struct packet packet;
  for (int turn = 0; turn < PACKETS_A_TURN; turn++) {
    if (link->descriptor < 0 || !receive(link->descriptor, &packet)) return false;
    if (packet.length == 0 && !packet.from_somebody) {
      link_close(link);
      return false;
    }
    size_t messages = well_formed(&packet) ? message_count(&packet) : 0;
    for (size_t i = 0; i < messages; i++) obey(link, &packet, &packet.messages[i]);
    while (packet.taken < packet.count) close(packet.descriptors[packet.taken++]);
  }
  return true;
}

/* descriptor -1: none comes along. False: not now, or never (the daemon is gone). */
static bool send_message(struct link *link, struct im_custody *message, int descriptor) {
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
  struct iovec part = {.iov_base = message, .iov_len = sizeof *message};
  struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));
  }
  ssize_t sent;
  do sent = sendmsg(link->descriptor, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0) return true;
  /* ETOOMANYREFS: of this user, in all queues of the machine together. */
  link->crowded = errno == ETOOMANYREFS || errno == ENOBUFS || errno == ENOMEM;
  if (errno != EAGAIN && !link->crowded) link->listing = false;
  return false;
}

void link_list(struct link *link) {
  struct im_custody message = {.magic = IM_CUSTODY_MAGIC};
  link->crowded = false;
  for (; link->listing && link->listed < link->custody.used; link->listed++) {
    const struct kept *kept = &link->custody.entries[link->listed];
    if (kept->descriptor < 0) continue;
    message.type = IM_CUSTODY_KEPT;
    message.label_length = kept->label_length;
    memcpy(message.label, kept->label, sizeof message.label);
    if (!send_message(link, &message, kept->descriptor)) return;
  }
  message = (struct im_custody){.magic = IM_CUSTODY_MAGIC, .type = IM_CUSTODY_END};
  if (link->listing && send_message(link, &message, -1)) link->listing = false;
}

void link_list_unasked(struct link *link) {
  link->unasked = true;
  begin_list(link);
  link_list(link);
}

void link_close(struct link *link) {
  if (link->descriptor >= 0) close(link->descriptor);
  link->descriptor = -1;
  link->listing = false;
  link->unasked = false;
  link->crowded = false;
}
