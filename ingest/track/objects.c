#include "ingest/track/objects.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum {
    HOLD_US = 500000,   /* what stays over an edge for so long is over it */
    AWAY_US = 400000,   /* unseen for so long at the picture's border: it went */
    GONE_US = 700000,   /* unseen for so long anywhere; the detector forgets it as well */
    STOOD_US = 1000000, /* what stood for so long rests when it becomes background */
    STALE_US = 10000000 /* done before that is no part of a happening that begins now */
};

static const int64_t NEVER = INT64_MIN;
static const float MARGIN = 0.1F; /* of a thing's height, within the bounds below */
static const float MARGIN_MIN = 0.005F, MARGIN_MAX = 0.03F;
static const float BORDER = 0.008F, INSIDE = 0.001F;

int vd_objects_init(struct vd_objects *o, const struct vd_track_zone *zones, int n_zones)
{
    size_t n = VD_OBJECTS_MAX * (size_t)n_zones;

    memset(o, 0, sizeof *o);
    o->zones = zones;
    o->n_zones = n_zones;
    o->all = calloc(n > 0 ? n : 1, sizeof *o->all);
    if (o->all == NULL)
        return VD_ENOMEM;
    vd_objects_reset(o);
    return 0;
}

void vd_objects_fini(struct vd_objects *o)
{
    free(o->all);
    o->all = NULL;
}

/* Makes t one that was never seen. */
static void clear(const struct vd_objects *o, struct vd_object *t)
{
    struct vd_object_zone *zones = o->all + (t - o->objects) * o->n_zones;

    memset(zones, 0, sizeof *zones * (size_t)o->n_zones);
    *t = (struct vd_object){.zones = zones};
}

void vd_objects_reset(struct vd_objects *o)
{
    for (int i = 0; i < VD_OBJECTS_MAX; i++)
        clear(o, &o->objects[i]);
}

static bool is_free(const struct vd_object *t)
{
    return t->track == 0 && t->id == 0 && !t->is_resting;
}

/* A step from the picture's border or less: between two pictures things go half their width. */
static bool is_at_border(const struct vd_object *t)
{
    float aside = fmaxf(BORDER, 0.5F * t->w), below = fmaxf(BORDER, 0.2F * t->h);

    return t->x <= aside || t->x + t->w >= 1 - aside || t->y <= BORDER ||
           t->y + t->h >= 1 - below;
}

static void did(struct vd_object_zone *zone, uint32_t deed, int64_t now_us)
{
    zone->did_us = zone->deeds & deed ? zone->did_us : now_us;
    zone->deeds |= deed;
}

static void place(struct vd_object *t, const struct vd_motion_seen *seen)
{
    t->x = seen->x;
    t->y = seen->y;
    t->w = seen->w;
    t->h = seen->h;
    /* What reaches the picture's lower border stands in the picture. */
    t->at.x = fminf(1 - INSIDE, fmaxf(INSIDE, seen->x + 0.5F * seen->w));
    t->at.y = fminf(1 - INSIDE, fmaxf(INSIDE, seen->y + seen->h));
}

/* First sight: what is in a zone now came in here, if it is at the border, or was there. */
static void appear(struct vd_objects *o, struct vd_object *t, int64_t now_us)
{
    for (int z = 0; z < o->n_zones; z++) {
        const struct vd_track_zone *at = &o->zones[z];
        struct vd_object_zone *zone = &t->zones[z];

        zone->in = (struct vd_object_side){
            .is_over = vd_geometry_depth(&at->polygon, t->at) > 0, .against_us = NEVER};
        zone->since_us = now_us;
        if (zone->in.is_over && is_at_border(t))
            did(zone, VD_DID_ENTER, now_us);
        for (int i = 0; i < at->n_lines; i++)
            zone->lines[i] = (struct vd_object_side){
                .is_over = vd_geometry_side(at->lines[i].from, at->lines[i].to, t->at) > 0,
                .against_us = NEVER};
    }
}

/* Whether the side changes now that it is seen at depth (positive: over) of the edge. */
static bool turns(struct vd_object_side *side, float depth, float margin, int64_t now_us)
{
    if ((depth > 0) == side->is_over) {
        side->against_us = NEVER;
        return false;
    }
    if (side->against_us == NEVER)
        side->against_us = now_us;
    if (fabsf(depth) < margin && now_us - side->against_us < HOLD_US)
        return false;
    side->is_over = !side->is_over;
    return true;
}

static void go_out(struct vd_object_zone *zone, int64_t at_us)
{
    zone->in.is_over = false;
    zone->stayed_us += at_us - zone->since_us;
}

static void at_zone(struct vd_object_zone *zone, float depth, float margin, int64_t now_us)
{

    if (!turns(&zone->in, depth, margin, now_us))
        return;
    if (zone->in.is_over) {
        zone->since_us = zone->in.against_us;
        did(zone, VD_DID_ENTER, now_us);
    } else {
        go_out(zone, zone->in.against_us);
        did(zone, VD_DID_LEAVE, now_us);
    }
    zone->in.against_us = NEVER;
}

static void at_line(struct vd_object_zone *zone, int i, const struct vd_track_line *line,
                    const struct vd_spot step[2], float margin, int64_t now_us)
{
    struct vd_object_side *side = &zone->lines[i];
    float depth = vd_geometry_side(line->from, line->to, step[1]);

    side->net = (int8_t)(side->net + vd_geometry_step(line->from, line->to, step[0], step[1]));
    if (!turns(side, depth, margin, now_us)) {
        if (side->against_us == NEVER && fabsf(depth) >= margin)
            side->net = 0; /* back again, or round the end */
        return;
    }
    if (side->is_over ? side->net > 0 : side->net < 0)
        did(zone, VD_DEED_CROSS(i, side->is_over ? 0 : 1), now_us);
    side->net = 0;
    side->against_us = NEVER;
}

static int64_t stayed_us(const struct vd_object_zone *zone, int64_t now_us)
{
    return zone->stayed_us + (zone->in.is_over ? now_us - zone->since_us : 0);
}

static void loiter(const struct vd_objects *o, struct vd_object *t, int64_t now_us)
{
    for (int z = 0; z < o->n_zones; z++)
        if (o->zones[z].loiter_us > 0 && t->zones[z].in.is_over &&
            stayed_us(&t->zones[z], now_us) >= o->zones[z].loiter_us)
            did(&t->zones[z], VD_DID_LOITER, now_us);
}

static void move(struct vd_objects *o, struct vd_object *t, const struct vd_motion_seen *seen,
                 int64_t now_us)
{
    float margin = fminf(MARGIN_MAX, fmaxf(MARGIN_MIN, MARGIN * seen->h));
    struct vd_spot step[2] = {t->at};

    place(t, seen);
    step[1] = t->at;
    for (int z = 0; z < o->n_zones; z++) {
        at_zone(&t->zones[z], vd_geometry_depth(&o->zones[z].polygon, t->at), margin, now_us);
        for (int i = 0; i < o->zones[z].n_lines; i++)
            at_line(&t->zones[z], i, &o->zones[z].lines[i], step, margin, now_us);
    }
}

static bool is_overlapped(const struct vd_object *t, const struct vd_motion_seen *seen)
{
    return seen->x < t->x + t->w && t->x < seen->x + seen->w && seen->y < t->y + t->h &&
           t->y < seen->y + seen->h;
}

/* A place for what is new: what rests there and stirs again, or a free one, or that of what is
 * gone for longest. */
static struct vd_object *find_room(struct vd_objects *o, const struct vd_motion_seen *seen)
{
    struct vd_object *room = NULL, *oldest = NULL;

    for (int i = 0; i < VD_OBJECTS_MAX; i++) {
        struct vd_object *t = &o->objects[i];

        if (t->is_resting && is_overlapped(t, seen))
            return t;
        if (room == NULL && is_free(t))
            room = t;
        if (t->track == 0 && (oldest == NULL || t->seen_us < oldest->seen_us))
            oldest = t;
    }
    if (room == NULL && oldest != NULL && oldest->id != 0)
        o->lost++;
    return room != NULL ? room : oldest;
}

static void see(struct vd_objects *o, const struct vd_motion_seen *seen, int64_t now_us)
{
    struct vd_object *t = NULL;

    for (int i = 0; i < VD_OBJECTS_MAX && t == NULL; i++)
        if (o->objects[i].track == seen->track)
            t = &o->objects[i];
    if (t == NULL) {
        t = find_room(o, seen);
        if (t == NULL)
            return;
        if (t->is_resting) {
            t->is_resting = false;
            move(o, t, seen, now_us);
        } else {
            clear(o, t);
            t->moved_us = now_us;
            place(t, seen);
            appear(o, t, now_us);
        }
        t->track = seen->track;
    } else {
        move(o, t, seen, now_us);
    }
    t->seen_us = now_us;
    t->is_moving = seen->is_moving;
    t->is_sure = t->is_sure || seen->is_sure;
    if (seen->is_moving) {
        t->moved_us = now_us;
        t->size = fmaxf(t->size, fminf(1, seen->w * seen->h));
    }
}

/* It is in a zone that asks for loitering, and that it did so is not told. */
static bool may_loiter(const struct vd_objects *o, const struct vd_object *t)
{
    for (int z = 0; z < o->n_zones; z++) {
        const struct vd_object_zone *zone = &t->zones[z];

        if (o->zones[z].loiter_us > 0 && zone->in.is_over &&
            !((t->id != 0 ? zone->told : zone->deeds) & VD_DID_LOITER))
            return true;
    }
    return false;
}

static void go_away(const struct vd_objects *o, struct vd_object *t)
{
    t->track = 0;
    t->is_resting = false;
    for (int z = 0; z < o->n_zones; z++)
        if (t->zones[z].in.is_over)
            go_out(&t->zones[z], t->seen_us);
}

static void miss(const struct vd_objects *o, struct vd_object *t, int64_t now_us)
{
    int64_t away_us = now_us - t->seen_us;

    t->is_moving = false;
    for (int z = 0; z < o->n_zones && away_us >= AWAY_US && is_at_border(t); z++)
        if (t->zones[z].in.is_over && t->is_sure) {
            go_out(&t->zones[z], t->seen_us);
            did(&t->zones[z], VD_DID_LEAVE, now_us);
        }
    if (away_us <= GONE_US)
        return;
    if (t->is_sure && t->seen_us - t->moved_us >= STOOD_US && may_loiter(o, t)) {
        t->track = 0;
        t->is_resting = true;
    } else {
        go_away(o, t);
    }
}

/* Which of its zones it is told of: it moved in them, or did something. */
static void join(struct vd_objects *o, struct vd_object *t)
{
    for (int z = 0; z < o->n_zones; z++) {
        struct vd_object_zone *zone = &t->zones[z];

        if (!t->is_sure || !(zone->deeds != 0 || (zone->in.is_over && t->is_moving)))
            continue;
        if (t->id == 0)
            t->id = ++o->ids;
        zone->is_joined = true;
    }
}

static void clear_zone(struct vd_object_zone *zone)
{
    zone->deeds = zone->told = 0;
    zone->is_joined = false;
}

static void forget_stale(struct vd_objects *o, struct vd_object *t, int64_t now_us)
{
    for (int z = 0; z < o->n_zones; z++)
        if (now_us - t->zones[z].did_us > STALE_US)
            clear_zone(&t->zones[z]);
}

void vd_objects_feed(struct vd_objects *o, const struct vd_motion_result *r)
{
    if (r->state == VD_MOTION_WARM_UP) { /* tracks are numbered anew */
        vd_objects_reset(o);
        return;
    }
    for (int i = 0; i < r->n_seen; i++)
        see(o, &r->seen[i], r->mono_us);
    for (int i = 0; i < VD_OBJECTS_MAX; i++) {
        struct vd_object *t = &o->objects[i];

        if (t->track != 0 && t->seen_us != r->mono_us)
            miss(o, t, r->mono_us);
        if (t->track != 0 || t->is_resting)
            loiter(o, t, r->mono_us);
        if (t->is_resting) {
            t->seen_us = r->mono_us; /* nothing left its place */
            if (!may_loiter(o, t))
                go_away(o, t);
        }
        if (o->is_open)
            join(o, t);
        else
            forget_stale(o, t, r->mono_us);
    }
}

void vd_objects_begin(struct vd_objects *o)
{
    o->is_open = true;
    o->ids = o->lost = 0;
    for (int i = 0; i < VD_OBJECTS_MAX; i++)
        join(o, &o->objects[i]);
}

void vd_objects_end(struct vd_objects *o)
{
    o->is_open = false;
    for (int i = 0; i < VD_OBJECTS_MAX; i++) {
        o->objects[i].id = 0;
        for (int z = 0; z < o->n_zones; z++)
            clear_zone(&o->objects[i].zones[z]);
    }
}

/* What is to be told, and where it goes. */
struct list {
    struct vd_event_track *tracks;
    uint32_t n, left_out;
    bool is_of_deeds; /* what did something goes first */
};

static void add(struct list *list, const struct vd_event_track *track)
{
    if ((track->did != 0) != list->is_of_deeds)
        return;
    if (list->n < VD_EVENT_TRACKS_MAX)
        list->tracks[list->n++] = *track;
    else
        list->left_out++;
}

/* Each way over each line is an entry of its own; the first has what else was done. */
static void add_zone(struct list *list, const struct vd_track_zone *zone,
                     const struct vd_object *t, struct vd_object_zone *in, int64_t now_us)
{
    int64_t dwell_ms = stayed_us(in, now_us) / 1000;
    struct vd_event_track track = {
        .id = t->id, .did = in->deeds & ((1U << VD_N_DIDS) - 1), .size = t->size};
    bool has_crossed = false;

    if (!in->is_joined)
        return;
    in->told = in->deeds;
    track.dwell_ms =
        (uint32_t)(dwell_ms < VD_EVENT_DWELL_MS_MAX ? dwell_ms : VD_EVENT_DWELL_MS_MAX);
    (void)vd_str_copy(track.zone, sizeof track.zone, zone->name);
    for (int i = 0; i < 2 * zone->n_lines; i++) {
        if (!(in->deeds & VD_DEED_CROSS(i / 2, i % 2)))
            continue;
        track.did |= VD_DID_CROSS;
        track.direction = i % 2 == 0 ? VD_DIRECTION_A_TO_B : VD_DIRECTION_B_TO_A;
        (void)vd_str_copy(track.line, sizeof track.line, zone->lines[i / 2].name);
        add(list, &track);
        track.did = 0;
        has_crossed = true;
    }
    if (!has_crossed)
        add(list, &track);
}

int vd_objects_tell(struct vd_objects *o, int64_t now_us,
                    struct vd_event_track ret_tracks[VD_EVENT_TRACKS_MAX],
                    uint32_t *ret_left_out)
{
    struct list list = {.tracks = ret_tracks, .left_out = o->lost};

    for (int pass = 0; pass < 2; pass++) {
        list.is_of_deeds = pass == 0;
        for (uint32_t id = 1; id <= o->ids; id++)
            for (int i = 0; i < VD_OBJECTS_MAX; i++)
                for (int z = 0; o->objects[i].id == id && z < o->n_zones; z++)
                    add_zone(&list, &o->zones[z], &o->objects[i], &o->objects[i].zones[z],
                             now_us);
    }
    *ret_left_out = list.left_out;
    return (int)list.n;
}

bool vd_objects_have_news(const struct vd_objects *o)
{
    for (int i = 0; i < VD_OBJECTS_MAX; i++)
        for (int z = 0; o->objects[i].id != 0 && z < o->n_zones; z++)
            if (o->objects[i].zones[z].is_joined &&
                (o->objects[i].zones[z].deeds & ~o->objects[i].zones[z].told))
                return true;
    return false;
}

bool vd_objects_wait(const struct vd_objects *o)
{
    for (int i = 0; i < VD_OBJECTS_MAX; i++) {
        const struct vd_object *t = &o->objects[i];

        if (t->id != 0 && (t->track != 0 || t->is_resting) && may_loiter(o, t))
            return true;
    }
    return false;
}
