#include "endpoint.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#define SIN6_LENGTH_MIN 24 /* RFC 2133: without the scope */

bool endpoint_in_overlay(uint32_t address) { return (address & 0xffc00000u) == 0x7f400000u; }

static enum endpoint_kind kind_of(uint32_t address) {
  if (address == 0) return ENDPOINT_ANY;
  if (endpoint_in_overlay(address)) return ENDPOINT_OVERLAY;
  return address >> 24 == 127 ? ENDPOINT_LOOPBACK : ENDPOINT_FOREIGN;
}

static bool parse_in6(const struct sockaddr *address, struct endpoint *endpoint) {
  struct sockaddr_in6 in6 = {0};
  memcpy(&in6, address, SIN6_LENGTH_MIN);
  endpoint->ipv6 = true;
  endpoint->port = ntohs(in6.sin6_port);
  endpoint->address = 0;
  if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
    uint32_t mapped;
    memcpy(&mapped, &in6.sin6_addr.s6_addr[12], sizeof mapped);
    endpoint->address = ntohl(mapped);
    endpoint->kind = kind_of(endpoint->address);
    return true;
  }
  if (IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr)) endpoint->kind = ENDPOINT_ANY;
  else if (IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr)) endpoint->kind = ENDPOINT_LOOPBACK;
  else return false;
  return true;
}

bool endpoint_parse(const struct sockaddr *address, socklen_t length,
                    struct endpoint *endpoint) {
  if (address == NULL || length < sizeof address->sa_family) return false;
  if (address->sa_family == AF_INET6 && length >= SIN6_LENGTH_MIN)
    return parse_in6(address, endpoint);
  if (address->sa_family != AF_INET || length < sizeof(struct sockaddr_in)) return false;
  struct sockaddr_in in;
  memcpy(&in, address, sizeof in);
  endpoint->ipv6 = false;
  endpoint->port = ntohs(in.sin_port);
  endpoint->address = ntohl(in.sin_addr.s_addr);
  endpoint->kind = kind_of(endpoint->address);
  return true;
}

socklen_t endpoint_write(const struct endpoint *endpoint, struct sockaddr_storage *address) {
  const uint32_t network = htonl(endpoint->address);
  memset(address, 0, sizeof *address);
  if (!endpoint->ipv6) {
    const struct sockaddr_in in = {.sin_family = AF_INET,
                                   .sin_port = htons(endpoint->port),
                                   .sin_addr.s_addr = network};
    memcpy(address, &in, sizeof in);
    return sizeof in;
  }
  struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
  in6.sin6_addr.s6_addr[10] = 0xff;
  in6.sin6_addr.s6_addr[11] = 0xff;
  memcpy(&in6.sin6_addr.s6_addr[12], &network, sizeof network);
  memcpy(address, &in6, sizeof in6);
  return sizeof in6;
}

void endpoint_deliver(const struct endpoint *endpoint, struct sockaddr *address,
                      socklen_t *length) {
  struct sockaddr_storage whole;
  const socklen_t full = endpoint_write(endpoint, &whole);
  memcpy(address, &whole, *length < full ? *length : full);
  *length = full;
}
