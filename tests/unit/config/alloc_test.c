/* No memory, at each place in turn: a code comes back, nothing leaks, nothing is half-made. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto.h"
#include "base/fs.h"
#include "config/arena.h"
#include "config/config.h"
#include "config/problems.h"
#include "config/watch.h"
#include "tests/support/tmpdir.h"

static long countdown = -1; /* allocations that still succeed; -1: all do */
static bool has_refused;

static bool fails(void)
{
    if (countdown == 0)
        has_refused = true;
    else if (countdown > 0)
        countdown--;
    return countdown == 0 && has_refused;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);

void *__real_vd_arena_alloc(struct vd_arena *arena, size_t size);
void *__real_vd_arena_array(struct vd_arena *arena, size_t n, size_t size);
char *__real_vd_arena_text(struct vd_arena *arena, const char *text, size_t len);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);
void *__wrap_vd_arena_alloc(struct vd_arena *arena, size_t size);
void *__wrap_vd_arena_array(struct vd_arena *arena, size_t n, size_t size);
char *__wrap_vd_arena_text(struct vd_arena *arena, const char *text, size_t len);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
    return fails() ? NULL : __real_strdup(text);
}

/* An arena asks malloc once in many times: each of its own answers counts as one. */
void *__wrap_vd_arena_alloc(struct vd_arena *arena, size_t size)
{
    return fails() ? NULL : __real_vd_arena_alloc(arena, size);
}

void *__wrap_vd_arena_array(struct vd_arena *arena, size_t n, size_t size)
{
    return fails() ? NULL : __real_vd_arena_array(arena, n, size);
}

char *__wrap_vd_arena_text(struct vd_arena *arena, const char *text, size_t len)
{
    return fails() ? NULL : __real_vd_arena_text(arena, text, len);
}

/* Fails allocation 1, 2, … of a load until one succeeds; returns how many there are. */
static long load_until_it_works(const char *folder, int want)
{
    for (long n = 0; n < 100000; n++) {
        struct vd_problems problems = {0};
        struct vd_config *cfg = NULL;
        struct vd_err err = {0};
        int rc;

        countdown = n;
        has_refused = false;
        rc = vd_config_load(&cfg, folder, VD_CONFIG_SECRETS_NONE, &problems, &err);
        countdown = -1;
        if (!has_refused) { /* the real answer */
            cr_assert_eq(rc, want, "%s", err.msg);
            vd_config_unref(&cfg);
            vd_problems_fini(&problems);
            return n;
        }
        /* Where only a problem could not be kept, the folder is refused all the same. */
        cr_assert(rc == VD_ENOMEM || rc == VD_EIO || (want == VD_EINVAL && rc == VD_EINVAL),
                  "allocation %ld: %d", n, rc);
        cr_assert_null(cfg);
        cr_assert(rc != VD_EINVAL || vd_problems_count(&problems) > 0);
        cr_assert(strlen(err.msg) > 0);
        vd_problems_fini(&problems);
    }
    return -1;
}

Test(alloc, a_good_folder_loads_or_says_that_there_is_no_memory)
{
    long n = load_until_it_works(VD_TEST_DATA "/../../config/examples/district", 0);

    cr_assert_gt(n, 500);
}

Test(alloc, a_bad_folder_is_refused_whatever_memory_there_is)
{
    cr_assert_gt(load_until_it_works(VD_TEST_DATA "/configs/bad/folder-kinds", VD_EINVAL), 20);
    cr_assert_gt(load_until_it_works(VD_TEST_DATA "/configs/bad/folder-one-broken", VD_EINVAL),
                 20);
}

Test(alloc, a_watch_opens_or_says_that_there_is_no_memory)
{
    struct vd_watch *watch = NULL;

    countdown = 0;
    cr_assert_eq(vd_watch_open(&watch, "/tmp", 1000, NULL), VD_ENOMEM);
    countdown = -1;
    cr_assert_null(watch);
}
