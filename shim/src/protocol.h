/*
 * What the shim and the supervisor say to one another.
 *
 * Control messages travel over the control descriptor: one end of a SOCK_SEQPACKET pair that is
 * opened before exec and inherited by every process of a guest. The environment variable
 * IM_CONTROL holds its number. A request is one packet with one struct im_request; where an answer
 * is expected, it carries one descriptor (SCM_RIGHTS), an end of a fresh SOCK_SEQPACKET pair, on
 * which exactly one struct im_reply arrives. End of file there means that the supervisor died after
 * it had taken the request: ask again.
 *
 * All integers are in host byte order (both sides run on one machine), addresses too: 127.64.0.12
 * is 0x7f40000c. The TypeScript side is platform/protocol/control.ts; test/shim/protocol.test.ts
 * compares the two.
 */
#ifndef IM_PROTOCOL_H
#define IM_PROTOCOL_H

#include <stdint.h>

#define IM_PROTOCOL_MAGIC 0x314d4931u

enum im_request_type {
  IM_CONNECT = 1, /* is `address:port` ready? answered when it is, or with an errno */
  IM_BIND = 2,    /* may I bind, and to what? answered with a hand-over or NATIVE */
  IM_LISTEN = 3,  /* a listener on `address:port` accepts, or UDP is bound there; no answer */
  IM_CLOSE = 4,   /* this process closed its socket on `address:port`; no answer */
  IM_TABLE = 5    /* answered with a read-only descriptor of the name table */
};

enum im_request_flag {
  IM_NONBLOCKING = 1 << 0, /* the socket is non-blocking: answer at once */
  IM_IPV6 = 1 << 1,        /* the socket is AF_INET6 (v4-mapped) */
  IM_REUSEPORT = 1 << 2,   /* SO_REUSEPORT is set on it; of UDP, or SO_REUSEADDR */
  IM_HANDED_OVER = 1 << 3  /* the listener is one that the supervisor handed over */
};

struct im_request {
  uint32_t magic;
  uint16_t type;
  uint16_t flags;
  uint32_t address;
  uint16_t port;
  uint16_t socktype; /* SOCK_STREAM or SOCK_DGRAM; always the first for CONNECT and TABLE */
  uint32_t pid;      /* of the asking process */
  uint32_t spare;    /* 0 */
};

enum im_action {
  IM_NATIVE = 0,  /* make the system call yourself, on `address:port` of the reply */
  IM_HANDOVER = 1 /* the attached descriptor is your bound socket, which listens if it is TCP */
};

struct im_reply {
  uint32_t magic;
  int32_t error; /* 0, or a positive errno: fail with it */
  uint32_t address;
  uint16_t port;
  uint16_t action;
};

/*
 * The name table: a file that readers map read-only. IM_TABLE holds its path; a process that may
 * not open the path asks for a descriptor with IM_TABLE requests.
 *
 * Two slots and a generation: slot[generation & 1] is the active one. The writer fills the other
 * slot completely, then stores generation + 1. A reader takes the generation, reads, and starts
 * again if the generation has moved: a writer that is killed midway leaves the active slot whole.
 * A slot that needs more room than its region has is placed at the end of the file, which only
 * grows: a reader whose mapping is shorter than slot.offset + slot.length maps again. Every offset
 * that is read is checked against the slot's length.
 *
 * Host states stand outside the slots: one uint32_t for each address of the block, at
 * states_offset + 4 * (address - block_base), each written as one aligned word.
 */
#define IM_TABLE_MAGIC 0x31544d49u
#define IM_TABLE_VERSION 1u

struct im_table_slot_ref {
  uint64_t offset; /* from the start of the file */
  uint64_t length;
};

struct im_table_header { /* the first 4096 bytes of the file */
  uint32_t magic;
  uint32_t version;
  uint32_t generation;
  uint32_t block_base;
  uint32_t block_size; /* addresses in the block, a power of two */
  uint32_t spare;
  uint64_t states_offset;
  struct im_table_slot_ref slot[2];
  char deployment[64]; /* NUL-terminated */
};

enum im_host_state {
  IM_STATE_RUNNING = 1 << 0 /* its declared listeners may be dialled natively */
};

struct im_table_slot {  /* at the start of a slot; offsets below are from here */
  uint32_t entry_count; /* entries are sorted by address */
  uint32_t entries_offset;
  uint32_t hash_size; /* a power of two, at least twice entry_count */
  uint32_t hash_offset; /* uint32_t[hash_size]: entry index + 1, 0 is empty; linear probing */
};

struct im_table_entry {
  uint32_t address;
  uint32_t name_offset; /* lower case, not NUL-terminated */
  uint16_t name_length;
  uint16_t port_count;
  uint32_t ports_offset; /* struct im_table_port[port_count] */
};

enum im_table_protocol { IM_PROTOCOL_TCP = 6, IM_PROTOCOL_UDP = 17 };

struct im_table_port {
  uint16_t port;   /* as declared */
  uint16_t mapped; /* what is really bound on the address; the same unless it could not be */
  uint16_t protocol;
  uint16_t spare;
};

/* FNV-1a, 32 bits, over the lower-case name: the hash of the name index. */
static inline uint32_t im_name_hash(const char *name, uint32_t length) {
  uint32_t hash = 2166136261u;
  for (uint32_t i = 0; i < length; i++) {
    hash ^= (uint8_t)name[i];
    hash *= 16777619u;
  }
  return hash;
}

/*
 * Environment of a guest process. The shim reads it once, in its constructor, and puts it back
 * into the environment of everything that is executed.
 *   IM_CONTROL     number of the control descriptor
 *   IM_TABLE       path of the name table
 *   IM_ADDRESS     own overlay address, dotted
 *   IM_HOST        own host name; absent for a client started with `im run`
 *   IM_DEPLOYMENT  name of the deployment
 *   IM_INCARNATION number of this life; absent for a client
 *   LD_PRELOAD     this library first, then whatever was there
 */

#endif
