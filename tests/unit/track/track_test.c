#include <criterion/criterion.h>

#include <string.h>

#include "ingest/track/track.h"

enum { STEP_US = 200000 };

static struct vd_track *track;
static struct vd_track_out out;
static int frame;

static void begin(const struct vd_track_settings *settings)
{
    struct vd_track_settings none = {0};
    struct vd_err err;

    cr_assert_eq(vd_track_open(&track, settings ? settings : &none, &err), 0);
    frame = 0;
}

/* 'm' moving and sure, 'u' moving and unsure, '.' quiet, 's' scene change. */
static void feed(char what)
{
    struct vd_motion_result r = {.n_zones = 1, .zone_min_area = {0.002F}};

    r.mono_us = (int64_t)frame * STEP_US;
    r.wall_us = r.mono_us + 1000000;
    r.scene_changed = what == 's';
    if (what == 'm' || what == 'u') {
        r.moving = 1;
        r.score = r.zone_score[0] = 0.01F;
        r.n_boxes = 1;
        r.boxes[0] = (struct vd_motion_box){.area = 0.01F, .zones = 1, .is_sure = what == 'm'};
    }
    vd_track_feed(track, &r, &out);
    frame++;
}

static const struct {
    const char *feed, *open; /* 'o' where a happening is open after the frame */
} table[] = {
    {"mmm", "..o"},       {"m.m.m", "....o"}, {"m..m..m", "......."},
    {"uuuuuu", "......"}, {"uumm", "..oo"},
};

Test(track, starts_by_m_of_n_and_a_sure_thing)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        begin(NULL);
        for (size_t k = 0; table[i].feed[k] != '\0'; k++) {
            feed(table[i].feed[k]);
            cr_assert_eq(out.is_open, table[i].open[k] == 'o', "'%s' at %zu", table[i].feed, k);
        }
        vd_track_close(&track);
    }
}

Test(track, start_is_dated_back_to_the_first_qualifying_frame)
{
    begin(NULL);
    feed('.');
    feed('m');
    feed('.');
    feed('m');
    feed('m');
    cr_assert_eq(out.n, 1);
    cr_assert_eq(out.happenings[0].phase, VD_TRACK_START);
    cr_assert_eq(out.happenings[0].start_mono_us, 1 * STEP_US);
    cr_assert_eq(out.happenings[0].time_wall_us, 4 * STEP_US + 1000000);
    vd_track_close(&track);
}

Test(track, ends_after_quiet_and_only_once)
{
    int ends = 0;

    begin(NULL);
    for (int i = 0; i < 5; i++)
        feed('m');
    for (int i = 0; i < 10; i++) {
        feed('.');
        for (int k = 0; k < out.n; k++)
            if (out.happenings[k].phase == VD_TRACK_END) {
                ends++;
                cr_assert_eq(out.happenings[k].end_mono_us, 4 * STEP_US);
                cr_assert_eq(i, 3, "ended after %d quiet frames", i + 1);
            }
    }
    cr_assert_eq(ends, 1);
    vd_track_close(&track);
}

Test(track, updates_at_most_once_a_second_and_only_on_change)
{
    int messages = 0;

    begin(NULL);
    for (int i = 0; i < 100; i++) {
        feed('m');
        messages += out.n;
    }
    cr_assert_eq(messages, 1, "%d messages on a constant score", messages);
    vd_track_close(&track);
}

Test(track, an_endless_thing_ends_at_its_greatest_age_and_begins_again)
{
    struct vd_track_settings s = {.max_age_us = 10 * STEP_US};
    int starts = 0, ends = 0;

    begin(&s);
    for (int i = 0; i < 60; i++) {
        feed('m');
        for (int k = 0; k < out.n; k++) {
            starts += out.happenings[k].phase == VD_TRACK_START;
            ends += out.happenings[k].phase == VD_TRACK_END;
        }
    }
    cr_assert(starts >= 4 && starts - ends <= 1, "%d starts, %d ends", starts, ends);
    vd_track_close(&track);
}

Test(track, a_scene_change_ends_what_is_open_and_is_told)
{
    begin(NULL);
    for (int i = 0; i < 4; i++)
        feed('m');
    feed('s');
    cr_assert_eq(out.n, 3);
    cr_assert_eq(out.happenings[0].end_reason, VD_TRACK_SCENE);
    cr_assert_eq(out.happenings[1].kind, VD_TRACK_SCENE_CHANGE);
    cr_assert_not(out.is_open);
    vd_track_close(&track);
}

Test(track, stop_ends_what_is_open)
{
    begin(NULL);
    for (int i = 0; i < 4; i++)
        feed('m');
    vd_track_stop(track, &out);
    cr_assert_eq(out.n, 1);
    cr_assert_eq(out.happenings[0].end_reason, VD_TRACK_STOP);
    vd_track_stop(track, &out);
    cr_assert_eq(out.n, 0);
    vd_track_close(&track);
}
