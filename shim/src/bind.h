/* The ways in which a socket gets its address later than the guest asked for it. */
#ifndef IM_BIND_H
#define IM_BIND_H

#include <stdint.h>

/* Binds a socket that is bound to port 0 only for the guest, if `fd` is one. Keeps errno. */
void bind_lazy_port(int fd);
/* Binds a socket that was never bound to the own address, any port. 0, or -1 and errno. */
int bind_own(int fd, uint16_t port);

/* Binds a listener that was shut down to the port that it was on. 0, or -1 and errno. */
int bind_again(int fd);

#endif
