/* Ways of blobs, and whether they lead anywhere. */
#include <criterion/criterion.h>

#include <string.h>

#include "ingest/motion/follow.h"

enum { W = 320, H = 240, STEP_US = 200000, FRAMES_MAX = 12 };

struct way {
    const char *name;
    int frames;                           /* how long it is shown */
    float x0[FRAMES_MAX], x1[FRAMES_MAX]; /* its ends, pixels */
    float y0, y1;
    float changed;    /* share of its pixels that changed */
    int light_frames; /* on the first of them it is light */
    bool is_restless; /* where the place moves of itself */
    int sure_at;      /* frame on which it is believed first, -1 never */
    bool is_sure_at_end;
};

/* 320 x 240: small is below 154 pixels, large above 1152. */
static const struct way ways[] = {
    {"a walker",
     5,
     {50, 58, 66, 74, 82},
     {62, 70, 78, 86, 94},
     100,
     130,
     0.6F,
     0,
     false,
     2,
     true},
    {"a far walker goes its own length first",
     8,
     {50, 54, 58, 62, 66, 70, 74, 78},
     {56, 60, 64, 68, 72, 76, 80, 84},
     100,
     114,
     0.6F,
     0,
     false,
     4,
     true},
    {"a far walker that stands",
     6,
     {50, 54, 58, 58, 58, 58},
     {56, 60, 64, 64, 64, 64},
     100,
     114,
     0,
     0,
     false,
     -1,
     false},
    {"a leaf",
     8,
     {50, 55, 50, 55, 50, 55, 50, 55},
     {70, 75, 70, 75, 70, 75, 70, 75},
     100,
     130,
     0.6F,
     0,
     false,
     -1,
     false},
    {"an insect",
     8,
     {50, 61, 50, 62, 75, 66, 80, 70},
     {56, 67, 56, 68, 81, 72, 86, 76},
     100,
     106,
     0.9F,
     0,
     false,
     -1,
     false},
    {"a small straight flight",
     6,
     {50, 61, 72, 83, 94, 105},
     {56, 67, 78, 89, 100, 111},
     100,
     106,
     0.9F,
     0,
     false,
     -1,
     false},
    {"it comes in at the border",
     4,
     {0, 0, 0, 4},
     {10, 18, 26, 34},
     100,
     140,
     0.7F,
     0,
     false,
     2,
     true},
    {"a lit cell at the border",
     5,
     {0, 0, 0, 0, 0},
     {30, 30, 30, 30, 30},
     100,
     110,
     0.5F,
     0,
     false,
     -1,
     false},
    {"light that spreads",
     6,
     {100, 90, 80, 70, 60, 50},
     {140, 150, 160, 170, 180, 190},
     100,
     130,
     0.6F,
     6,
     false,
     -1,
     false},
    {"somebody in a light that spread",
     6,
     {50, 58, 66, 74, 82, 90},
     {62, 70, 78, 86, 94, 102},
     100,
     130,
     0.6F,
     2,
     false,
     4,
     true},
    {"it gets up near the camera",
     4,
     {100, 85, 70, 60},
     {140, 150, 160, 170},
     60,
     180,
     0.6F,
     0,
     false,
     2,
     true},
    {"it came and stays in a tree",
     11,
     {50, 58, 66, 74, 74, 75, 74, 75, 74, 75, 74},
     {62, 70, 78, 86, 86, 87, 86, 87, 86, 87, 86},
     100,
     130,
     0.3F,
     0,
     true,
     3,
     false},
    {"it came and stays by a wall",
     11,
     {50, 58, 66, 74, 74, 75, 74, 75, 74, 75, 74},
     {62, 70, 78, 86, 86, 87, 86, 87, 86, 87, 86},
     100,
     130,
     0.3F,
     0,
     false,
     2,
     true},
};

static struct vd_follow follow;
static struct vd_blobs blobs;

/* The way's blob on a frame, all of its bounds filled. */
static void place(const struct way *way, int frame)
{
    int w = (int)(way->x1[frame] - way->x0[frame]), h = (int)(way->y1 - way->y0);

    blobs.w = W;
    blobs.h = H;
    blobs.n = 1;
    blobs.blobs[0] = (struct vd_blob){
        .x0 = (int)way->x0[frame],
        .x1 = (int)way->x1[frame],
        .y0 = (int)way->y0,
        .y1 = (int)way->y1,
        .area = w * h,
        .changed = (int)(way->changed * (float)(w * h)),
        .cx = 0.5F * (way->x0[frame] + way->x1[frame] - 1),
        .cy = 0.5F * (way->y0 + way->y1 - 1),
        .is_light = frame < way->light_frames,
    };
}

Test(follow, what_goes_somewhere_is_told_from_what_does_not)
{
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const struct way *way = &ways[i];
        int sure_at = -1;
        bool is_sure = false;

        vd_follow_init(&follow);
        for (int f = 0; f < way->frames; f++) {
            int track = -1;

            place(way, f);
            vd_follow_step(&follow, &blobs, 30, f * (int64_t)STEP_US, &track);
            is_sure = track >= 0 && follow.tracks[track].is_sure;
            if (is_sure && sure_at < 0)
                sure_at = f;
            if (track >= 0)
                follow.tracks[track].is_restless = way->is_restless;
        }
        cr_assert_eq(sure_at, way->sure_at, "%s: sure at frame %d, want %d", way->name, sure_at,
                     way->sure_at);
        cr_assert_eq(is_sure, way->is_sure_at_end, "%s: sure at the end: %d", way->name,
                     is_sure);
    }
}

/* A car that drives away: small, and small against what it was. */
Test(follow, what_goes_away_is_the_rest_of_itself)
{
    struct vd_blob_track *track = NULL;

    vd_follow_init(&follow);
    for (int f = 0; f < 24; f++) {
        float side = 16 - 0.5F * (float)f;
        struct way way = {.x0 = {100 + 4 * (float)f}, .y0 = 100, .changed = 0.6F};
        int at;

        way.x1[0] = way.x0[0] + side;
        way.y1 = way.y0 + side;
        place(&way, 0);
        vd_follow_step(&follow, &blobs, 12, f * (int64_t)STEP_US, &at);
        cr_assert_geq(at, 0);
        track = &follow.tracks[at];
        cr_assert(f > 2 || !track->is_rest, "frame %d: %.0f pixels of %.0f", f,
                  (double)track->area, (double)track->peak);
    }
    cr_assert(track->is_sure && track->is_rest, "%.0f pixels of %.0f", (double)track->area,
              (double)track->peak);
}

/* A fast straight way of four frames: a motor bike, but among insects two of them. */
static bool believes_a_flight(bool is_swarming)
{
    int track = -1, frame = 0;

    vd_follow_init(&follow);
    for (; frame < 40; frame++) {
        struct way speck = {.x0 = {(float)(frame * 71 % 280)}, .changed = 0.9F};

        speck.x1[0] = speck.x0[0] + 8;
        speck.y0 = (float)(frame * 113 % 200);
        speck.y1 = speck.y0 + 8;
        place(&speck, 0);
        blobs.n = is_swarming;
        vd_follow_step(&follow, &blobs, 30, frame * (int64_t)STEP_US, &track);
    }
    for (int i = 0; i < 4; i++, frame++) {
        struct way flight = {
            .x0 = {100 + 16 * (float)i}, .y0 = 100, .y1 = 120, .changed = 0.9F};

        flight.x1[0] = flight.x0[0] + 20;
        place(&flight, 0);
        vd_follow_step(&follow, &blobs, 30, frame * (int64_t)STEP_US, &track);
    }
    cr_assert_geq(track, 0);
    return follow.tracks[track].is_sure;
}

Test(follow, a_flight_among_insects_has_to_go_on)
{
    cr_assert(believes_a_flight(false));
    cr_assert_not(believes_a_flight(true), "at %.1f a second", (double)follow.swarm);
}
