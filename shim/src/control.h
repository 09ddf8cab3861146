/*
 * Requests to the supervisor over the control descriptor. Every request is one packet with a
 * reply socket of its own: threads and forked children need no lock and cannot mix up answers.
 */
#ifndef IM_CONTROL_H
#define IM_CONTROL_H

#include <stdbool.h>
#include <sys/time.h>

#include "protocol.h"

enum control_outcome {
  CONTROL_ANSWERED,
  CONTROL_TIMED_OUT,
  CONTROL_INTERRUPTED, /* a signal handler without SA_RESTART ran; interruptible waits only */
  CONTROL_BROKEN       /* nobody is there to be asked: do it natively */
};

struct control_wait {
  struct timeval limit; /* all zero: none */
  bool interruptible;
  bool patient; /* ask again when the supervisor dies over the request */
};

struct im_request control_request(enum im_request_type type);

/* `*received` becomes a CLOEXEC descriptor that came with the answer, or -1. Changes errno. */
enum control_outcome control_ask(const struct im_request *request,
                                 const struct control_wait *wait, struct im_reply *reply,
                                 int *received);

/* Without an answer. Keeps errno. */
void control_tell(const struct im_request *request);

#endif
