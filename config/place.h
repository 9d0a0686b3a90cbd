/* config/place.h: where configuration and state are when nobody says. */
#ifndef VD_CONFIG_PLACE_H
#define VD_CONFIG_PLACE_H

#include <stddef.h>

#include "base/err.h"

#define VD_PLACE_SYSTEM "/etc/vedette"

/* The state folder: given (may be NULL), else /var/lib/vedette for root, else
 * $XDG_STATE_HOME/vedette, else ~/.local/state/vedette. Looks at the environment only. */
int vd_place_state(const char *given, char *ret_path, size_t room, struct vd_err *err);

/* The configuration folder: given (may be NULL), else the state folder's own where a state
 * folder is given, else /etc/vedette where that holds a vedette.yaml, else the state folder's
 * own, "config" in it. It need not exist. */
int vd_place_config(const char *given, const char *given_state, char *ret_path, size_t room,
                    struct vd_err *err);

#endif
