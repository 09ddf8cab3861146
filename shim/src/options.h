/*
 * Socket options across a handover: those that the guest set on its own socket are set on the
 * placeholder, and once more on connections that were queued before. TCP_DEFER_ACCEPT never: a
 * silent client would wake nobody.
 */
#ifndef IM_OPTIONS_H
#define IM_OPTIONS_H

/* Sets on `placeholder` what distinguishes `fd` from a fresh socket. */
void options_hand_over(int fd, int placeholder);
/* The options of a handed over listener changed: what is queued now lacks them. */
void options_changed(int listener);
/* For a connection that was just accepted. All keep errno. */
void options_inherit(int listener, int connection);

#endif
