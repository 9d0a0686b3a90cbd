/* How fast a spool accepts: messages of about 900 bytes from 1 to 64 threads, each waiting for
 * its commit to be on the disk. One JSON line a case: appends/s, appends a commit, latency. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "storage/spool/spool.h"
#include "tests/support/spool_fill.h"
#include "tests/support/tmpdir.h"

enum { SECONDS = 3, SAMPLES_MAX = 200000 };

static struct vd_spool *spool;
static atomic_int n_samples;
static int32_t samples[SAMPLES_MAX];
static atomic_bool stop;

static int64_t now_us(void)
{
    return vd_clock_system.mono_us(NULL);
}

static void *append_on(void *arg)
{
    struct filled filled = {.size = 900};
    struct vd_spool_message message = {.fill = spool_fill, .arg = &filled};

    (void)arg;
    while (!atomic_load(&stop)) {
        int64_t begun_us = now_us();
        int at;

        if (vd_spool_append(spool, &message, NULL, NULL) < 0)
            abort();
        at = atomic_fetch_add(&n_samples, 1);
        if (at < SAMPLES_MAX)
            samples[at] = (int32_t)(now_us() - begun_us);
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    return (*(const int32_t *)a > *(const int32_t *)b) -
           (*(const int32_t *)a < *(const int32_t *)b);
}

static void run(int n_threads)
{
    pthread_t threads[64];
    struct vd_spool_stats before, after;
    struct timespec pause = {SECONDS, 0};
    int n;

    vd_spool_stats(spool, &before);
    atomic_store(&n_samples, 0);
    atomic_store(&stop, false);
    for (int i = 0; i < n_threads; i++)
        pthread_create(&threads[i], NULL, append_on, NULL);
    nanosleep(&pause, NULL);
    atomic_store(&stop, true);
    for (int i = 0; i < n_threads; i++)
        pthread_join(threads[i], NULL);
    vd_spool_stats(spool, &after);
    n = atomic_load(&n_samples) < SAMPLES_MAX ? atomic_load(&n_samples) : SAMPLES_MAX;
    qsort(samples, (size_t)n, sizeof samples[0], by_value);
    printf("{\"bench\":\"spool\",\"threads\":%d,\"appends_s\":%d,\"appends_a_commit\":%.1f,"
           "\"p50_us\":%d,\"p99_us\":%d}\n",
           n_threads, atomic_load(&n_samples) / SECONDS,
           (double)(after.accepted - before.accepted) /
               (double)(after.commits > before.commits ? after.commits - before.commits : 1),
           samples[n / 2], samples[(int)((double)n * 0.99)]);
    fflush(stdout);
}

int main(void)
{
    static const int counts[] = {1, 4, 16, 64};
    struct tmpdir dir;
    struct vd_err err = {0};

    tmpdir_open(&dir);
    struct vd_spool_opts opts = {
        .path = tmpdir_file(&dir, "w.db"), .producer = "/ingest/w1", .cap_bytes = 2LL << 30};

    if (vd_spool_open(&spool, &opts, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        run(counts[i]);
    vd_spool_close(&spool);
    tmpdir_close(&dir);
    return 0;
}
