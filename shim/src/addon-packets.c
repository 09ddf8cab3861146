/* SOCK_SEQPACKET sockets, descriptors passed over them, and who sent what. */
#include "addon.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { PACKET_BYTES_MAX = 64 * 1024, SENT_MAX = 64, DESCRIPTORS_MAX = 8, BACKLOG = 4096 };

static int open_packets(void) {
  return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int pass_credentials(int descriptor) {
  return setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int));
}

napi_value im_socket_pair(napi_env env, napi_callback_info info) {
  (void)info;
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return im_throw(env, "socketpair");
  /* The second end goes to a guest, which is to wait, not to fail, where the queue is full. */
  if (pass_credentials(pair[0]) < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
    int error = errno;
    close(pair[0]);
    close(pair[1]);
    return im_throw_error(env, "socketpair", error);
  }
  return im_descriptor_pair(env, pair);
}

napi_value im_pipe(napi_env env, napi_callback_info info) {
  (void)info;
  int pair[2];
  if (pipe2(pair, O_CLOEXEC) < 0) return im_throw(env, "pipe2");
  if (fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0) {
    close(pair[1]);
    return im_throw_and_close(env, "fcntl", pair[0]);
  }
  return im_descriptor_pair(env, pair);
}

static bool read_path(napi_env env, napi_callback_info info, struct sockaddr_un *address) {
  napi_value value;
  size_t length;
  *address = (struct sockaddr_un){.sun_family = AF_UNIX};
  return im_arguments(env, info, 1, &value) &&
         im_read_name(env, value, address->sun_path, sizeof address->sun_path, &length);
}

napi_value im_listen_packets(napi_env env, napi_callback_info info) {
  struct sockaddr_un address;
  if (!read_path(env, info, &address)) return NULL;
  int listener = open_packets();
  if (listener < 0) return im_throw(env, "socket");
  /* The file takes the mode of the socket: there is no moment in which it has another one. */
  if (fchmod(listener, S_IRUSR | S_IWUSR) < 0) return im_throw_and_close(env, "fchmod", listener);
  /* Set before the first connect: packets sent before accept carry credentials as well. */
  if (pass_credentials(listener) < 0) return im_throw_and_close(env, "setsockopt", listener);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0)
    return im_throw_and_close(env, "bind", listener);
  if (listen(listener, BACKLOG) < 0) return im_throw_and_close(env, "listen", listener);
  return im_number(env, listener);
}

napi_value im_accept_packets(napi_env env, napi_callback_info info) {
  napi_value value;
  int listener, accepted;
  if (!im_arguments(env, info, 1, &value) || !im_read_descriptor(env, value, &listener))
    return NULL;
  do accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  while (accepted < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (accepted < 0) return errno == EAGAIN ? im_null(env) : im_throw(env, "accept4");
  if (pass_credentials(accepted) < 0) return im_throw_and_close(env, "setsockopt", accepted);
  return im_number(env, accepted);
}

napi_value im_connect_packets(napi_env env, napi_callback_info info) {
  struct sockaddr_un address;
  if (!read_path(env, info, &address)) return NULL;
  int descriptor = open_packets();
  if (descriptor < 0) return im_throw(env, "socket");
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0)
    return im_throw_and_close(env, "connect", descriptor);
  return im_number(env, descriptor);
}

/* The array of descriptors into a control message; undefined and [] are none. */
static bool read_descriptors(napi_env env, napi_value value, struct msghdr *message) {
  napi_valuetype type;
  uint32_t count;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_undefined) return true;
  if (napi_get_array_length(env, value, &count) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected an array of descriptors");
    return false;
  }
  if (count == 0) return true;
  if (count > SENT_MAX) {
    im_throw_error(env, "sendmsg", E2BIG);
    return false;
  }
  struct cmsghdr *header = message->msg_control;
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(count * sizeof(int));
  message->msg_controllen = CMSG_SPACE(count * sizeof(int));
  for (uint32_t i = 0; i < count; i++) {
    napi_value element;
    int descriptor;
    if (napi_get_element(env, value, i, &element) != napi_ok ||
        !im_read_descriptor(env, element, &descriptor))
      return false;
    memcpy(CMSG_DATA(header) + i * sizeof(int), &descriptor, sizeof(int));
  }
  return true;
}

napi_value im_send_packet(napi_env env, napi_callback_info info) {
  napi_value values[3];
  int descriptor;
  struct iovec part;
  _Alignas(struct cmsghdr) char control[CMSG_SPACE(SENT_MAX * sizeof(int))] = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control};
  if (!im_arguments(env, info, 3, values) || !im_read_descriptor(env, values[0], &descriptor))
    return NULL;
  if (napi_get_buffer_info(env, values[1], &part.iov_base, &part.iov_len) != napi_ok) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", "expected a Buffer");
    return NULL;
  }
  /* An empty packet looks like the end to whoever receives it. */
  if (part.iov_len == 0) return im_throw_error(env, "sendmsg", EINVAL);
  if (part.iov_len > PACKET_BYTES_MAX) return im_throw_error(env, "sendmsg", EMSGSIZE);
  if (!read_descriptors(env, values[2], &message)) return NULL;
  if (message.msg_controllen == 0) message.msg_control = NULL;
  ssize_t sent;
  do sent = sendmsg(descriptor, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? im_throw(env, "sendmsg") : im_undefined(env);
}

struct received {
  int descriptors[DESCRIPTORS_MAX];
  size_t count;
  struct ucred sender;
  bool has_sender;
};

static void read_control(struct msghdr *message, struct received *received) {
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
       header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_CREDENTIALS &&
        header->cmsg_len >= CMSG_LEN(sizeof received->sender)) {
      memcpy(&received->sender, CMSG_DATA(header), sizeof received->sender);
      received->has_sender = true;
    } else if (header->cmsg_type == SCM_RIGHTS) {
      size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      if (count > DESCRIPTORS_MAX) count = DESCRIPTORS_MAX; /* the room that we gave */
      memcpy(received->descriptors, CMSG_DATA(header), count * sizeof(int));
      received->count = count;
    }
  }
}

static void drop(const struct received *received) {
  for (size_t i = 0; i < received->count; i++) close(received->descriptors[i]);
}

static napi_value credentials_value(napi_env env, const struct ucred *credentials) {
  napi_value object;
  if (napi_create_object(env, &object) != napi_ok ||
      !im_set(env, object, "pid", im_number(env, credentials->pid)) ||
      !im_set(env, object, "uid", im_number(env, credentials->uid)) ||
      !im_set(env, object, "gid", im_number(env, credentials->gid)))
    return NULL;
  return object;
}

static napi_value message_value(napi_env env, const char *data, size_t length,
                                const struct received *received) {
  napi_value object, buffer, descriptors;
  /* pid 0: sent before credentials were asked for, or from a namespace that we do not see. */
  bool known = received->has_sender && received->sender.pid != 0;
  if (napi_create_object(env, &object) != napi_ok ||
      napi_create_buffer_copy(env, length, data, NULL, &buffer) != napi_ok ||
      napi_create_array_with_length(env, received->count, &descriptors) != napi_ok)
    return NULL;
  for (size_t i = 0; i < received->count; i++) {
    napi_value descriptor = im_number(env, received->descriptors[i]);
    if (descriptor == NULL ||
        napi_set_element(env, descriptors, (uint32_t)i, descriptor) != napi_ok)
      return NULL;
  }
  if (!im_set(env, object, "data", buffer) || !im_set(env, object, "descriptors", descriptors) ||
      !im_set(env, object, "sender",
              known ? credentials_value(env, &received->sender) : im_null(env)))
    return NULL;
  return object;
}

static ssize_t receive(int descriptor, struct msghdr *message) {
  size_t room = message->msg_controllen;
  bool was_reset = false;
  for (;;) {
    message->msg_controllen = room;
    ssize_t length = recvmsg(descriptor, message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (length >= 0) return length;
    /* The peer closed with something of ours unread. That is said first, once; what the peer had
     * sent before is still queued. */
    if (errno == ECONNRESET && !was_reset)
      was_reset = true;
    else if (errno != EINTR)
      return -1;
  }
}

napi_value im_receive_packet(napi_env env, napi_callback_info info) {
  napi_value value;
  int descriptor;
  char data[PACKET_BYTES_MAX];
  _Alignas(struct cmsghdr) char
      control[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int)) + CMSG_SPACE(sizeof(struct ucred))];
  struct iovec part = {.iov_base = data, .iov_len = sizeof data};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  struct received received = {0};
  if (!im_arguments(env, info, 1, &value) || !im_read_descriptor(env, value, &descriptor))
    return NULL;
  ssize_t length = receive(descriptor, &message);
  if (length < 0 && errno == EAGAIN) return im_null(env);
  if (length < 0) return im_throw(env, "recvmsg");
  read_control(&message, &received);
  /* An empty packet, unlike the end, comes with credentials. */
  if (length == 0 && !received.has_sender && received.count == 0) return im_text(env, "end");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    drop(&received);
    return im_throw_error(env, "recvmsg", EMSGSIZE);
  }
  napi_value result = message_value(env, data, (size_t)length, &received);
  if (result == NULL) drop(&received);
  return result;
}

napi_value im_peer_credentials(napi_env env, napi_callback_info info) {
  napi_value value;
  int descriptor;
  struct ucred credentials;
  socklen_t length = sizeof credentials;
  if (!im_arguments(env, info, 1, &value) || !im_read_descriptor(env, value, &descriptor))
    return NULL;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
    return im_throw(env, "getsockopt");
  return credentials_value(env, &credentials);
}
