#include "environment.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "real.h"
#include "text.h"

#define PRELOAD "LD_PRELOAD="
#define CONTROL "IM_CONTROL="
#define OURS_MAX (CONTEXT_VARIABLES + 2) /* the control's number and LD_PRELOAD */

static bool begins(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *value_in(char *const envp[], const char *prefix) {
  for (size_t i = 0; envp != NULL && envp[i] != NULL; i++)
    if (begins(envp[i], prefix)) return envp[i] + strlen(prefix);
  return NULL;
}

size_t environment_slots(char *const envp[]) {
  size_t count = 0;
  while (envp != NULL && envp[count] != NULL) count++;
  return count + OURS_MAX + 1;
}

size_t environment_preload_size(char *const envp[]) {
  const char *given = value_in(envp, PRELOAD);
  return sizeof PRELOAD + strlen(context.library) + 1 + (given == NULL ? 0 : strlen(given)) + 1;
}

/* Ours first, then what was there, each library once. */
static void write_preload(struct text *text, const char *given) {
  text_add(text, context.library);
  while (given != NULL && *given != '\0') {
    const size_t length = strcspn(given, ": ");
    const bool ours = length == strlen(context.library)
                      && memcmp(given, context.library, length) == 0;
    if (length > 0 && !ours) {
      if (text->length > 0 && text->at[text->length - 1] != '=') text_add(text, ":");
      text_add_bytes(text, given, length);
    }
    given += length;
    if (*given != '\0') given++;
  }
}

/* `im run` started from inside: whoever gives another address gives a whole identity. */
static bool is_other_identity(char *const envp[]) {
  const char *address = value_in(envp, "IM_ADDRESS=");
  const char *own = context.variable[CONTEXT_ADDRESS];
  return address != NULL && strcmp(address, strchr(own, '=') + 1) != 0;
}

static bool is_replaced(const char *text, bool other_identity) {
  if (begins(text, PRELOAD)) return context.library[0] != '\0';
  if (other_identity) return false;
  if (begins(text, CONTROL)) return true;
  for (int i = 0; i < CONTEXT_VARIABLES; i++) {
    const char *own = context.variable[i];
    if (own != NULL && strncmp(text, own, (size_t)(strchr(own, '=') - own) + 1) == 0) return true;
  }
  return false;
}

static void write_control(char *buffer, size_t size) {
  struct text text = text_in(buffer, size);
  text_add(&text, CONTROL);
  const int control = context_control_here();
  text_add_number(&text, (uint64_t)control);
  /* Node and others set CLOEXEC on every descriptor that they find. */
  real.fcntl(control, F_SETFD, 0L);
}

char *const *environment_build(struct environment *environment, char *const envp[]) {
  if (!context.active) return envp;
  const bool other_identity = is_other_identity(envp);
  char **slots = environment->slots;
  size_t at = 0;
  for (size_t i = 0; envp != NULL && envp[i] != NULL; i++)
    if (!is_replaced(envp[i], other_identity)) slots[at++] = envp[i];
  if (context.library[0] != '\0') {
    struct text text = text_in(environment->preload, environment->preload_size);
    text_add(&text, PRELOAD);
    write_preload(&text, value_in(envp, PRELOAD));
    slots[at++] = environment->preload;
  }
  if (!other_identity) {
    write_control(environment->control, sizeof environment->control);
    slots[at++] = environment->control;
    for (int i = 0; i < CONTEXT_VARIABLES; i++)
      if (context.variable[i] != NULL) slots[at++] = (char *)(uintptr_t)context.variable[i];
  }
  slots[at] = NULL;
  return slots;
}

static void restore(const char *variable) {
  char name[32];
  const char *value = strchr(variable, '=') + 1;
  const size_t length = (size_t)(value - variable) - 1;
  if (length >= sizeof name) return;
  memcpy(name, variable, length);
  name[length] = '\0';
  const char *present = getenv(name);
  if (present == NULL || strcmp(present, value) != 0) setenv(name, value, 1);
}

void environment_restore(void) {
  if (!context.active) return;
  char control[32];
  char preload[environment_preload_size(environ)];
  struct text text = text_in(preload, sizeof preload);
  text_add(&text, PRELOAD);
  write_preload(&text, value_in(environ, PRELOAD));
  if (context.library[0] != '\0') restore(preload);
  if (!is_other_identity(environ)) {
    write_control(control, sizeof control);
    restore(control);
    for (int i = 0; i < CONTEXT_VARIABLES; i++)
      if (context.variable[i] != NULL) restore(context.variable[i]);
  }
}
