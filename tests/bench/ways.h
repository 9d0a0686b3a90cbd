/* tests/bench/ways.h: which way a scene's objects go over lines, by its exact truth and by what
 * the tracker tells. */
#ifndef VD_TESTS_BENCH_WAYS_H
#define VD_TESTS_BENCH_WAYS_H

#include "ingest/track/track.h"
#include "tests/camsim/scene.h"

/* Of one crossing of the script. */
struct way {
    bool is_seen;
    struct vd_spot first, last;       /* where it stood, by its mask */
    uint8_t told[VD_TRACK_LINES_MAX]; /* bit 0: a to b, bit 1: b to a */
};

struct ways_sum {
    int due, right, wrong; /* lines that were crossed for certain, those that were told, told
                              the other way, or told of one that stayed clear of the line */
    int clear;             /* lines that were stayed clear of */
};

/* One zone, the whole picture, with the lines above. */
void ways_ask(struct vd_track_settings *settings);

/* Takes the truth of a frame into ways[VD_SCENE_CROSSINGS_MAX]. */
void ways_see(struct way *ways, const struct vd_scene_picture *picture);

/* Takes what a message of the happening of that crossing says. */
void ways_hear(struct way *way, const struct vd_happening *happening);

/* Adds the judgement of n crossings. What begins or ends near a line is not judged. */
void ways_judge(const struct way *ways, int n, struct ways_sum *sum);

#endif
