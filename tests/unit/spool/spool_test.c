/* What a spool accepted, it keeps; and no number is ever given twice under one source. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "storage/spool/spool.h"
#include "tests/support/rnd.h"
#include "tests/support/spool_fill.h"
#include "tests/support/tmpdir.h"

static struct tmpdir dir;
static struct vd_spool *spool;
static struct vd_err err;

static struct vd_spool_opts opts_of(const char *file)
{
    return (struct vd_spool_opts){.path = tmpdir_file(&dir, file),
                                  .producer = "/ingest/w1",
                                  .cap_bytes = 64 << 10,
                                  .reserve_bytes = 16 << 10};
}

static void open_spool(const char *file)
{
    struct vd_spool_opts opts = opts_of(file);

    err.msg[0] = '\0';
    cr_assert_eq(vd_spool_open(&spool, &opts, &err), 0, "%s", err.msg);
}

static void set_up(void)
{
    tmpdir_open(&dir);
}

static void tear_down(void)
{
    vd_spool_close(&spool);
    tmpdir_close(&dir);
}

TestSuite(spool, .init = set_up, .fini = tear_down, .timeout = 30);

static int append(enum vd_spool_phase phase, const char *event, int size, struct filled *filled)
{
    static struct filled unused;
    struct filled *f = filled != NULL ? filled : &unused;
    struct vd_spool_message message = {.fill = spool_fill,
                                       .arg = f,
                                       .phase = phase,
                                       .event = event,
                                       .camera = "gate-3",
                                       .rev = phase == VD_SPOOL_START ? 1 : 2,
                                       .may_refuse =
                                           phase != VD_SPOOL_END && phase != VD_SPOOL_OTHER};
    int64_t sequence = 0;
    int rc;

    f->size = size;
    rc = vd_spool_append(spool, &message, &sequence, &err);
    return rc < 0 ? rc : (int)sequence;
}

static struct vd_spool_head head(void)
{
    struct vd_spool_head h = {0};

    cr_assert_eq(vd_spool_head(spool, &h, &err), 0, "%s", err.msg);
    return h;
}

/* Reads all of a source; asserts that it is from first to last without a gap, and says so. */
static void assert_holds(const char *source, int64_t first, int64_t last)
{
    struct vd_spool_batch *batch = NULL;
    const struct vd_spool_row *rows = NULL;
    int64_t next = first;
    int n;

    cr_assert_eq(vd_spool_batch_new(&batch, &err), 0);
    while ((n = vd_spool_read(spool, source, next, 7, batch, &rows, &err)) > 0)
        for (int i = 0; i < n; i++, next++) {
            char want[300];

            cr_assert_eq(rows[i].sequence, next, "got %lld, want %lld",
                         (long long)rows[i].sequence, (long long)next);
            snprintf(want, sizeof want, "{\"source\":\"%s\",\"sequence\":\"%020lld\"", source,
                     (long long)next);
            cr_assert_eq(memcmp(rows[i].body, want, strlen(want)), 0, "%.*s", (int)rows[i].len,
                         rows[i].body);
        }
    vd_spool_batch_free(&batch);
    cr_assert_eq(n, 0, "%s", err.msg);
    cr_assert_eq(next, last + 1, "ends at %lld, want %lld", (long long)next - 1,
                 (long long)last);
}

Test(spool, numbers_from_one_and_keeps_what_it_accepted)
{
    struct vd_spool_head before, after;
    struct stat st;

    open_spool("w1.db");
    for (int i = 1; i <= 20; i++)
        cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), i, "%s", err.msg);
    before = head();
    vd_spool_close(&spool);
    cr_assert_eq(stat(tmpdir_file(&dir, "w1.db"), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    open_spool("w1.db");
    after = head();
    cr_assert_str_eq(after.source, before.source);
    cr_assert_eq(after.first, 1);
    cr_assert_eq(after.last, 20);
    assert_holds(after.source, 1, 20);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), 21);
}

Test(spool, forgets_what_the_router_has_committed_and_goes_on_numbering)
{
    struct vd_spool_stats stats;

    open_spool("w1.db");
    for (int i = 1; i <= 10; i++)
        append(VD_SPOOL_OTHER, NULL, 0, NULL);
    cr_assert_eq(vd_spool_ack(spool, head().source, 7, &err), 7);
    cr_assert_eq(vd_spool_ack(spool, head().source, 3, &err), 0);
    cr_assert_eq(vd_spool_ack(spool, "/ingest/w1/other", 9, &err), 0);
    cr_assert_eq(head().first, 8);
    assert_holds(head().source, 8, 10);
    vd_spool_stats(spool, &stats);
    cr_assert_eq(stats.depth, 3);
    cr_assert_gt(stats.oldest_us, 0);
    cr_assert_eq(vd_spool_ack(spool, head().source, 10, &err), 3);
    vd_spool_stats(spool, &stats);
    cr_assert_eq(stats.depth, 0);
    cr_assert_eq(stats.bytes, 0);
    cr_assert_eq(stats.oldest_us, 0);
    vd_spool_close(&spool);
    open_spool("w1.db");
    cr_assert_eq(head().first, 11);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), 11);
}

Test(spool, a_message_that_is_too_long_or_given_up_takes_no_number)
{
    open_spool("w1.db");
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, VD_SPOOL_MESSAGE_MAX + 1, NULL), VD_EINVAL);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, VD_SPOOL_MESSAGE_MAX, NULL), 1, "%s", err.msg);
}

static int n_seen;
static char seen[8][VD_SPOOL_EVENT_MAX + 1];
static void see(void *arg, const struct vd_spool_unfinished *happening)
{
    (void)arg;
    if (n_seen < 8)
        snprintf(seen[n_seen], sizeof seen[0], "%s", happening->event);
    n_seen++;
    cr_assert_str_eq(happening->camera, "gate-3");
    cr_assert_gt(happening->len, 20);
    /* the worker ends it on the spot */
    cr_assert_gt(append(VD_SPOOL_END, happening->event, 0, NULL), 0);
}

Test(spool, knows_after_a_restart_what_began_and_did_not_end)
{
    open_spool("w1.db");
    append(VD_SPOOL_START, "a", 0, NULL);
    append(VD_SPOOL_START, "b", 0, NULL);
    append(VD_SPOOL_UPDATE, "b", 0, NULL);
    append(VD_SPOOL_START, "c", 0, NULL);
    append(VD_SPOOL_END, "a", 0, NULL);
    cr_assert_gt(vd_spool_ack(spool, head().source, 99, &err), 0);
    vd_spool_close(&spool);
    open_spool("w1.db");
    cr_assert_eq(vd_spool_unfinished(spool, see, NULL, &err), 2);
    cr_assert_eq(n_seen, 2);
    cr_assert_str_eq(seen[0], "b");
    cr_assert_str_eq(seen[1], "c");
    cr_assert_eq(vd_spool_unfinished(spool, see, NULL, &err), 0);
}

Test(spool, at_its_cap_refuses_starts_serves_ends_and_says_how_many_it_refused)
{
    struct vd_spool_stats stats;
    struct filled filled;
    int accepted = 0;

    open_spool("w1.db");
    while (append(VD_SPOOL_START, "a", 4096, NULL) > 0)
        accepted++;
    cr_assert_eq(accepted, 12, "48 of 64 KiB are for starts, got %d", accepted);
    cr_assert_eq(append(VD_SPOOL_START, "b", 100, NULL), VD_EAGAIN);
    cr_assert_eq(append(VD_SPOOL_UPDATE, "a", 100, NULL), VD_EAGAIN);
    vd_spool_stats(spool, &stats);
    cr_assert(stats.full);
    cr_assert_eq(stats.refused, 2);
    cr_assert_eq(stats.refused_others, 1);
    cr_assert_eq(append(VD_SPOOL_END, "a", 1000, &filled), 13, "%s", err.msg);
    cr_assert_eq(filled.refused, 2);
    cr_assert_gt(filled.refused_since_us, 0);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 1000, &filled), 14);
    cr_assert_eq(filled.refused, 0);
    cr_assert_gt(vd_spool_ack(spool, head().source, 14, &err), 0);
    cr_assert_eq(append(VD_SPOOL_START, "c", 4096, NULL), 15);
}

Test(spool, is_refused_to_a_second_owner)
{
    struct vd_spool_opts opts;
    struct vd_spool *second = NULL;

    open_spool("w1.db");
    opts = opts_of("w1.db");
    cr_assert_eq(vd_spool_open(&second, &opts, &err), VD_EINVAL);
    cr_assert_not_null(strstr(err.msg, "in use"), "%s", err.msg);
    cr_assert_null(second);
}

static void copy_file(const char *from, const char *to)
{
    char data[1 << 16];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t n;

    while ((n = read(in, data, sizeof data)) > 0)
        cr_assert_eq(write(out, data, (size_t)n), n);
    close(in);
    close(out);
}

Test(spool, a_copy_of_a_folder_begins_a_new_source_and_ships_the_old_one_first)
{
    struct vd_spool_head old;
    char notice[512];

    open_spool("w1.db");
    for (int i = 1; i <= 5; i++)
        append(VD_SPOOL_OTHER, NULL, 0, NULL);
    old = head();
    vd_spool_close(&spool);
    copy_file(tmpdir_file(&dir, "w1.db"), tmpdir_file(&dir, "copy.db"));
    open_spool("copy.db");
    cr_assert_gt(vd_spool_notice(spool, notice, sizeof notice), 0);
    cr_assert_not_null(strstr(notice, "copy"), "%s", notice);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), 1);
    cr_assert_str_eq(head().source, old.source);
    assert_holds(old.source, 1, 5);
    cr_assert_eq(vd_spool_welcome(spool, old.source, 9, &err), 0); /* it has them all */
    cr_assert_str_neq(head().source, old.source);
    assert_holds(head().source, 1, 1);
}

Test(spool, a_folder_of_another_producer_begins_a_new_source)
{
    struct vd_spool_opts opts = opts_of("w1.db");

    open_spool("w1.db");
    append(VD_SPOOL_OTHER, NULL, 0, NULL);
    vd_spool_close(&spool);
    opts.producer = "/ingest/w2";
    cr_assert_eq(vd_spool_open(&spool, &opts, &err), 0, "%s", err.msg);
    cr_assert_eq(strncmp(head().source, "/ingest/w1/", 11), 0);
    cr_assert_eq(vd_spool_ack(spool, head().source, 1, &err), 1);
    cr_assert_eq(strncmp(head().source, "/ingest/w2/", 11), 0);
}

Test(spool, when_the_router_has_more_than_was_ever_sent_the_rest_goes_on_under_a_new_source)
{
    struct vd_spool_head old;
    char notice[512];

    open_spool("w1.db");
    for (int i = 1; i <= 4; i++)
        append(VD_SPOOL_OTHER, NULL, 0, NULL);
    old = head();
    vd_spool_close(&spool);
    open_spool(
        "w1.db"); /* as if restored below us: 5 and 6 are other messages than the router's */
    append(VD_SPOOL_OTHER, NULL, 0, NULL);
    append(VD_SPOOL_OTHER, NULL, 0, NULL);
    cr_assert_eq(vd_spool_welcome(spool, old.source, 5, &err), 1, "%s", err.msg);
    cr_assert_gt(vd_spool_notice(spool, notice, sizeof notice), 0);
    cr_assert_str_neq(head().source, old.source);
    assert_holds(head().source, 1, 2);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), 3);
    assert_holds(head().source, 1, 3);
}

/* It would answer "I expect 1" for ever, and the spool would fill. */
Test(spool, a_database_that_lost_what_it_acknowledged_is_given_a_new_source)
{
    char notice[512], old[VD_SPOOL_SOURCE_MAX + 1];

    open_spool("w1.db");
    for (int i = 1; i <= 4; i++)
        append(VD_SPOOL_OTHER, NULL, 0, NULL);
    (void)snprintf(old, sizeof old, "%s", head().source);
    cr_assert_eq(vd_spool_ack(spool, old, 2, &err), 2, "%s", err.msg);
    cr_assert_eq(vd_spool_welcome(spool, old, 0, &err), 1, "%s", err.msg);
    cr_assert_gt(vd_spool_notice(spool, notice, sizeof notice), 0);
    cr_assert_not_null(strstr(notice, "older than this spool"), "%s", notice);
    cr_assert_str_neq(head().source, old);
    assert_holds(head().source, 1, 2);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), 3);
}

Test(spool, a_database_that_lost_everything_gets_what_comes_next)
{
    char old[VD_SPOOL_SOURCE_MAX + 1];

    open_spool("w1.db");
    append(VD_SPOOL_OTHER, NULL, 0, NULL);
    (void)snprintf(old, sizeof old, "%s", head().source);
    cr_assert_eq(vd_spool_ack(spool, old, 1, &err), 1, "%s", err.msg);
    cr_assert_eq(vd_spool_welcome(spool, old, 0, &err), 1, "%s", err.msg);
    cr_assert_str_neq(head().source, old);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), 1, "the first of the new source");
}

Test(spool, an_ordinary_welcome_is_an_acknowledgement)
{
    open_spool("w1.db");
    for (int i = 1; i <= 4; i++)
        append(VD_SPOOL_OTHER, NULL, 0, NULL);
    assert_holds(head().source, 1, 4); /* read: may have been sent */
    cr_assert_eq(vd_spool_welcome(spool, head().source, 3, &err), 0);
    assert_holds(head().source, 4, 4);
}

Test(spool, a_damaged_file_is_kept_aside_and_a_new_one_begun)
{
    char notice[512], source[VD_SPOOL_SOURCE_MAX + 1];
    const char *path = tmpdir_file(&dir, "w1.db");
    int fd;

    open_spool("w1.db");
    for (int i = 1; i <= 50; i++)
        append(VD_SPOOL_OTHER, NULL, 900, NULL);
    snprintf(source, sizeof source, "%s", head().source);
    vd_spool_close(&spool);
    fd = open(path, O_WRONLY);
    for (off_t at = 4096; at < 40960; at += 512)
        cr_assert_eq(pwrite(fd, "not a page of a database", 24, at), 24);
    close(fd);
    open_spool("w1.db");
    cr_assert_gt(vd_spool_notice(spool, notice, sizeof notice), 0);
    cr_assert_not_null(strstr(notice, "kept aside"), "%s", notice);
    cr_assert_str_neq(head().source, source);
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), 1);
}

Test(spool, a_file_that_is_no_database_is_kept_aside)
{
    int fd = open(tmpdir_file(&dir, "w1.db"), O_WRONLY | O_CREAT, 0600);

    cr_assert_eq(write(fd, "cameras:\n  - id: gate-3\n", 24), 24);
    close(fd);
    open_spool("w1.db");
    cr_assert_eq(append(VD_SPOOL_OTHER, NULL, 0, NULL), 1);
}

Test(spool, wakes_the_shipper_when_something_is_committed)
{
    char byte[8];

    open_spool("w1.db");
    cr_assert_eq(read(vd_spool_fd(spool), byte, 8), -1);
    append(VD_SPOOL_OTHER, NULL, 0, NULL);
    append(VD_SPOOL_OTHER, NULL, 0, NULL);
    vd_spool_drain(spool);
    cr_assert_eq(read(vd_spool_fd(spool), byte, 8), -1);
}

static int n_heads;
static void count_head(void *arg, const struct vd_spool_head *h)
{
    *(struct vd_spool_head *)arg = *h;
    n_heads++;
}

Test(spool, can_be_looked_into_while_it_is_used)
{
    struct vd_spool_head peeked;

    open_spool("w1.db");
    for (int i = 1; i <= 4; i++)
        append(VD_SPOOL_OTHER, NULL, 0, NULL);
    vd_spool_ack(spool, head().source, 2, &err);
    cr_assert_eq(vd_spool_peek(tmpdir_file(&dir, "w1.db"), count_head, &peeked, &err), 1, "%s",
                 err.msg);
    cr_assert_str_eq(peeked.source, head().source);
    cr_assert_eq(peeked.first, 3);
    cr_assert_eq(peeked.last, 4);
    cr_assert_eq(vd_spool_peek(tmpdir_file(&dir, "none.db"), count_head, &peeked, &err),
                 VD_EIO);
}

/* Appends until it is killed, telling each number that it was given. */
static void append_until_killed(int out)
{
    struct filled filled = {.size = 600};
    struct vd_spool_message message = {.fill = spool_fill, .arg = &filled};
    struct vd_spool_opts opts = opts_of("w1.db");

    opts.cap_bytes = 256 << 20;
    if (vd_spool_open(&spool, &opts, &err) < 0)
        _exit(1);
    for (;;) {
        int64_t sequence = 0;

        if (vd_spool_append(spool, &message, &sequence, &err) < 0 ||
            write(out, &sequence, sizeof sequence) != sizeof sequence)
            _exit(1);
    }
}

Test(spool, keeps_what_it_accepted_after_a_kill)
{
    uint64_t rnd = rnd_seed();
    int64_t told = 0;

    for (int round = 0; round < 8; round++) {
        struct timespec pause = {0, (long)(5000000 + rnd_next(&rnd) % 30000000)};
        int64_t sequence;
        int ends[2];
        pid_t pid;

        cr_assert_eq(pipe(ends), 0);
        pid = fork();
        if (pid == 0) {
            close(ends[0]);
            append_until_killed(ends[1]);
        }
        close(ends[1]);
        nanosleep(&pause, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(ends[0], &sequence, sizeof sequence) == sizeof sequence)
            told = sequence;
        close(ends[0]);
        open_spool("w1.db");
        cr_assert_geq(head().last, told, "round %d: %lld of %lld", round,
                      (long long)head().last, (long long)told);
        cr_assert_leq(head().last, told + 1, "one may have been committed and not yet told");
        assert_holds(head().source, 1, head().last);
        told = head().last; /* the untold one of this round is none of the next */
        vd_spool_close(&spool);
    }
    cr_assert_gt(told, 8, "only %lld appends", (long long)told);
}
