/* What the parts of the measuring client share. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { REQUEST_MAX = 256 };

struct request {
  size_t length;
  char bytes[REQUEST_MAX];
};

int64_t now_ns(void);
/* Name or number; ends the process where there is none. */
struct sockaddr_in address_of(const char *host, const char *port);
/* Hexadecimal digits. */
struct request request_of(const char *hex);
/* -1: refused. */
int dial(const struct sockaddr_in *to);
/* Connects, asks, waits for the first byte of the answer. */
bool ask(const struct sockaddr_in *to, const struct request *request);

/* One after another; prints the times in ns. */
void command_ping(int argc, char **argv);
void command_talk(int argc, char **argv);
void command_cold(int argc, char **argv);
void command_spawn(int argc, char **argv);
void command_await(int argc, char **argv);
/* client-herd.c */
void command_herd(int argc, char **argv);
/* client-held.c */
void command_hold(int argc, char **argv);
void command_again(int argc, char **argv);
void command_release(int argc, char **argv);

#endif
