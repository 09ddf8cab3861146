/* Where the control descriptor lives in a guest. */
#ifndef IM_CONTROL_NUMBER_H
#define IM_CONTROL_NUMBER_H

/*
 * Duplicates the descriptor, without CLOEXEC, to a number that programs which count from 3 or
 * close a few descriptors do not meet: at least 900, or as high as RLIMIT_NOFILE allows. Returns
 * the number, or -1 with errno.
 */
int im_control_number(int descriptor);

#endif
