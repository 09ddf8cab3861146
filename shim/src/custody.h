/*
 * What the daemon and the keeper say to one another, over a SOCK_SEQPACKET pair (descriptor 3 of
 * the daemon, number in IM_KEEPER). The keeper holds duplicates of descriptors that must outlive
 * the daemon: placeholders, address blocks, published ports. Each has a label, which is its key.
 * Host byte order. The keeper sends one message a packet, the daemon up to IM_CUSTODY_BATCH_MAX:
 * each KEEP takes the next of the descriptors that come along, and a packet that has more or fewer
 * of these than KEEPs is none. The TypeScript side is platform/daemon/custody-adapter.ts.
 */
#ifndef IM_CUSTODY_H
#define IM_CUSTODY_H

#include <stdint.h>

#define IM_CUSTODY_MAGIC 0x31434d49u
#define IM_CUSTODY_LABEL_MAX 120
#define IM_CUSTODY_BATCH_MAX 64

enum im_custody_type {
  IM_CUSTODY_KEEP = 1, /* daemon: hold this descriptor under this label, instead of any before */
  IM_CUSTODY_DROP = 2, /* daemon: close what has this label */
  IM_CUSTODY_LIST = 3, /* daemon: send everything back, as IM_CUSTODY_KEPT, then IM_CUSTODY_END.
                        * A daemon that was started again is answered before it asks. */
  IM_CUSTODY_QUIT = 4, /* daemon: I end for good. Close everything and end at once */
  IM_CUSTODY_KEPT = 5, /* keeper: a label with its descriptor */
  IM_CUSTODY_END = 6,  /* keeper: that was all */
  IM_CUSTODY_READY = 7 /* daemon: I serve. From here on start me again whenever I end */
};

struct im_custody {
  uint32_t magic;
  uint16_t type;
  uint16_t label_length; /* bytes of label that count */
  char label[IM_CUSTODY_LABEL_MAX];
};

#endif
