#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "config/config.h"

int vd_secret_path(const char *folder, const char *file, char *ret_path, size_t room,
                   struct vd_err *err)
{
    bool is_below = folder != NULL && file[0] != '/';
    int n =
        snprintf(ret_path, room, "%s%s%s", is_below ? folder : "", is_below ? "/" : "", file);

    if (n < 0 || (size_t)n >= room)
        return vd_err_set(err, VD_EINVAL, "the path of the file is too long");
    return 0;
}

/* Opens it if it can be a secret. Messages leave out the name: some put the password there. */
static int open_secret(const char *path, struct stat *ret_st, struct vd_err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), rc;

    if (fd < 0 && errno == ENOENT)
        return vd_err_set(err, VD_EIO,
                          "there is no such file; make it, with the secret in it "
                          "and nothing else");
    if (fd < 0)
        return vd_err_set(err, VD_EIO, "the file cannot be read: %s", strerror(errno));
    rc = fd;
    if (fstat(fd, ret_st) != 0)
        rc = vd_err_set(err, VD_EIO, "the file cannot be read: %s", strerror(errno));
    else if (!S_ISREG(ret_st->st_mode))
        rc = vd_err_set(err, VD_EINVAL, "this is no ordinary file");
    else if ((ret_st->st_mode & S_IRWXO) != 0)
        rc = vd_err_set(err, VD_EINVAL,
                        "everyone on this machine may open the file (mode %03o); "
                        "chmod 640 or 600",
                        (unsigned)ret_st->st_mode & 0777);
    if (rc < 0)
        (void)close(fd);
    return rc;
}

/* Reads at most room bytes; returns how many. */
static int read_all(int fd, char *text, size_t room, struct vd_err *err)
{
    size_t len = 0;

    while (len < room) {
        ssize_t got = read(fd, text + len, room - len);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return vd_err_set(err, VD_EIO, "the file cannot be read: %s", strerror(errno));
        if (got == 0)
            break;
        len += (size_t)got;
    }
    return (int)len;
}

/* Cuts the line end off and judges the rest. Returns its length. */
static int judge(char *text, size_t len, struct vd_err *err)
{
    if (len > 0 && text[len - 1] == '\n')
        len--;
    if (len > 0 && text[len - 1] == '\r')
        len--;
    text[len] = '\0';
    if (len == 0)
        return vd_err_set(err, VD_EINVAL, "the file is empty");
    if (len >= VD_SECRET_MAX)
        return vd_err_set(err, VD_EINVAL,
                          "the file holds more than %d bytes; it should hold the "
                          "secret and nothing else",
                          VD_SECRET_MAX - 1);
    if (memchr(text, '\0', len) != NULL)
        return vd_err_set(err, VD_EINVAL, "the file holds a NUL byte");
    if (memchr(text, '\n', len) != NULL)
        return vd_err_set(
            err, VD_EINVAL,
            "the file has a second line; it should hold the secret and nothing else");
    return (int)len;
}

static int read_secret(const char *path, struct vd_secret *ret_secret, int64_t *ret_stamp,
                       struct vd_err *err)
{
    struct stat st;
    char *text = NULL;
    int fd, rc;

    rc = vd_crypto_init(err); /* costs nothing the second time, and saves a crash the first */
    if (rc < 0)
        return rc;
    fd = open_secret(path, &st, err);
    if (fd < 0)
        return fd;
    text = vd_secret_alloc(VD_SECRET_MAX + 1);
    rc = text != NULL ? read_all(fd, text, VD_SECRET_MAX, err)
                      : vd_err_set(err, VD_ENOMEM, "secret: out of memory");
    if (rc >= 0)
        rc = judge(text, (size_t)rc, err);
    (void)close(fd);
    if (rc < 0) {
        vd_secret_free(text);
        return rc;
    }
    *ret_stamp = (int64_t)((uint64_t)st.st_mtim.tv_sec * 1000000000u +
                           (uint64_t)st.st_mtim.tv_nsec + (uint64_t)st.st_ino * 2654435761u);
    *ret_secret = (struct vd_secret){.text = text, .len = (size_t)rc};
    return 0;
}

int vd_config_secret(const struct vd_config *cfg, const char *file,
                     struct vd_secret *ret_secret, struct vd_err *err)
{
    char path[VD_CONFIG_PATH_MAX * 2];
    int64_t stamp;
    int rc = vd_secret_path(cfg != NULL ? cfg->folder : NULL, file, path, sizeof path, err);

    return rc < 0 ? rc : read_secret(path, ret_secret, &stamp, err);
}

int vd_secret_check(const char *path, int64_t *ret_stamp, struct vd_err *err)
{
    struct vd_secret secret = {0};
    int64_t stamp;
    int rc = read_secret(path, &secret, &stamp, err);

    if (rc == 0 && ret_stamp != NULL)
        *ret_stamp = stamp;
    vd_secret_fini(&secret);
    return rc;
}

void vd_secret_fini(struct vd_secret *secret)
{
    vd_secret_free(secret->text); /* wipes */
    *secret = (struct vd_secret){0};
}
