#include "config/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int fits(int n, size_t room, struct vd_err *err)
{
    return n >= 0 && (size_t)n < room
               ? 0
               : vd_err_set(err, VD_EINVAL, "the path of the folder is too long");
}

int vd_place_state(const char *given, char *ret_path, size_t room, struct vd_err *err)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");

    if (given != NULL)
        return fits(snprintf(ret_path, room, "%s", given), room, err);
    if (geteuid() == 0)
        return fits(snprintf(ret_path, room, "/var/lib/vedette"), room, err);
    if (state != NULL && state[0] == '/')
        return fits(snprintf(ret_path, room, "%s/vedette", state), room, err);
    if (home == NULL || home[0] != '/')
        return vd_err_set(err, VD_EINVAL, "there is no $HOME; give --state or --config");
    return fits(snprintf(ret_path, room, "%s/.local/state/vedette", home), room, err);
}

int vd_place_config(const char *given, const char *given_state, char *ret_path, size_t room,
                    struct vd_err *err)
{
    char state[512];
    int rc;

    if (given != NULL)
        return fits(snprintf(ret_path, room, "%s", given), room, err);
    if (given_state == NULL && access(VD_PLACE_SYSTEM "/vedette.yaml", F_OK) == 0)
        return fits(snprintf(ret_path, room, VD_PLACE_SYSTEM), room, err);
    rc = vd_place_state(given_state, state, sizeof state, err);
    return rc < 0 ? rc : fits(snprintf(ret_path, room, "%s/config", state), room, err);
}
