/* Go-back-N: by hand, and against a link that loses, repeats and reorders. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "alerts/router/sequence.h"
#include "alerts/router/sources.h"
#include "tests/support/rnd.h"

Test(sequence, answers_every_number_as_the_table_says)
{
    /* committed 10, taken 15 */
    static const struct {
        uint64_t number;
        enum vd_sequence_answer answer;
    } cases[] = {
        {1, VD_SEQUENCE_AGAIN},        {10, VD_SEQUENCE_AGAIN},  {11, VD_SEQUENCE_WAIT},
        {15, VD_SEQUENCE_WAIT},        {16, VD_SEQUENCE_TAKE},   {17, VD_SEQUENCE_EXPECT},
        {18, VD_SEQUENCE_HUSH},        {1000, VD_SEQUENCE_HUSH}, {16, VD_SEQUENCE_TAKE},
        {INT64_MAX, VD_SEQUENCE_HUSH},
    };
    struct vd_sequence s = {.is_known = true, .committed = 10, .taken = 15};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(vd_sequence_offer(&s, cases[i].number, 1000), cases[i].answer, "case %zu",
                     i);
    cr_assert_eq(vd_sequence_offer(&s, 17, 1000 + VD_SEQUENCE_TELL_US), VD_SEQUENCE_EXPECT);
    vd_sequence_take(&s, 16);
    cr_assert_eq(vd_sequence_offer(&s, 18, 1001 + VD_SEQUENCE_TELL_US), VD_SEQUENCE_EXPECT);
    cr_assert_eq(vd_sequence_offer(&(struct vd_sequence){0}, 1, 0), VD_SEQUENCE_UNKNOWN);
}

Test(sequence, never_goes_back_but_when_told_to)
{
    struct vd_sequence s = {0};

    vd_sequence_commit(&s, 7);
    cr_assert(s.is_known && s.committed == 7 && s.taken == 7);
    vd_sequence_take(&s, 8);
    vd_sequence_take(&s, 9);
    vd_sequence_commit(&s, 5);
    cr_assert(s.committed == 7 && s.taken == 9);
    vd_sequence_rewind(&s, 8);
    cr_assert(s.committed == 8 && s.taken == 8);
}

Test(sequence, delivers_all_once_and_in_order_over_a_bad_link)
{
    enum { N = 2000, WINDOW = 16 };
    struct vd_sequence s = {.is_known = true};
    uint64_t seed = rnd_seed(), next = 1, acked = 0, stored = 0;
    int64_t now_us = 0;

    for (int step = 0; step < 2000000 && acked < N; step++) {
        uint64_t dice = rnd_next(&seed);
        uint64_t number = next <= acked + WINDOW && next <= N ? next++ : acked + 1;
        enum vd_sequence_answer answer;

        now_us += 1000;
        if (dice % 10 == 0)
            continue; /* lost */
        answer = vd_sequence_offer(&s, number, now_us);
        if (answer == VD_SEQUENCE_TAKE) {
            cr_assert_eq(number, stored + 1);
            stored = number;
            vd_sequence_take(&s, number);
        } else if (answer == VD_SEQUENCE_EXPECT && dice % 7 != 0) {
            next = s.taken + 1;
        }
        if (dice % 5 == 0)
            vd_sequence_commit(&s, stored);
        if (dice % 50 == 1) { /* the writer gave up */
            stored = s.committed;
            vd_sequence_rewind(&s, s.committed);
        }
        if (dice % 3 == 0)
            acked = s.committed;
        if (next <= acked)
            next = acked + 1;
    }
    cr_assert_eq(acked, N);
}

Test(sources, are_found_again_and_give_way_when_quiet)
{
    struct vd_sources all = {0};
    struct vd_source *first = vd_sources_get(&all, "/ingest/a/0", 11, 1);
    char name[32];

    cr_assert_not_null(first);
    cr_assert_eq(vd_sources_get(&all, "/ingest/a/0", 11, 2), first);
    cr_assert_null(vd_sources_get(&all, "ingest", 6, 2));
    cr_assert_null(vd_sources_get(&all, "", 0, 2));
    cr_assert_null(vd_sources_get(&all, "/a b", 4, 2));
    for (int i = 0; i < 2 * VD_SOURCES_MAX; i++) {
        int n = snprintf(name, sizeof name, "/ingest/b/%d", i);
        struct vd_source *s = vd_sources_get(&all, name, (size_t)n, 10 + i);

        cr_assert_not_null(s);
        cr_assert_eq(all.slots[vd_sources_slot(&all, s)], s);
    }
    cr_assert_eq(all.n, VD_SOURCES_MAX);
    cr_assert_eq(vd_sources_waiting(&all, 100).n, 0);
    vd_sources_fini(&all);
}

Test(sources, tell_how_much_waits_and_since_when)
{
    struct vd_sources all = {0};
    struct vd_source *a = vd_sources_get(&all, "/a", 2, 1000000);
    struct vd_source *b = vd_sources_get(&all, "/b", 2, 60000000);
    struct vd_waiting w;
    struct vd_json *o;

    a->depth = 5, a->oldest_us = 100;
    b->depth = 2, b->oldest_us = 900;
    w = vd_sources_waiting(&all, 60000001);
    cr_assert(w.n == 7 && w.oldest_us == 100 && w.late_us == 900);
    o = vd_sources_json(&all, 60000001);
    cr_assert_eq(vd_json_get_int(vd_json_get(o, "/a"), "silent_ms", 0), 59000);
    vd_json_free(&o);
    vd_sources_fini(&all);
}
