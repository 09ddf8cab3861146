/*
 * Names of hosts. What the table does not know goes to the system untouched. Never an AAAA:
 * there is no loopback range in IPv6, and Happy Eyeballs would try it first.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "context.h"
#include "endpoint.h"
#include "real.h"
#include "table-map.h"
#include "text.h"

#define DOTTED_MAX 16

static int set_canonical_name(struct addrinfo *first, const char *name) {
  char *copy = strdup(name); /* freed by freeaddrinfo, as libc's own is */
  if (copy == NULL) return EAI_MEMORY;
  free(first->ai_canonname);
  first->ai_canonname = copy;
  return 0;
}

static int resolve_host(const struct table_host *host, const char *service,
                        const struct addrinfo *hints, struct addrinfo **result) {
  char dotted[DOTTED_MAX];
  struct text text = text_in(dotted, sizeof dotted);
  struct addrinfo wanted = {.ai_family = AF_UNSPEC};
  if (hints != NULL) wanted = *hints;
  const bool mapped = wanted.ai_family == AF_INET6 && (wanted.ai_flags & AI_V4MAPPED) != 0;
  if (wanted.ai_family == AF_INET6 && !mapped) return EAI_NODATA;
  if (wanted.ai_family == AF_UNSPEC) wanted.ai_family = AF_INET;
  const bool canonical = (wanted.ai_flags & AI_CANONNAME) != 0;
  wanted.ai_flags &= AI_PASSIVE | AI_NUMERICSERV | AI_V4MAPPED;
  if (!mapped) wanted.ai_flags = (wanted.ai_flags & ~AI_V4MAPPED) | AI_NUMERICHOST;
  text_add_address(&text, host->address);
  const int error = real.getaddrinfo(dotted, service, &wanted, result);
  if (error != 0 || !canonical || *result == NULL) return error;
  const int failure = set_canonical_name(*result, host->name);
  if (failure != 0) freeaddrinfo(*result);
  return failure;
}

IM_EXPORT int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                          struct addrinfo **result) {
  struct table_host host;
  real_ensure();
  const bool numeric = hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0;
  if (!context.active || node == NULL || numeric || !names_by_name(node, &host))
    return real.getaddrinfo(node, service, hints, result);
  return resolve_host(&host, service, hints, result);
}

static bool copy_name(const char *name, char *buffer, socklen_t size) {
  const size_t length = strlen(name) + 1;
  if (length > size) return false;
  memcpy(buffer, name, length);
  return true;
}

IM_EXPORT int getnameinfo(const struct sockaddr *address, socklen_t length, char *name,
                          socklen_t name_size, char *service, socklen_t service_size,
                          int flags) {
  struct endpoint endpoint;
  struct table_host host;
  real_ensure();
  const bool wanted = name != NULL && name_size > 0 && (flags & NI_NUMERICHOST) == 0;
  if (!context.active || !wanted || !endpoint_parse(address, length, &endpoint)
      || endpoint.kind != ENDPOINT_OVERLAY)
    return real.getnameinfo(address, length, name, name_size, service, service_size, flags);
  if (names_by_address(endpoint.address, &host)) {
    if (!copy_name(host.name, name, name_size)) return EAI_OVERFLOW;
    if (service == NULL || service_size == 0) return 0;
    return real.getnameinfo(address, length, NULL, 0, service, service_size,
                            flags & ~NI_NAMEREQD);
  }
  /* No name server outside has anything to say about an overlay address. */
  if ((flags & NI_NAMEREQD) != 0) return EAI_NONAME;
  return real.getnameinfo(address, length, name, name_size, service, service_size,
                          flags | NI_NUMERICHOST);
}
