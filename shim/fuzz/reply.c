/*
 * The supervisor's answer to a guest. The first byte says how many descriptors come along; the rest
 * is the packet. control.c as it is, with libc behind it.
 */
#include "packets.h"

#include "../src/control.c"

#include <fcntl.h>
#include <stdlib.h>

struct context context;
struct real_calls real = {.close = close, .sendmsg = sendmsg,
                          .recvmsg = recvmsg, .setsockopt = setsockopt};
bool real_resolved = true;

void real_resolve(void) {}

enum { DESCRIPTORS_BELOW = 64 };

static int is_open(int fd) { return fcntl(fd, F_GETFD) >= 0; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct im_reply reply;
  int ends[2], received = -1;
  if (size == 0) return 0;
  const int before = open_descriptors(is_open, DESCRIPTORS_BELOW);
  FUZZ_REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
  packet_send(ends[1], data + 1, size - 1, STDIN_FILENO, data[0] % PACKET_DESCRIPTORS_MAX);
  const enum receipt receipt = receive_reply(ends[0], &reply, &received);
  if (receipt == RECEIVED) FUZZ_REQUIRE(reply.magic == IM_PROTOCOL_MAGIC);
  else FUZZ_REQUIRE(received == -1);
  if (received >= 0) FUZZ_REQUIRE(close(received) == 0);
  close(ends[0]);
  close(ends[1]);
  /* Whatever came along has an owner, or was closed. */
  FUZZ_REQUIRE(open_descriptors(is_open, DESCRIPTORS_BELOW) == before);
  return 0;
}

size_t fuzz_example(uint32_t number, uint8_t data[FUZZ_INPUT_MAX]) {
  const struct im_reply reply = {.magic = IM_PROTOCOL_MAGIC, .error = number % 3 == 0 ? 111 : 0,
                                 .address = 0x7f400101, .port = 80,
                                 .action = number % 2 == 0 ? IM_NATIVE : IM_HANDOVER};
  data[0] = (uint8_t)(number % 4);
  memcpy(data + 1, &reply, sizeof reply);
  return 1 + sizeof reply;
}
