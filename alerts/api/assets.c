#include "alerts/api/assets.h"

#include <string.h>

const struct vd_asset *vd_asset_find(const char *name)
{
    for (size_t i = 0; i < vd_n_assets; i++)
        if (strcmp(vd_assets[i].name, name) == 0)
            return &vd_assets[i];
    return NULL;
}
