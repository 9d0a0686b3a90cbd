/* What a batch makes of messages, and what an alert keeps of one. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "alerts/writer/batch.h"
#include "alerts/writer/shows.h"
#include "base/json.h"
#include "base/str.h"

static const int64_t NOW_US = INT64_C(1787400000) * 1000000;
static const int64_t SUSPECT_US = 300000000;

static struct vd_event event(uint64_t sequence)
{
    struct vd_event ev = {.id = {{1}},
                          .event = {{2}},
                          .sequence = sequence,
                          .rev = 1,
                          .time_us = NOW_US,
                          .recorded_us = NOW_US,
                          .start_us = NOW_US,
                          .peak = 0.5f};

    (void)vd_str_copy(ev.source, sizeof ev.source, "/ingest/a/1");
    (void)vd_str_copy(ev.camera, sizeof ev.camera, "gate-3");
    (void)vd_str_copy(ev.area, sizeof ev.area, "4403/440305");
    return ev;
}

static const struct vd_item *add(struct vd_batch *b, const struct vd_event *ev, uint64_t number,
                                 int64_t received_us)
{
    char json[VD_EVENT_JSON_MAX + 1];
    int n = vd_event_encode(ev, json, sizeof json, NULL);
    int s = vd_batch_source(b, 3, "/ingest/a/1", 7);

    cr_assert_gt(n, 0);
    cr_assert_eq(vd_batch_add(b, s, number, json, (size_t)n, received_us, SUSPECT_US), 0);
    return &b->items[b->n_items - 1];
}

Test(batch, takes_events_and_says_why_others_are_none)
{
    struct vd_batch *b = vd_batch_new(8);
    struct vd_event ev = event(1);
    const struct vd_item *item = add(b, &ev, 1, NOW_US);

    cr_assert_null(item->poison);
    cr_assert_str_eq(item->topic, "event/4403/440305/-/gate-3/motion/start/");
    cr_assert_not(item->is_suspect);
    cr_assert_not_null(strstr(add(b, &ev, 2, NOW_US)->poison, "number 1"));
    (void)vd_str_copy(ev.source, sizeof ev.source, "/ingest/b/1");
    cr_assert_not_null(strstr(add(b, &ev, 1, NOW_US)->poison, "/ingest/b/1"));
    cr_assert_eq(vd_batch_add(b, 0, 4, "\xff", 1, NOW_US, SUSPECT_US), 0);
    cr_assert_not_null(b->items[b->n_items - 1].poison);
    cr_assert_eq(b->n_sources, 1);
    vd_batch_free(&b);
}

Test(batch, marks_times_that_are_too_far)
{
    static const struct {
        int64_t off_us;
        bool is_suspect;
    } cases[] = {{0, false},
                 {SUSPECT_US, false},
                 {-SUSPECT_US, false},
                 {SUSPECT_US + 1, true},
                 {-SUSPECT_US - 1, true}};
    struct vd_batch *b = vd_batch_new(8);
    struct vd_event ev = event(1);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(add(b, &ev, 1, NOW_US + cases[i].off_us)->is_suspect, cases[i].is_suspect,
                     "case %zu", i);
    vd_batch_free(&b);
}

Test(batch, is_bounded_and_used_again)
{
    struct vd_batch *b = vd_batch_new(2);
    struct vd_event ev = event(1);

    for (int round = 0; round < 3; round++) {
        (void)add(b, &ev, 1, NOW_US);
        (void)add(b, &ev, 1, NOW_US);
        cr_assert_eq(vd_batch_add(b, 0, 3, "{}", 2, NOW_US, SUSPECT_US), VD_EAGAIN);
        for (int i = 0; i < 1000; i++)
            cr_assert_eq(vd_batch_publish(b, &(struct vd_pg_feed_row){.position = i}), 0);
        for (int i = 1; i < VD_BATCH_SOURCES_MAX; i++)
            cr_assert_eq(vd_batch_source(b, 100 + i, "/x", 0), i);
        cr_assert_eq(vd_batch_source(b, 1, "/y", 0), -1);
        vd_batch_reset(b);
        cr_assert(vd_batch_is_empty(b));
    }
    vd_batch_free(&b);
}

Test(shows, keeps_the_event_and_drops_what_does_not_fit)
{
    struct vd_event ev = event(1);
    struct vd_json *doc = NULL;
    char text[900];
    int n;

    ev.n_boxes = VD_EVENT_BOXES_MAX;
    ev.n_tracks = VD_EVENT_TRACKS_MAX;
    for (int i = 0; i < VD_EVENT_TRACKS_MAX; i++)
        ev.tracks[i] = (struct vd_event_track){.id = 1, .zone = "drive", .did = VD_DID_ENTER};
    memset(ev.detail, 'd', sizeof ev.detail - 1);
    n = vd_event_shows(&ev, text, sizeof text, NULL);
    cr_assert_gt(n, 0);
    cr_assert_eq(vd_json_parse(&doc, text, (size_t)n, NULL), 0);
    cr_assert_str_eq(vd_json_get_text(doc, "camera"), "gate-3");
    cr_assert_eq(vd_json_count(vd_json_get(doc, "boxes")), 0);
    cr_assert(vd_json_is_null(vd_json_get(doc, "tracks")));
    cr_assert_eq(vd_json_get_int(doc, "tracks_left_out", 0), VD_EVENT_TRACKS_MAX);
    vd_json_free(&doc);
}

Test(shows, cuts_text_at_the_edge_of_a_character)
{
    char text[6];

    vd_copy_utf8(text, sizeof text, "ab\xe2\x82\xac");
    cr_assert_str_eq(text, "ab\xe2\x82\xac");
    vd_copy_utf8(text, sizeof text, "abc\xe2\x82\xac");
    cr_assert_str_eq(text, "abc");
    vd_copy_utf8(text, sizeof text, "");
    cr_assert_str_eq(text, "");
}
