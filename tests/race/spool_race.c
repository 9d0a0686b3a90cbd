/* Six threads append while one ships and acknowledges: every accepted number leaves once, in
 * order, and each appender's own messages keep their order. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/spool/spool.h"
#include "tests/support/tmpdir.h"

enum { THREADS = 6, EACH = 60 };

static struct vd_spool *spool;
static atomic_int n_failed;

struct item {
    int thread, number;
};

static int fill(void *arg, const struct vd_spool_stamp *stamp, char *buf, size_t size)
{
    const struct item *item = arg;

    return snprintf(buf, size, "%lld %d %d", (long long)stamp->sequence, item->thread,
                    item->number);
}

static void *append_all(void *arg)
{
    struct item item = {.thread = *(int *)arg};
    int64_t before = 0;

    for (item.number = 0; item.number < EACH; item.number++) {
        struct vd_spool_message message = {.fill = fill, .arg = &item};
        int64_t sequence = 0;
        struct vd_err err;

        if (vd_spool_append(spool, &message, &sequence, &err) < 0 || sequence <= before) {
            fprintf(stderr, "append: %s\n", err.msg);
            atomic_fetch_add(&n_failed, 1);
        }
        before = sequence;
    }
    return NULL;
}

static void check_row(const struct vd_spool_row *row, int64_t want, int *numbers)
{
    long long sequence = 0;
    int thread = -1, number = -1;
    char text[64] = {0};

    memcpy(text, row->body, row->len < sizeof text - 1 ? row->len : sizeof text - 1);
    if (sscanf(text, "%lld %d %d", &sequence, &thread, &number) != 3 || thread < 0 ||
        thread >= THREADS || row->sequence != want || sequence != want ||
        number != numbers[thread]++) {
        fprintf(stderr, "row %lld: '%s', want %lld\n", (long long)row->sequence, text,
                (long long)want);
        atomic_fetch_add(&n_failed, 1);
    }
}

static void *ship_all(void *arg)
{
    struct vd_spool_batch *batch = NULL;
    const struct vd_spool_row *rows = NULL;
    struct vd_spool_stats stats;
    struct vd_spool_head head;
    int numbers[THREADS] = {0};
    int64_t next = 1;

    (void)arg;
    if (vd_spool_batch_new(&batch, NULL) < 0 || vd_spool_head(spool, &head, NULL) < 0)
        abort();
    while (next <= THREADS * EACH && atomic_load(&n_failed) == 0) {
        int n = vd_spool_read(spool, head.source, next, 16, batch, &rows, NULL);

        for (int i = 0; i < n; i++)
            check_row(&rows[i], next++, numbers);
        if (n > 0 && vd_spool_ack(spool, head.source, next - 1, NULL) != n)
            atomic_fetch_add(&n_failed, 1);
        vd_spool_stats(spool, &stats);
    }
    vd_spool_batch_free(&batch);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS], shipper;
    int ids[THREADS];
    struct vd_spool_stats stats;
    struct vd_err err = {0};
    struct tmpdir dir;

    tmpdir_open(&dir);
    struct vd_spool_opts opts = {.path = tmpdir_file(&dir, "w.db"), .producer = "/ingest/w1"};

    if (vd_spool_open(&spool, &opts, &err) < 0) {
        fprintf(stderr, "%s\n", err.msg);
        return 1;
    }
    pthread_create(&shipper, NULL, ship_all, NULL);
    for (int i = 0; i < THREADS; i++) {
        ids[i] = i;
        pthread_create(&threads[i], NULL, append_all, &ids[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(shipper, NULL);
    vd_spool_stats(spool, &stats);
    vd_spool_close(&spool);
    tmpdir_close(&dir);
    printf("%d appended in %lld commits, %lld left, %d wrong\n", THREADS * EACH,
           (long long)stats.commits, (long long)stats.depth, atomic_load(&n_failed));
    return atomic_load(&n_failed) == 0 && stats.depth == 0 ? 0 : 1;
}
