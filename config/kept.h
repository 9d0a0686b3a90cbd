/* config/kept.h: the configuration that passed last, kept by a process for its own next start.
 *
 * Whoever is killed while the folder is bad must serve again before it is mended. Each process
 * keeps what it runs on itself, so what it starts with is what it had, whatever others took up.
 * Secrets are not kept: they are read from their place as ever. */
#ifndef VD_CONFIG_KEPT_H
#define VD_CONFIG_KEPT_H

#include "config/config.h"

enum { VD_KEPT_MAX = 64 * 1024 * 1024 }; /* bytes of the file of a kept configuration */

/* For a process that starts. Returns 0 when the folder passes. 1 when it does not, but what was
 * kept of it in the file `kept` does: *ret_cfg is that, and err says why the folder was
 * refused. Else as vd_config_load(), whose arguments the others are. In what was kept a secret
 * that has gone since is no problem: whoever needs it finds out. */
int vd_config_start(struct vd_config **ret_cfg, const char *folder, unsigned secrets,
                    const char *kept, struct vd_problems *problems, struct vd_err *err);

/* Keeps cfg in that file, for its owner alone, in place of what was there: whole or not at all,
 * also when the power goes. Makes the folder above it. Call when cfg is in use. Blocks on the
 * disk. VD_EIO; VD_EINVAL: over VD_KEPT_MAX; VD_ENOMEM. */
int vd_config_keep(const struct vd_config *cfg, const char *kept, struct vd_err *err);

#endif
