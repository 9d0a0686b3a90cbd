/* tests/support/tmpdir.h: a folder of a test's own, and its end. */
#ifndef VD_TESTS_SUPPORT_TMPDIR_H
#define VD_TESTS_SUPPORT_TMPDIR_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct tmpdir {
    char path[64];
};

static inline void tmpdir_open(struct tmpdir *dir)
{
    snprintf(dir->path, sizeof dir->path, "/tmp/vedette-test-XXXXXX");
    if (mkdtemp(dir->path) == NULL)
        abort();
}

static inline int tmpdir_remove(const char *path, const struct stat *st, int kind,
                                struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static inline void tmpdir_close(struct tmpdir *dir)
{
    (void)nftw(dir->path, tmpdir_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* A path in it; one of four buffers that take turns. */
static inline const char *tmpdir_file(const struct tmpdir *dir, const char *name)
{
    static char paths[4][256];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof paths[0], "%s/%s", dir->path, name);
    return path;
}

#endif
