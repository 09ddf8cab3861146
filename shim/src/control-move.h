/* The control descriptor gives up its number to whatever the guest puts there. */
#ifndef IM_CONTROL_MOVE_H
#define IM_CONTROL_MOVE_H

#include <stdbool.h>

/* False, with errno: there is no other number to be had. True also where `number` is another's. */
bool control_moved_from(int number);

#endif
