/* alerts/cli/key.c: vedette-key: pairs of keys for the bus over tcp://. The secret one goes
 * into a file that its owner alone may read, and never onto a terminal. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bus.h"
#include "base/crypto.h"
#include "base/fs.h"

enum { OK, FAULT, USAGE, FAILED }; /* as all commands */

static int usage(const char *problem)
{
    if (problem != NULL)
        (void)fprintf(stderr, "vedette key: %s\n", problem);
    (void)fprintf(
        stderr,
        "usage: vedette key generate FILE   writes a fresh secret key to FILE (mode 0600),\n"
        "                                   which must not exist, and prints the public one\n"
        "       vedette key show FILE       prints the public key of a secret one\n"
        "The public key goes into bus.clients or bus.server_key, in quotes.\n");
    return USAGE;
}

static int complain(const struct vd_err *err, int status)
{
    (void)fprintf(stderr, "vedette key: %s\n", err->msg);
    return status;
}

/* A file that is there may be the only copy of a key in use. */
static int write_new(const char *path, const char *text, struct vd_err *err)
{
    size_t len = strlen(text);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0)
        return vd_err_set(err, VD_EIO, "'%s': %s", path, strerror(errno));
    if (write(fd, text, len) != (ssize_t)len || write(fd, "\n", 1) != 1 || fsync(fd) != 0) {
        vd_err_set(err, VD_EIO, "'%s': %s", path, strerror(errno));
        (void)close(fd);
        (void)unlink(path);
        return VD_EIO;
    }
    (void)close(fd);
    return 0;
}

static int generate(const char *path)
{
    char public_key[VD_BUS_KEY_TEXT], secret_key[VD_BUS_KEY_TEXT];
    struct vd_err err = {0};
    int rc = vd_bus_keypair(public_key, secret_key, &err);

    if (rc >= 0)
        rc = write_new(path, secret_key, &err);
    vd_secret_wipe(secret_key, sizeof secret_key);
    if (rc < 0)
        return complain(&err, FAILED);
    return puts(public_key) < 0 ? FAILED : OK;
}

static int show(const char *path)
{
    char public_key[VD_BUS_KEY_TEXT];
    struct vd_err err = {0}, why = {0};
    char *text = NULL;
    size_t len = 0;
    int rc = vd_fs_read(path, 256, &text, &len, &err);

    if (rc < 0)
        return complain(&err, FAILED);
    text[strcspn(text, "\r\n")] = '\0';
    rc = vd_bus_public_key(text, public_key, &why);
    if (rc < 0)
        vd_err_set(&err, VD_EINVAL, "'%s': %s", path, why.msg);
    vd_secret_wipe(text, len);
    free(text);
    if (rc < 0)
        return complain(&err, FAULT);
    return puts(public_key) < 0 ? FAILED : OK;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(NULL) == USAGE ? OK : FAILED;
    if (argc != 3)
        return usage(argc < 2 ? "what shall be done?" : "which file?");
    if (strcmp(argv[1], "generate") == 0)
        return generate(argv[2]);
    if (strcmp(argv[1], "show") == 0)
        return show(argv[2]);
    return usage("no such verb");
}
