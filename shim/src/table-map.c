#include "table-map.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context.h"
#include "control.h"
#include "real.h"

/*
 * Shared by all threads. A mapping is never taken away, because a reader may be in it; the file
 * is only mapped again when it has outgrown the mapping, so their number stays small.
 */
#define MAPPINGS_MAX 64
static struct table mappings[MAPPINGS_MAX];
static _Atomic int mappings_begun;
static _Atomic(const struct table *) current;

static int open_file(void) {
  if (context.table_path != NULL) {
    /* Raw: the wrapper of a library that comes later could call back into us. */
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, context.table_path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) return fd;
  }
  const struct im_request request = control_request(IM_TABLE);
  const struct control_wait wait = {.limit = {.tv_sec = 5}, .patient = true};
  struct im_reply reply;
  int received = -1;
  if (control_ask(&request, &wait, &reply, &received) != CONTROL_ANSWERED) return -1;
  return received;
}

bool table_map(void) {
  const int slot = atomic_fetch_add(&mappings_begun, 1);
  if (slot >= MAPPINGS_MAX) {
    atomic_store(&mappings_begun, MAPPINGS_MAX);
    return false;
  }
  const int fd = open_file();
  if (fd < 0) return false;
  const off_t size = lseek(fd, 0, SEEK_END);
  void *base = size > 0 ? mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;
  real.close(fd);
  if (base == MAP_FAILED) return false;
  mappings[slot] = (struct table){.base = base, .length = (size_t)size};
  if (!table_valid(&mappings[slot])) {
    munmap(base, (size_t)size);
    return false;
  }
  atomic_store(&current, &mappings[slot]);
  return true;
}

bool names_in_block(uint32_t address) { return table_in_block(current, address); }

uint32_t names_state(uint32_t address) { return table_state(current, address); }

static bool is_own_name(const char *name) {
  if (!context.guest) return false;
  const size_t length = strlen(context.host);
  if (strncasecmp(name, context.host, length) != 0) return false;
  return name[length] == '\0' || (name[length] == '.' && name[length + 1] == '\0');
}

bool names_by_name(const char *name, struct table_host *host) {
  enum table_result result = table_by_name(current, name, host);
  if (result == TABLE_SHORT && table_map()) result = table_by_name(current, name, host);
  if (result == TABLE_FOUND) return true;
  if (!is_own_name(name) || strlen(context.host) > TABLE_NAME_MAX) return false;
  memcpy(host->name, context.host, strlen(context.host) + 1);
  host->address = context.address;
  return true;
}

bool names_by_address(uint32_t address, struct table_host *host) {
  enum table_result result = table_by_address(current, address, host);
  if (result == TABLE_SHORT && table_map()) result = table_by_address(current, address, host);
  if (result == TABLE_FOUND) return true;
  if (address != context.address || !context.guest) return false;
  return names_by_name(context.host, host);
}

bool names_port(uint32_t address, uint16_t port, uint16_t protocol, uint16_t *mapped) {
  enum table_result result = table_port(current, address, port, protocol, mapped);
  if (result == TABLE_SHORT && table_map())
    result = table_port(current, address, port, protocol, mapped);
  return result == TABLE_FOUND;
}

uint16_t names_declared_port(uint32_t address, uint16_t port, uint16_t protocol) {
  uint16_t declared = port;
  enum table_result result = table_declared_port(current, address, port, protocol, &declared);
  if (result == TABLE_SHORT && table_map())
    result = table_declared_port(current, address, port, protocol, &declared);
  return result == TABLE_FOUND ? declared : port;
}
