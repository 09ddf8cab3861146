/* Between JavaScript values and C. */
#include "addon.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool im_arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values) {
  size_t count = wanted;
  /* Missing arguments are undefined; the reader of each says what it expected. */
  return napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok;
}

static bool refuse(napi_env env, const char *expected) {
  napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", expected);
  return false;
}

/* An integer in [0, max]. Numbers that are not integers, NaN too, are refused, never truncated. */
static bool read_natural(napi_env env, napi_value value, double max, const char *expected,
                         double *number) {
  if (napi_get_value_double(env, value, number) != napi_ok) return refuse(env, expected);
  if (!(*number >= 0 && *number <= max) || *number != (double)(uint64_t)*number)
    return refuse(env, expected);
  return true;
}

bool im_read_descriptor(napi_env env, napi_value value, int *descriptor) {
  double number;
  if (!read_natural(env, value, INT32_MAX, "expected a descriptor", &number)) return false;
  *descriptor = (int)number;
  return true;
}

bool im_read_uint32(napi_env env, napi_value value, uint32_t *number) {
  double natural;
  if (!read_natural(env, value, UINT32_MAX, "expected a number of 32 bits", &natural)) return false;
  *number = (uint32_t)natural;
  return true;
}

bool im_read_port(napi_env env, napi_value value, uint16_t *port) {
  double number;
  if (!read_natural(env, value, UINT16_MAX, "expected a port", &number)) return false;
  *port = (uint16_t)number;
  return true;
}

bool im_read_name(napi_env env, napi_value value, char *name, size_t size, size_t *length) {
  size_t needed;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &needed) != napi_ok)
    return refuse(env, "expected a string");
  if (needed >= size) {
    im_throw_error(env, "bind", ENAMETOOLONG);
    return false;
  }
  if (napi_get_value_string_utf8(env, value, name, size, length) != napi_ok)
    return refuse(env, "expected a string");
  if (*length == 0 || memchr(name, 0, *length) != NULL)
    return refuse(env, "expected a name without NUL that is not empty");
  return true;
}

napi_value im_number(napi_env env, int64_t number) {
  napi_value value;
  return napi_create_int64(env, number, &value) == napi_ok ? value : NULL;
}

napi_value im_boolean(napi_env env, bool boolean) {
  napi_value value;
  return napi_get_boolean(env, boolean, &value) == napi_ok ? value : NULL;
}

napi_value im_null(napi_env env) {
  napi_value value;
  return napi_get_null(env, &value) == napi_ok ? value : NULL;
}

napi_value im_undefined(napi_env env) {
  napi_value value;
  return napi_get_undefined(env, &value) == napi_ok ? value : NULL;
}

napi_value im_text(napi_env env, const char *text) {
  napi_value value;
  return napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value) == napi_ok ? value : NULL;
}

bool im_set(napi_env env, napi_value object, const char *name, napi_value value) {
  return value != NULL && napi_set_named_property(env, object, name, value) == napi_ok;
}

napi_value im_descriptor_pair(napi_env env, const int pair[2]) {
  napi_value array;
  if (napi_create_array_with_length(env, 2, &array) == napi_ok) {
    napi_value first = im_number(env, pair[0]);
    napi_value second = im_number(env, pair[1]);
    if (first != NULL && second != NULL && napi_set_element(env, array, 0, first) == napi_ok &&
        napi_set_element(env, array, 1, second) == napi_ok)
      return array;
  }
  close(pair[0]);
  close(pair[1]);
  return NULL;
}
