/* alerts/api/assets.h: the page's files, put into the program when it is built
 * (alerts/web/build.mjs writes the table). Names that carry a hash of their content never
 * change what they mean and may be kept for good. */
#ifndef VD_ALERTS_API_ASSETS_H
#define VD_ALERTS_API_ASSETS_H

#include <stdbool.h>
#include <stddef.h>

struct vd_asset {
    const char *name; /* without a leading '/' */
    const char *type;
    bool is_immutable;
    const unsigned char *plain, *gzip;
    size_t plain_len, gzip_len; /* gzip_len 0: not worth it */
};

/* Sorted by name, and how many. Generated. */
extern const struct vd_asset vd_assets[];
extern const size_t vd_n_assets;

/* The file of that name, or NULL. */
const struct vd_asset *vd_asset_find(const char *name);

#endif
