/* The descendants of this process. Owns nothing; for one thread at a time. */
#ifndef IM_PROCESS_TREE_H
#define IM_PROCESS_TREE_H

/* Sends the signal to every descendant of this process. */
void tree_signal(int signal);

#endif
