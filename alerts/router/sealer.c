#include "alerts/router/sealer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/workflow/seal.h"
#include "base/fs.h"

struct vd_sealer {
    char file[VD_PATH_MAX];
    uint8_t *secret;
    int64_t n, at_us; /* of the last line of this run */
};

static int make_key(uint8_t *secret, const char *path, const char *public_path,
                    struct vd_err *err)
{
    uint8_t public_key[VD_SIGN_PUBLIC];
    char *text = vd_secret_alloc(2 * VD_SIGN_SECRET + 2);
    char folder[VD_PATH_MAX], open[2 * VD_SIGN_PUBLIC + 2];
    int rc = 0;

    if (text == NULL)
        return vd_err_set(err, VD_ENOMEM, "log: out of memory");
    vd_sign_pair(secret, public_key);
    vd_hex(secret, VD_SIGN_SECRET, text);
    vd_hex(public_key, VD_SIGN_PUBLIC, open);
    text[2 * VD_SIGN_SECRET] = open[2 * VD_SIGN_PUBLIC] = '\n';
    memcpy(folder, path, strlen(path) + 1);
    *strrchr(folder, '/') = '\0';
    rc = vd_fs_mkdirs(folder, 0700, err);
    if (rc >= 0)
        rc = vd_fs_write(public_path, open, 2 * VD_SIGN_PUBLIC + 1, 0644, err);
    if (rc >= 0)
        rc = vd_fs_write(path, text, 2 * VD_SIGN_SECRET + 1, 0600, err);
    vd_secret_free(text);
    return rc;
}

static int read_key(uint8_t *secret, const char *path, struct vd_err *err)
{
    char *text = NULL;
    size_t len = 0;
    int rc = vd_fs_read(path, 2 * VD_SIGN_SECRET + 1, &text, &len, err);

    if (rc < 0)
        return rc;
    text[strcspn(text, "\n")] = '\0';
    if (!vd_unhex(text, secret, VD_SIGN_SECRET))
        rc = vd_err_set(err, VD_EINVAL,
                        "'%s' is no key; move it away, and a new one is made (what was signed "
                        "before is checked with the old one's public half)",
                        path);
    vd_secret_wipe(text, len);
    free(text);
    return rc;
}

int vd_sealer_open(struct vd_sealer **ret_sealer, const char *state, struct vd_err *err)
{
    struct vd_sealer *s = calloc(1, sizeof *s);
    char path[VD_PATH_MAX], public_path[VD_PATH_MAX];
    int rc;

    if (s == NULL)
        return vd_err_set(err, VD_ENOMEM, "log: out of memory");
    s->secret = vd_secret_alloc(VD_SIGN_SECRET);
    rc = s->secret == NULL ? vd_err_set(err, VD_ENOMEM, "log: out of memory") : 0;
    if (rc >= 0)
        rc = vd_fs_join(s->file, sizeof s->file, state, VD_SEAL_FILE, err);
    if (rc >= 0)
        rc = vd_fs_join(path, sizeof path, state, VD_SEAL_SECRET, err);
    if (rc >= 0)
        rc = vd_fs_join(public_path, sizeof public_path, state, VD_SEAL_PUBLIC, err);
    if (rc >= 0)
        rc = access(path, F_OK) == 0 ? read_key(s->secret, path, err)
                                     : make_key(s->secret, path, public_path, err);
    if (rc < 0) {
        vd_sealer_close(&s);
        return rc;
    }
    *ret_sealer = s;
    return 0;
}

static int add_line(const char *file, const char *line, struct vd_err *err)
{
    int fd = open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    size_t len = strlen(line);
    bool is_done = fd >= 0 && write(fd, line, len) == (ssize_t)len && fsync(fd) == 0;
    int error = errno;

    if (fd >= 0)
        close(fd);
    return is_done ? 0 : vd_err_set(err, VD_EIO, "'%s': %s", file, strerror(error));
}

int vd_sealer_look(struct vd_sealer *s, struct vd_pg *pg, int64_t every_us, int64_t now_us,
                   struct vd_err *err)
{
    struct vd_pg_log_head head;
    char line[VD_SEAL_LINE];
    int rc;

    if (s->at_us != 0 && now_us >= s->at_us && now_us - s->at_us < every_us)
        return 0;
    rc = vd_pg_log_head(pg, &head, err);
    if (rc < 0 || head.n == s->n || head.n == 0)
        return rc < 0 ? rc : 0;
    vd_seal_write(s->secret, &head, now_us, line);
    rc = add_line(s->file, line, err);
    if (rc < 0)
        return rc;
    s->n = head.n;
    s->at_us = now_us;
    return 1;
}

void vd_sealer_close(struct vd_sealer **sealer)
{
    if (*sealer == NULL)
        return;
    vd_secret_free((*sealer)->secret);
    free(*sealer);
    *sealer = NULL;
}
