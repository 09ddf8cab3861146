/* Socket options of a datagram socket across a handover, and between the two families. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stddef.h>

#include "options.h"
#include "real.h"
#include "sockets.h"

#ifndef UDP_GRO /* Linux 5.0 */
#define UDP_GRO 104
#endif
#ifndef UDP_SEGMENT /* Linux 4.18 */
#define UDP_SEGMENT 103
#endif

/* SO_REUSEADDR and SO_REUSEPORT too: the guest's next socket is bound beside the placeholder. */
static const struct option copied[] = {
    {SOL_SOCKET, SO_REUSEADDR, false}, {SOL_SOCKET, SO_REUSEPORT, false},
    {SOL_SOCKET, SO_SNDBUF, true},     {SOL_SOCKET, SO_RCVBUF, true},
    {SOL_SOCKET, SO_RCVTIMEO, false},  {SOL_SOCKET, SO_SNDTIMEO, false},
    {SOL_SOCKET, SO_PRIORITY, false},  {SOL_SOCKET, SO_MARK, false},
    {SOL_SOCKET, SO_DONTROUTE, false}, {SOL_SOCKET, SO_BROADCAST, false},
    {SOL_SOCKET, SO_TIMESTAMP, false}, {SOL_SOCKET, SO_TIMESTAMPNS, false},
    {SOL_SOCKET, SO_BUSY_POLL, false}, {SOL_SOCKET, SO_RXQ_OVFL, false},
    {SOL_SOCKET, SO_NO_CHECK, false},  {IPPROTO_IP, IP_RECVORIGDSTADDR, false},
    {IPPROTO_UDP, UDP_GRO, false},     {IPPROTO_UDP, UDP_SEGMENT, false},
};

static const struct {
  int ipv4;
  int ipv6;
} twins[] = {
    {IP_TOS, IPV6_TCLASS},
    {IP_TTL, IPV6_UNICAST_HOPS},
    {IP_MTU_DISCOVER, IPV6_MTU_DISCOVER},
    {IP_RECVTOS, IPV6_RECVTCLASS},
    {IP_RECVTTL, IPV6_RECVHOPLIMIT},
    {IP_RECVERR, IPV6_RECVERR},
};

#define COUNT(list) (sizeof(list) / sizeof(list)[0])

int options_as_ipv4(int option) {
  if (option == IPV6_RECVPKTINFO) return IP_PKTINFO;
  for (size_t i = 0; i < COUNT(twins); i++)
    if (twins[i].ipv6 == option) return twins[i].ipv4;
  return -1;
}

/* On until now, so that what waits has it noted (addon-datagrams.c); from here on the guest's. */
static void hand_over_pktinfo(int fd, bool ipv6, int placeholder) {
  int on = 0;
  socklen_t length = sizeof on;
  if (ipv6)
    real.getsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, &length);
  else
    real.getsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, &length);
  real.setsockopt(placeholder, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

void options_hand_over_datagrams(int fd, int placeholder) {
  const int saved = errno;
  const bool ipv6 = socket_is_ipv6(fd);
  const int fresh = real.socket(ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (size_t i = 0; fresh >= 0 && i < COUNT(copied); i++)
    option_copy(fd, fresh, placeholder, &copied[i], &copied[i]);
  for (size_t i = 0; fresh >= 0 && i < COUNT(twins); i++) {
    const struct option to = {IPPROTO_IP, twins[i].ipv4, false};
    const struct option from = ipv6 ? (struct option){IPPROTO_IPV6, twins[i].ipv6, false} : to;
    option_copy(fd, fresh, placeholder, &from, &to);
  }
  hand_over_pktinfo(fd, ipv6, placeholder);
  if (fresh >= 0) real.close(fresh);
  errno = saved;
}
