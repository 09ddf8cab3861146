/* The gethostbyname family: one host, one IPv4 address, no alias. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "context.h"
#include "endpoint.h"
#include "real.h"
#include "table-map.h"

/* What a struct hostent points to. */
struct hostent_room {
  char *addresses[2];
  char *aliases[1];
  struct in_addr address;
  char name[];
};

static int fill(const struct table_host *host, struct hostent *entry, char *buffer, size_t size) {
  const size_t align = _Alignof(struct hostent_room);
  const size_t skip = (align - (uintptr_t)buffer % align) % align;
  const size_t length = strlen(host->name) + 1;
  if (size < skip + sizeof(struct hostent_room) + length) return ERANGE;
  struct hostent_room *room = (void *)(buffer + skip);
  room->address.s_addr = htonl(host->address);
  room->addresses[0] = (char *)&room->address;
  room->addresses[1] = NULL;
  room->aliases[0] = NULL;
  memcpy(room->name, host->name, length);
  *entry = (struct hostent){.h_name = room->name,
                            .h_aliases = room->aliases,
                            .h_addrtype = AF_INET,
                            .h_length = sizeof room->address,
                            .h_addr_list = room->addresses};
  return 0;
}

static int answer(const struct table_host *host, struct hostent *entry, char *buffer, size_t size,
                  struct hostent **result, int *error) {
  const int failure = fill(host, entry, buffer, size);
  *result = failure == 0 ? entry : NULL;
  if (failure != 0) *error = NETDB_INTERNAL;
  return failure;
}

static bool by_name(const char *name, struct table_host *host) {
  real_ensure();
  return context.active && name != NULL && names_by_name(name, host);
}

static bool by_address(const void *address, socklen_t length, int family,
                       struct table_host *host) {
  uint32_t network;
  real_ensure();
  if (!context.active || family != AF_INET || length != sizeof network || address == NULL)
    return false;
  memcpy(&network, address, sizeof network);
  return endpoint_in_overlay(ntohl(network)) && names_by_address(ntohl(network), host);
}

/* As in glibc, the answer of the calls without _r is overwritten by the next one. */
static struct hostent *answer_statically(const struct table_host *host) {
  static struct hostent entry;
  static char buffer[sizeof(struct hostent_room) + TABLE_NAME_MAX + 16];
  return fill(host, &entry, buffer, sizeof buffer) == 0 ? &entry : NULL;
}

IM_EXPORT struct hostent *gethostbyname(const char *name) {
  struct table_host host;
  return by_name(name, &host) ? answer_statically(&host) : real.gethostbyname(name);
}

IM_EXPORT struct hostent *gethostbyname2(const char *name, int family) {
  struct table_host host;
  if (!by_name(name, &host)) return real.gethostbyname2(name, family);
  if (family == AF_INET) return answer_statically(&host);
  h_errno = NO_DATA;
  return NULL;
}

IM_EXPORT struct hostent *gethostbyaddr(const void *address, socklen_t length, int family) {
  struct table_host host;
  if (!by_address(address, length, family, &host))
    return real.gethostbyaddr(address, length, family);
  return answer_statically(&host);
}

IM_EXPORT int gethostbyname_r(const char *name, struct hostent *entry, char *buffer, size_t size,
                              struct hostent **result, int *error) {
  struct table_host host;
  if (!by_name(name, &host))
    return real.gethostbyname_r(name, entry, buffer, size, result, error);
  return answer(&host, entry, buffer, size, result, error);
}

IM_EXPORT int gethostbyname2_r(const char *name, int family, struct hostent *entry, char *buffer,
                               size_t size, struct hostent **result, int *error) {
  struct table_host host;
  if (!by_name(name, &host))
    return real.gethostbyname2_r(name, family, entry, buffer, size, result, error);
  if (family == AF_INET) return answer(&host, entry, buffer, size, result, error);
  *result = NULL;
  *error = NO_DATA;
  return 0;
}

IM_EXPORT int gethostbyaddr_r(const void *address, socklen_t length, int family,
                              struct hostent *entry, char *buffer, size_t size,
                              struct hostent **result, int *error) {
  struct table_host host;
  if (!by_address(address, length, family, &host))
    return real.gethostbyaddr_r(address, length, family, entry, buffer, size, result, error);
  return answer(&host, entry, buffer, size, result, error);
}
