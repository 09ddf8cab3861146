/*
 * What a daemon tells its keeper: one packet after another, each with a byte before it for the
 * descriptors that come along and two for the packet's length. keeper-link.c and keeper-custody.c
 * as they are.
 */
#include "packets.h"

#include "../src/keeper.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { DESCRIPTORS_BELOW = 80, PACKETS_MAX = 50, HEAD_BYTES = 3 };

void report(const char *format, ...) { (void)format; }

static int is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

static void take_list(int daemon_end) {
  struct im_custody message;
  _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int))];
  struct iovec part = {.iov_base = &message, .iov_len = sizeof message};
  for (;;) {
    struct msghdr header = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space};
    if (recvmsg(daemon_end, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) <= 0) return;
    FUZZ_REQUIRE(message.magic == IM_CUSTODY_MAGIC);
    FUZZ_REQUIRE(message.label_length <= IM_CUSTODY_LABEL_MAX);
    const struct cmsghdr *rights = CMSG_FIRSTHDR(&header);
    FUZZ_REQUIRE((rights != NULL) == (message.type == IM_CUSTODY_KEPT));
    if (rights == NULL) continue;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(rights), sizeof descriptor);
    close(descriptor);
  }
}

static void forget(struct custody *custody) {
  for (uint32_t i = 0; i < custody->used; i++)
    if (custody->entries[i].descriptor >= 0) close(custody->entries[i].descriptor);
  free(custody->entries);
  free(custody->buckets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct link link = {.highest = DESCRIPTORS_BELOW};
  int ends[2];
  const int before = open_descriptors(is_open, DESCRIPTORS_BELOW);
  FUZZ_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  FUZZ_REQUIRE(setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int)) == 0);
  link.descriptor = ends[0];
  for (int packets = 0; size >= HEAD_BYTES && packets < PACKETS_MAX; packets++) {
    const size_t wanted = data[1] + 256u * data[2];
    const size_t length = wanted < size - HEAD_BYTES ? wanted : size - HEAD_BYTES;
    packet_send(ends[1], data + HEAD_BYTES, length, STDIN_FILENO, data[0] % PACKET_DESCRIPTORS_MAX);
    data += HEAD_BYTES + length;
    size -= HEAD_BYTES + length;
    link_receive(&link);
    if (link.listing) link_list(&link);
    take_list(ends[1]);
  }
  close(ends[1]);
  link_receive(&link);
  FUZZ_REQUIRE(link.descriptor == -1);
  forget(&link.custody);
  FUZZ_REQUIRE(open_descriptors(is_open, DESCRIPTORS_BELOW) == before);
  return 0;
}

/* One packet of that many equal messages. */
static size_t put_batch(uint8_t *data, size_t at, uint8_t count, uint16_t type, const char *label) {
  struct im_custody message = {
      .magic = IM_CUSTODY_MAGIC, .type = type, .label_length = (uint16_t)strlen(label)};
  const size_t length = count * sizeof message;
  memcpy(message.label, label, strlen(label));
  data[at] = type == IM_CUSTODY_KEEP ? count : 0;
  data[at + 1] = (uint8_t)(length & 255);
  data[at + 2] = (uint8_t)(length >> 8);
  for (uint8_t i = 0; i < count; i++)
    memcpy(data + at + HEAD_BYTES + i * sizeof message, &message, sizeof message);
  return at + HEAD_BYTES + length;
}

static size_t put(uint8_t *data, size_t at, uint16_t type, const char *label) {
  return put_batch(data, at, 1, type, label);
}

size_t fuzz_example(uint32_t number, uint8_t data[FUZZ_INPUT_MAX]) {
  static const char *const labels[] = {"placeholder 127.64.0.1:80", "block 3", "publish 8080"};
  size_t at = put(data, 0, IM_CUSTODY_READY, "");
  for (uint32_t i = 0; i < 3 + number % 12; i++) {
    const char *label = labels[(number + i) % 3];
    at = put_batch(data, at, (uint8_t)(1 + i % 3), IM_CUSTODY_KEEP, label);
    if (i % 3 == 2) at = put(data, at, IM_CUSTODY_DROP, label);
    if (i % 5 == 4) at = put(data, at, IM_CUSTODY_LIST, "");
  }
  return put(data, at, IM_CUSTODY_LIST, "");
}
