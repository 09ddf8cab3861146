/* The addon's table of functions; `Addon` in shim/index.ts is its typed face. */
#include "addon.h"

static const struct {
  const char *name;
  napi_callback function;
} functions[] = {
    {"watch", im_watch},
    {"watchEdges", im_watch_edges},
    {"rearm", im_rearm},
    {"unwatch", im_unwatch},
    {"socketPair", im_socket_pair},
    {"pipe", im_pipe},
    {"listenPackets", im_listen_packets},
    {"acceptPackets", im_accept_packets},
    {"connectPackets", im_connect_packets},
    {"sendPacket", im_send_packet},
    {"receivePacket", im_receive_packet},
    {"peerCredentials", im_peer_credentials},
    {"openPlaceholder", im_open_placeholder},
    {"localPort", im_local_port},
    {"endPlaceholder", im_end_placeholder},
    {"restorePlaceholder", im_restore_placeholder},
    {"admit", im_admit},
    {"resetQueue", im_reset_queue},
    {"waitingConnections", im_waiting_connections},
    {"connections", im_connections},
    {"lastClosed", im_last_closed},
    {"processTrees", im_process_trees},
    {"timers", im_timers},
    {"guardSockets", im_guard_sockets},
    {"guardFired", im_guard_fired},
    {"reserveDescriptors", im_reserve_descriptors},
    {"openDatagrams", im_open_datagrams},
    {"restoreDatagrams", im_restore_datagrams},
    {"shareDatagrams", im_share_datagrams},
    {"nextSender", im_next_sender},
    {"duplicate", im_duplicate},
    {"close", im_close},
    {"tryLock", im_try_lock},
    {"bindAbstract", im_bind_abstract},
    {"pidfdOpen", im_pidfd_open},
    {"pidfdSendSignal", im_pidfd_send_signal},
    {"pidfdGetDescriptor", im_pidfd_get_descriptor},
    {"tryNotification", im_try_notification},
    {"tryUserNamespace", im_try_user_namespace},
    {"becomeSubreaper", im_become_subreaper},
    {"endChildren", im_end_children},
};

NAPI_MODULE_INIT() {
  if (im_watcher_create(env) == NULL) return im_throw(env, "watcher");
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    const char *name = functions[i].name;
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function) !=
            napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok)
      return NULL;
  }
  return exports;
}
