/*
 * The little of libuv that the addon needs. The headers of Node-API have none of it; node exports
 * these functions, and neither they nor these numbers change within libuv 1.
 */
#ifndef IM_ADDON_LOOP_H
#define IM_ADDON_LOOP_H

#include <stddef.h>

struct uv_loop_s;
/* Of uv_handle_size(UV_POLL) bytes. */
typedef struct im_poll im_poll;

enum { UV_POLL = 8, UV_READABLE = 1 };

/* They return 0 or a negative errno. */
int uv_poll_init(struct uv_loop_s *loop, im_poll *poll, int descriptor);
int uv_poll_start(im_poll *poll, int events, void (*ready)(im_poll *, int status, int events));

size_t uv_handle_size(int type);
void uv_handle_set_data(im_poll *poll, void *data);
void *uv_handle_get_data(const im_poll *poll);
void uv_ref(im_poll *poll);
void uv_unref(im_poll *poll);
void uv_close(im_poll *poll, void (*closed)(im_poll *));

#endif
