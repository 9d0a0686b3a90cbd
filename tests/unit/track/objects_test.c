#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ingest/track/geometry.h"
#include "ingest/track/track.h"

enum { STEP_US = 200000, PATH_MAX_N = 64 };

static const struct vd_motion_polygon square = {
    4, {{0.3F, 0.3F}, {0.7F, 0.3F}, {0.7F, 0.8F}, {0.3F, 0.8F}}};

Test(geometry, depth_is_positive_inside_and_negative_outside)
{
    static const struct vd_motion_polygon arrow = {4,
                                                   {{0, 0}, {1, 0.5F}, {0, 1}, {0.5F, 0.5F}}};
    const struct {
        const struct vd_motion_polygon *polygon;
        struct vd_spot at;
        float depth;
    } rows[] = {
        {&square, {0.5F, 0.5F}, 0.2F},          {&square, {0.35F, 0.5F}, 0.05F},
        {&square, {0.2F, 0.5F}, -0.1F},         {&square, {0.5F, 0.9F}, -0.1F},
        {&square, {0.8F, 0.9F}, -sqrtf(0.02F)}, {&arrow, {0.3F, 0.5F}, -sqrtf(0.02F)},
        {&arrow, {1.5F, 0.5F}, -0.5F},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_float_eq(vd_geometry_depth(rows[i].polygon, rows[i].at), rows[i].depth, 1e-5,
                           "row %zu: %g", i,
                           (double)vd_geometry_depth(rows[i].polygon, rows[i].at));
}

/* Who looks up the picture has a on the left. */
Test(geometry, steps_over_a_line_have_a_direction)
{
    static const struct vd_spot from = {0.5F, 0.8F}, to = {0.5F, 0.2F};
    static const struct {
        struct vd_spot p, q;
        int way;
    } rows[] = {
        {{0.4F, 0.5F}, {0.6F, 0.5F}, 1},  {{0.6F, 0.5F}, {0.4F, 0.5F}, -1},
        {{0.4F, 0.1F}, {0.6F, 0.1F}, 0},  {{0.4F, 0.9F}, {0.6F, 0.9F}, 0},
        {{0.4F, 0.5F}, {0.45F, 0.5F}, 0}, {{0.4F, 0.5F}, {0.5F, 0.5F}, 0},
        {{0.5F, 0.5F}, {0.6F, 0.5F}, 1},  {{0.6F, 0.5F}, {0.5F, 0.5F}, -1},
        {{0.1F, 0.9F}, {0.9F, 0.1F}, 1},  {{0.5F, 0.5F}, {0.5F, 0.5F}, 0},
    };

    cr_assert_float_eq(vd_geometry_side(from, to, (struct vd_spot){0.4F, 0.5F}), -0.1F, 1e-6);
    cr_assert_float_eq(vd_geometry_side(from, to, (struct vd_spot){0.7F, 0.9F}), 0.2F, 1e-6);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        cr_assert_eq(vd_geometry_step(from, to, rows[i].p, rows[i].q), rows[i].way, "row %zu",
                     i);
}

static struct vd_track *track;
static struct vd_track_out out;
static struct vd_track_settings settings;
static int frame, updates;
static struct vd_happening last;

/* A square zone "yard" with a line from top to bottom through its middle: a is on the right in
 * the picture. */
static void begin(int64_t loiter_us)
{
    struct vd_err err;

    memset(&settings, 0, sizeof settings);
    settings.n_zones = 1;
    settings.zones[0] = (struct vd_track_zone){
        .name = "yard",
        .polygon = square,
        .loiter_us = loiter_us,
        .n_lines = 1,
        .lines = {{.name = "gate", .from = {0.5F, 0.3F}, .to = {0.5F, 0.8F}}}};
    cr_assert_eq(vd_track_open(&track, &settings, &err), 0);
    memset(&last, 0, sizeof last);
    frame = updates = 0;
}

static struct vd_motion_seen thing(uint32_t number, float x, float y)
{
    return (struct vd_motion_seen){.x = x - 0.02F,
                                   .y = y - 0.12F,
                                   .w = 0.04F,
                                   .h = 0.12F,
                                   .track = number,
                                   .is_moving = true,
                                   .is_sure = true};
}

/* One frame with these things; what moves counts in the zone. */
static void feed(const struct vd_motion_seen *things, int n)
{
    struct vd_motion_result r = {
        .state = VD_MOTION_QUIET, .n_zones = 1, .zone_min_area = {0.002F}, .n_seen = n};

    r.mono_us = (int64_t)frame++ * STEP_US;
    r.wall_us = r.mono_us + 1000000;
    for (int i = 0; i < n; i++) {
        r.seen[i] = things[i];
        if (!things[i].is_moving)
            continue;
        r.state = VD_MOTION_MOVING;
        r.moving = 1;
        r.score = r.zone_score[0] = 0.01F;
        if (r.n_boxes == VD_MOTION_BOXES_MAX)
            continue;
        r.boxes[r.n_boxes++] = (struct vd_motion_box){
            .area = 0.005F, .zones = 1, .track = things[i].track, .is_sure = things[i].is_sure};
    }
    vd_track_feed(track, &r, &out);
    for (int i = 0; i < out.n; i++) {
        last = out.happenings[i];
        updates += last.phase == VD_TRACK_UPDATE;
    }
}

static void quiet(int frames)
{
    for (int i = 0; i < frames; i++)
        feed(NULL, 0);
}

/* "1 enter cross gate a_to_b; 2" of the last message. */
static const char *told(void)
{
    static char text[512];
    size_t len = 0;

    text[0] = '\0';
    for (uint32_t i = 0; i < last.n_tracks; i++) {
        const struct vd_event_track *t = &last.tracks[i];

        vd_str_add(text, sizeof text, &len, "%s%u", i > 0 ? "; " : "", t->id);
        for (int bit = 0; bit < VD_N_DIDS; bit++)
            if (t->did >> bit & 1)
                vd_str_add(text, sizeof text, &len, " %s",
                           vd_did_name((enum vd_did)(1U << bit)));
        if (t->did & VD_DID_CROSS)
            vd_str_add(text, sizeof text, &len, " %s %s", t->line,
                       vd_direction_name(t->direction));
    }
    return text;
}

/* Ways of one thing, a point every 0.2 s, x and y in hundredths of the picture. */
static const struct {
    const char *what;
    const char *told;
    int n;
    int way[PATH_MAX_N][2];
} ways[] = {
    {"through it, right to left",
     "1 enter leave cross gate a_to_b",
     14,
     {{85, 60},
      {80, 60},
      {75, 60},
      {70, 60},
      {65, 60},
      {60, 60},
      {55, 60},
      {50, 60},
      {45, 60},
      {40, 60},
      {35, 60},
      {30, 60},
      {25, 60},
      {20, 60}}},
    {"through it, left to right",
     "1 enter leave cross gate b_to_a",
     8,
     {{15, 60}, {25, 60}, {35, 60}, {45, 60}, {55, 60}, {65, 60}, {75, 60}, {85, 60}}},
    {"in and back",
     "1 enter leave",
     10,
     {{80, 60},
      {75, 60},
      {68, 60},
      {62, 60},
      {58, 60},
      {62, 60},
      {66, 60},
      {72, 60},
      {76, 60},
      {80, 60}}},
    {"over the line and back",
     "1 cross gate a_to_b; 1 cross gate b_to_a",
     9,
     {{60, 60},
      {57, 60},
      {53, 60},
      {48, 60},
      {44, 60},
      {47, 60},
      {53, 60},
      {56, 60},
      {60, 60}}},
    {"round the end of the line",
     "1 leave",
     9,
     {{55, 60},
      {55, 68},
      {55, 76},
      {55, 84},
      {52, 88},
      {47, 88},
      {43, 88},
      {41, 90},
      {40, 92}}},
    {"round its end and through it",
     "1 enter cross gate b_to_a",
     12,
     {{55, 88},
      {52, 88},
      {47, 88},
      {43, 88},
      {43, 82},
      {43, 75},
      {43, 70},
      {46, 65},
      {49, 65},
      {52, 65},
      {56, 65},
      {60, 65}}},
    {"jitter at the edge",
     "1",
     12,
     {{68, 60},
      {69, 60},
      {71, 60},
      {69, 60},
      {70, 60},
      {71, 60},
      {69, 60},
      {71, 60},
      {69, 60},
      {71, 60},
      {69, 60},
      {68, 60}}},
    {"jitter at the line",
     "1",
     12,
     {{52, 60},
      {51, 60},
      {49, 60},
      {51, 60},
      {49, 60},
      {51, 60},
      {50, 60},
      {51, 60},
      {49, 60},
      {51, 60},
      {49, 60},
      {52, 60}}},
    {"over the line by a little, and stays there",
     "1 cross gate a_to_b",
     8,
     {{54, 60}, {52, 60}, {51, 60}, {49, 60}, {49, 61}, {49, 62}, {49, 61}, {49, 62}}},
    {"turns up in its midst",
     "1",
     6,
     {{60, 50}, {61, 52}, {62, 54}, {63, 56}, {64, 58}, {65, 60}}},
    {"never in it", "", 6, {{80, 60}, {82, 60}, {84, 60}, {86, 60}, {88, 60}, {90, 60}}},
    {"fast, two steps over all of it",
     "1 enter leave cross gate a_to_b",
     4,
     {{90, 60}, {60, 60}, {30, 61}, {5, 60}}},
};

Test(objects, tell_what_was_done_and_which_way)
{
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        begin(0);
        for (int k = 0; k < ways[i].n; k++) {
            struct vd_motion_seen one =
                thing(7, 0.01F * (float)ways[i].way[k][0], 0.01F * (float)ways[i].way[k][1]);

            feed(&one, 1);
        }
        quiet(5);
        cr_assert_eq(last.phase, VD_TRACK_END, "%s", ways[i].what);
        cr_assert_str_eq(told(), ways[i].told, "%s: '%s', not '%s'", ways[i].what, told(),
                         ways[i].told);
        vd_track_close(&track);
    }
}

Test(objects, what_is_done_is_told_at_once_and_not_again)
{
    begin(0);
    for (int i = 0; i < 40; i++) { /* comes in at 3.2 s, over the line at 6.4 s */
        struct vd_motion_seen one = thing(7, 0.86F - 0.01F * (float)i, 0.6F);

        feed(&one, 1);
        if (i == 15)
            cr_assert_str_eq(told(), "");
        if (i == 20)
            cr_assert_str_eq(told(), "1 enter");
        if (i == 39)
            cr_assert_str_eq(told(), "1 enter cross gate a_to_b");
    }
    cr_assert_eq(updates, 2, "%d updates", updates);
    vd_track_close(&track);
}

Test(objects, dwell_is_the_time_inside)
{
    begin(0);
    for (int i = 0; i < 30; i++) { /* inside from frame 5 to 24 */
        struct vd_motion_seen one =
            thing(7, i < 5 || i >= 25 ? 0.8F : 0.6F, 0.6F + 0.001F * (float)i);

        feed(&one, 1);
    }
    quiet(5);
    cr_assert_eq(last.n_tracks, 1);
    cr_assert_eq(last.tracks[0].dwell_ms, 4000, "%u ms", last.tracks[0].dwell_ms);
    cr_assert_float_eq(last.tracks[0].size, 0.04F * 0.12F, 1e-6);
    vd_track_close(&track);
}

Test(objects, over_the_border_of_the_picture_is_in_and_out)
{
    begin(0);
    settings.zones[0].polygon =
        (struct vd_motion_polygon){4, {{0, 0.3F}, {0.5F, 0.3F}, {0.5F, 1}, {0, 1}}};
    vd_track_close(&track);
    cr_assert_eq(vd_track_open(&track, &settings, NULL), 0);
    for (int i = 0; i < 10; i++) {
        struct vd_motion_seen one = thing(7, 0.02F + 0.03F * (float)(i < 5 ? i : 9 - i), 1.0F);

        feed(&one, 1);
    }
    quiet(5);
    cr_assert_str_eq(told(), "1 enter leave");
    vd_track_close(&track);
}

/* Half its width from the border at first and last: it came over it. Further: who knows. */
Test(objects, a_step_from_the_border_is_at_it)
{
    for (int away = 0; away < 2; away++) {
        begin(0);
        settings.zones[0].polygon =
            (struct vd_motion_polygon){4, {{0, 0}, {1, 0}, {1, 1}, {0, 1}}};
        vd_track_close(&track);
        cr_assert_eq(vd_track_open(&track, &settings, NULL), 0);
        for (int i = 0; i < 10; i++) {
            float x = (away ? 0.06F : 0.035F) + 0.03F * (float)(i < 5 ? i : 9 - i);
            struct vd_motion_seen one = thing(7, x, 0.6F);

            feed(&one, 1);
        }
        quiet(5);
        cr_assert_str_eq(told(), away ? "1" : "1 enter leave", "away %d: '%s'", away, told());
        vd_track_close(&track);
    }
}

Test(objects, what_is_unsure_does_nothing)
{
    begin(0);
    for (int i = 0; i < 14; i++) {
        struct vd_motion_seen two[2] = {thing(1, 0.6F, 0.6F),
                                        thing(2, 0.85F - 0.05F * (float)i, 0.6F)};

        two[1].is_sure = false;
        feed(two, 2);
    }
    quiet(5);
    cr_assert_str_eq(told(), "1");
    vd_track_close(&track);
}

Test(objects, numbers_begin_anew_with_each_happening)
{
    begin(0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 14; i++) {
            struct vd_motion_seen one =
                thing((uint32_t)(90 + round), 0.85F - 0.05F * (float)i, 0.6F);

            feed(&one, 1);
        }
        quiet(5);
        cr_assert_str_eq(told(), "1 enter leave cross gate a_to_b");
    }
    vd_track_close(&track);
}

/* What was done in one happening is no part of the next, though the thing is the same. */
Test(objects, a_deed_belongs_to_one_happening)
{
    begin(0);
    for (int i = 0; i < 40; i++) {
        struct vd_motion_seen one = thing(7, i < 8 ? 0.86F - 0.03F * (float)i : 0.62F, 0.6F);

        one.is_moving = i < 12 || i > 25;
        feed(&one, 1);
        if (i == 24)
            cr_assert_str_eq(told(), "1 enter");
    }
    quiet(5);
    cr_assert_eq(last.number, 2);
    cr_assert_str_eq(told(), "1");
    vd_track_close(&track);
}

/* Comes in, stands, becomes background after 15 s, is told to loiter after 30. */
static void stand(bool stirs)
{
    int64_t loiter_us = 30 * INT64_C(1000000);

    begin(loiter_us);
    for (int i = 0; i < 30 * 5 + 20 && !(last.phase == VD_TRACK_END && i > 20); i++) {
        struct vd_motion_seen one = thing(7, i < 8 ? 0.86F - 0.03F * (float)i : 0.62F, 0.6F);

        one.is_moving = i < 12;
        if (stirs && i > 100 && i < 130) { /* another number, in its place */
            one = thing(9, 0.61F, 0.61F);
            one.is_moving = i < 104;
            feed(&one, 1);
        } else {
            feed(&one, i < 80 ? 1 : 0);
        }
    }
}

Test(objects, what_stands_long_enough_loiters_and_keeps_the_happening_open)
{
    for (int stirs = 0; stirs < 2; stirs++) {
        stand(stirs);
        cr_assert_eq(last.phase, VD_TRACK_END);
        cr_assert_str_eq(told(), "1 enter loiter", "%d: '%s'", stirs, told());
        cr_assert_geq(last.end_mono_us - last.start_mono_us, 30 * 1000000);
        cr_assert_eq(updates, 2, "%d: %d updates", stirs, updates);
        vd_track_close(&track);
    }
}

Test(objects, a_zone_that_does_not_ask_keeps_nothing_open)
{
    begin(0);
    for (int i = 0; i < 20; i++) {
        struct vd_motion_seen one = thing(7, i < 8 ? 0.86F - 0.03F * (float)i : 0.62F, 0.6F);

        one.is_moving = i < 12;
        feed(&one, 1);
    }
    cr_assert_eq(last.phase, VD_TRACK_END);
    cr_assert_eq(last.end_mono_us, 11 * STEP_US);
    vd_track_close(&track);
}

Test(objects, deeds_go_first_and_what_has_no_room_is_counted)
{
    begin(0);
    for (int i = 0; i < 14; i++) {
        struct vd_motion_seen many[14];

        for (int k = 0; k < 12; k++)
            many[k] = thing((uint32_t)(k + 1), 0.6F, 0.4F + 0.02F * (float)k);
        many[12] = thing(20, 0.85F - 0.05F * (float)i, 0.5F);
        many[13] = thing(21, 0.15F + 0.05F * (float)i, 0.5F);
        feed(many, 14);
    }
    quiet(5);
    cr_assert_eq(last.n_tracks, VD_EVENT_TRACKS_MAX);
    cr_assert_eq(last.tracks_left_out, 6);
    cr_assert_eq(last.tracks[0].direction, VD_DIRECTION_A_TO_B);
    cr_assert_eq(last.tracks[1].direction, VD_DIRECTION_B_TO_A);
    cr_assert_eq(last.tracks[2].did, 0);
    vd_track_close(&track);
}

/* More things than it remembers in one happening: none is told twice, the lost are counted. */
Test(objects, a_crowd_is_counted)
{
    uint32_t number = 1;

    begin(0);
    for (int i = 0; i < 100; i++) {
        struct vd_motion_seen many[VD_MOTION_SEEN_MAX];

        for (int k = 0; k < VD_MOTION_SEEN_MAX; k++)
            many[k] = thing(number + (uint32_t)k, 0.6F, 0.4F + 0.01F * (float)k);
        number += i % 5 == 4 ? VD_MOTION_SEEN_MAX : 0; /* every second they are others */
        feed(many, VD_MOTION_SEEN_MAX);
    }
    quiet(5);
    cr_assert_eq(last.n_tracks, VD_EVENT_TRACKS_MAX);
    cr_assert_eq(last.n_tracks + last.tracks_left_out, 20 * VD_MOTION_SEEN_MAX, "%u",
                 last.tracks_left_out);
    vd_track_close(&track);
}

Test(objects, a_detector_that_learns_anew_takes_nothing_over)
{
    struct vd_motion_result warming = {.state = VD_MOTION_WARM_UP};

    begin(0);
    for (int i = 0; i < 6; i++) {
        struct vd_motion_seen one = thing(7, 0.85F, 0.6F);

        feed(&one, 1);
    }
    warming.mono_us = (int64_t)frame++ * STEP_US;
    vd_track_feed(track, &warming, &out);
    for (int i = 0; i < 6; i++) { /* the same number, another thing */
        struct vd_motion_seen one = thing(7, 0.6F, 0.6F);

        feed(&one, 1);
    }
    quiet(5);
    cr_assert_str_eq(told(), "1");
    vd_track_close(&track);
}

Test(objects, open_refuses_more_than_it_holds)
{
    struct vd_track_settings bad = {.n_zones = VD_MOTION_ZONES_MAX + 1};
    struct vd_err err;

    cr_assert_eq(vd_track_open(&track, &bad, &err), VD_EINVAL);
    bad.n_zones = 1;
    bad.zones[0].n_lines = VD_TRACK_LINES_MAX + 1;
    cr_assert_eq(vd_track_open(&track, &bad, &err), VD_EINVAL);
}
