/*
 * What the parts of the addon share. All functions run on the thread of the Node environment that
 * loaded the addon; each environment (the main thread, a worker) has a state of its own, so nothing
 * here needs a lock.
 */
#ifndef IM_ADDON_H
#define IM_ADDON_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/* Values. Readers return false with a JavaScript exception pending. */
bool im_arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values);
bool im_read_descriptor(napi_env env, napi_value value, int *descriptor);
bool im_read_uint32(napi_env env, napi_value value, uint32_t *number);
bool im_read_port(napi_env env, napi_value value, uint16_t *port);
/* `name` has room for `size` bytes; longer strings throw ENAMETOOLONG. No NUL inside. */
bool im_read_name(napi_env env, napi_value value, char *name, size_t size, size_t *length);
napi_value im_number(napi_env env, int64_t number);
napi_value im_boolean(napi_env env, bool value);
napi_value im_null(napi_env env);
napi_value im_undefined(napi_env env);
napi_value im_text(napi_env env, const char *text);
/* [first, second]; closes both if the array cannot be made. */
napi_value im_descriptor_pair(napi_env env, const int pair[2]);
bool im_set(napi_env env, napi_value object, const char *name, napi_value value);

/* Errors. */
const char *im_errno_name(int error);
/* Throws an AddonError made from errno; returns NULL, for `return im_throw(...)`. */
napi_value im_throw(napi_env env, const char *syscall);
napi_value im_throw_error(napi_env env, const char *syscall, int error);
/* Throws as im_throw does, and closes the descriptor. */
napi_value im_throw_and_close(napi_env env, const char *syscall, int descriptor);

/* The watcher of an environment: addon-watch.c. */
struct im_watcher;
struct im_watcher *im_watcher_create(napi_env env);
void im_watcher_forget(struct im_watcher *watcher, napi_env env, int descriptor);

napi_value im_watch(napi_env env, napi_callback_info info);
napi_value im_watch_edges(napi_env env, napi_callback_info info);
napi_value im_rearm(napi_env env, napi_callback_info info);
napi_value im_unwatch(napi_env env, napi_callback_info info);

napi_value im_socket_pair(napi_env env, napi_callback_info info);
napi_value im_pipe(napi_env env, napi_callback_info info);
napi_value im_listen_packets(napi_env env, napi_callback_info info);
napi_value im_accept_packets(napi_env env, napi_callback_info info);
napi_value im_connect_packets(napi_env env, napi_callback_info info);
napi_value im_send_packet(napi_env env, napi_callback_info info);
napi_value im_receive_packet(napi_env env, napi_callback_info info);
napi_value im_peer_credentials(napi_env env, napi_callback_info info);

napi_value im_open_placeholder(napi_env env, napi_callback_info info);
napi_value im_local_port(napi_env env, napi_callback_info info);
napi_value im_end_placeholder(napi_env env, napi_callback_info info);
napi_value im_restore_placeholder(napi_env env, napi_callback_info info);
napi_value im_admit(napi_env env, napi_callback_info info);
napi_value im_reset_queue(napi_env env, napi_callback_info info);
napi_value im_waiting_connections(napi_env env, napi_callback_info info);

napi_value im_connections(napi_env env, napi_callback_info info);
napi_value im_last_closed(napi_env env, napi_callback_info info);
napi_value im_process_trees(napi_env env, napi_callback_info info);
napi_value im_timers(napi_env env, napi_callback_info info);
napi_value im_guard_sockets(napi_env env, napi_callback_info info);
napi_value im_guard_fired(napi_env env, napi_callback_info info);

napi_value im_reserve_descriptors(napi_env env, napi_callback_info info);
napi_value im_open_datagrams(napi_env env, napi_callback_info info);
napi_value im_restore_datagrams(napi_env env, napi_callback_info info);
napi_value im_share_datagrams(napi_env env, napi_callback_info info);
napi_value im_next_sender(napi_env env, napi_callback_info info);

napi_value im_duplicate(napi_env env, napi_callback_info info);
napi_value im_close(napi_env env, napi_callback_info info);
napi_value im_try_lock(napi_env env, napi_callback_info info);
napi_value im_bind_abstract(napi_env env, napi_callback_info info);

napi_value im_pidfd_open(napi_env env, napi_callback_info info);
napi_value im_pidfd_send_signal(napi_env env, napi_callback_info info);
napi_value im_pidfd_get_descriptor(napi_env env, napi_callback_info info);

napi_value im_try_notification(napi_env env, napi_callback_info info);
napi_value im_try_user_namespace(napi_env env, napi_callback_info info);

napi_value im_become_subreaper(napi_env env, napi_callback_info info);
napi_value im_end_children(napi_env env, napi_callback_info info);

/* addon-placeholder.c: O_NONBLOCK again, no signals to a guest that is gone. 0 or -1. */
int im_restore_flags(int descriptor);

/* addon-baseline.c: socket options of a placeholder back to those of a fresh socket. 0 or -1. */
int im_restore_options(int descriptor, int fresh);

#endif
