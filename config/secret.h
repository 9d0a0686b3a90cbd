/* config/secret.h: passwords and keys, read when needed and forgotten at once.
 *
 * The text lives in pages of its own that a core dump leaves out and swap does not get; it is
 * wiped when given back. Never log it, print it, or put it on a command line. */
#ifndef VD_CONFIG_SECRET_H
#define VD_CONFIG_SECRET_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct vd_config;

enum { VD_SECRET_MAX = 4096 - 1 }; /* bytes */

/* {0} holds nothing. */
struct vd_secret {
    char *text; /* NUL-terminated, at least one byte, no NUL inside */
    size_t len;
};

/* Reads the file named in cfg (relative names are below its folder; cfg may be NULL for a name
 * relative to the working directory). One line end at its end is left out; any other byte
 * belongs to the secret. Blocks on the disk; any thread. *ret_secret is the caller's, to
 * vd_secret_fini(); untouched on failure. VD_EINVAL: empty, too long, holds a NUL or a second
 * line, or the world may read it; VD_EIO: unreadable; VD_ENOMEM. The message never holds a
 * byte of it. */
int vd_config_secret(const struct vd_config *cfg, const char *file,
                     struct vd_secret *ret_secret, struct vd_err *err);

/* Wipes and frees; {0} is fine. */
void vd_secret_fini(struct vd_secret *secret);

/* The path a file name of the configuration means: absolute ones stand, others are below
 * folder (NULL: the working directory). VD_EINVAL when room bytes do not hold it. */
int vd_secret_path(const char *folder, const char *file, char *ret_path, size_t room,
                   struct vd_err *err);

/* Whether the file can serve as a secret, without keeping a byte of it; sets *ret_stamp (may be
 * NULL) to a number that changes when the file does. Errors as vd_config_secret(). */
int vd_secret_check(const char *path, int64_t *ret_stamp, struct vd_err *err);

#endif
