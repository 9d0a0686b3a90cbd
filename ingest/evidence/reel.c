/* What becomes of a camera's packets while something is recorded: files, one after the other
 * where the format changes or one grows too long; and what is said of them. */
#include "ingest/evidence/reel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "storage/media/media.h"

enum {
    WRITE_US = 400 * 1000,      /* of video in one fragment, at least */
    TURN = 64,                  /* packets before other cameras have theirs */
    RETRY_US = 5 * 1000 * 1000, /* after the disk failed */
    LATE_US = 500 * 1000,       /* what begins this much later is said to */
    CUT_US = 1000 * 1000,       /* likewise what ends earlier */
};

static int64_t mono_us(const struct vd_reel *r)
{
    const struct vd_clock *clock = r->recorder->opts.clock;

    return clock->mono_us(clock->self);
}

int reel_init(struct vd_reel *r, struct vd_recorder *recorder, const struct vd_reel_opts *opts,
              struct vd_err *err)
{
    r->recorder = recorder;
    r->opts = *opts;
    (void)vd_str_copy(r->camera, sizeof r->camera, opts->camera);
    (void)vd_str_copy(r->area, sizeof r->area, opts->area);
    r->opts.camera = r->camera;
    r->opts.area = r->area;
    return vd_take_init(&r->take, &opts->take, err);
}

void reel_fini(struct vd_reel *r)
{
    vd_burn_close(&r->burn);
    vd_params_unref(&r->raw);
    vd_params_unref(&r->params);
    vd_take_fini(&r->take);
}

static void count(struct vd_reel *r, int64_t clips, int64_t bytes, int64_t failed)
{
    pthread_mutex_lock(&r->recorder->lock);
    r->recorder->figures.clips += clips;
    r->recorder->figures.bytes += bytes;
    r->recorder->figures.failed += failed;
    pthread_mutex_unlock(&r->recorder->lock);
}

/* ---- what is said ---- */

/* Whether any of the file's pictures belong to the happening. */
static bool concerns(const struct vd_reel *r, const struct vd_take_event *e,
                     const struct vd_clip_facts *facts)
{
    return facts->to_us >= e->start_us - r->opts.take.pre_us && facts->from_us <= e->until_us;
}

/* What is to be said of a happening now; r->said is a copy of its newest message then. */
struct news {
    bool is_fresh; /* to the journal */
    bool is_clip;  /* the file can be played, and it was not told of it */
};

static struct news news_of(struct vd_reel *r, struct vd_take_event *e,
                           const struct vd_clip_facts *facts)
{
    struct news news = {.is_fresh = e->is_fresh,
                        .is_clip = e->files != r->file && facts->written_us != 0 &&
                                   concerns(r, e, facts)};

    if (news.is_fresh || news.is_clip)
        r->said = e->last;
    e->is_fresh = false;
    if (news.is_clip)
        e->files = r->file;
    return news;
}

static void spread(struct vd_reel *r, struct news news)
{
    if (news.is_fresh && r->journal != NULL)
        (void)vd_journal_note(r->journal, &r->said, NULL);
    if (news.is_clip)
        r->opts.tell(r->opts.arg, &r->said, vd_clip_id(r->clip), "");
}

/* Tells of the file, once it can be played, whoever has not been told of it. */
static void tell_fresh(struct vd_reel *r)
{
    struct vd_clip_facts facts;
    bool is_end = false;

    vd_clip_facts(r->clip, &facts);
    for (int i = 0; !is_end; i++) {
        struct news news = {.is_fresh = false};

        pthread_mutex_lock(&r->lock);
        is_end = i >= r->take.n_events;
        if (!is_end)
            news = news_of(r, &r->take.events[i], &facts);
        pthread_mutex_unlock(&r->lock);
        spread(r, news);
    }
}

static void say(char *text, size_t size, size_t *len, const char *what)
{
    (void)vd_str_add(text, size, len, "%s%s", *len > 0 ? " " : "", what);
}

/* What the file lacks, for people; "" when nothing. early_us: how much sooner than asked for it
 * ends. */
static void describe(struct vd_reel *r, int64_t early_us, char *text, size_t size)
{
    const struct reel_losses *l = &r->losses;
    char part[REEL_WHY_MAX + 80];
    size_t len = 0;

    text[0] = '\0';
    if (l->late_us > LATE_US) {
        (void)snprintf(part, sizeof part,
                       "The clip begins %.1f s later than asked for: nothing earlier was held.",
                       (double)l->late_us / 1e6);
        say(text, size, &len, part);
    }
    if (l->missing_us > 0) {
        (void)snprintf(part, sizeof part,
                       "%.1f s of the clip are missing: %s is too slow for evidence.ring.",
                       (double)l->missing_us / 1e6, r->burn != NULL ? "masking" : "the disk");
        say(text, size, &len, part);
    }
    if (l->disk[0] != '\0') {
        (void)snprintf(part, sizeof part, "The clip is cut: %s.", l->disk);
        say(text, size, &len, part);
    } else if (early_us > CUT_US) {
        pthread_mutex_lock(&r->lock);
        (void)snprintf(part, sizeof part, "The clip ends early: %s.",
                       r->why[0] != '\0' ? r->why : "the stream ended");
        pthread_mutex_unlock(&r->lock);
        say(text, size, &len, part);
    }
}

/* What was wrong with the file is told to all that it is for. */
static void tell_losses(struct vd_reel *r, struct vd_take_event *events, int n, const char *id,
                        const char *text)
{
    if (text[0] == '\0')
        return;
    for (int i = 0; i < n; i++)
        if (events[i].files == r->file)
            r->opts.tell(r->opts.arg, &events[i].last, id, text);
}

/* ---- files ---- */

static void fail(struct vd_reel *r, const struct vd_err *err)
{
    if (r->losses.disk[0] == '\0')
        LOG_WARN("clip.failed", "cam=%s reason=\"%s\"", r->camera, err->msg);
    (void)snprintf(r->losses.disk, sizeof r->losses.disk, "%.150s", err->msg);
    (void)snprintf(r->trouble, sizeof r->trouble, "%.150s", err->msg);
    r->retry_us = mono_us(r) + RETRY_US;
}

static void open_file(struct vd_reel *r, const struct vd_packet *first)
{
    const struct vd_clock *clock = r->recorder->opts.clock;
    char id[VD_MEDIA_ID_MAX + 1];
    struct vd_clip_opts opts = {.root = r->recorder->opts.root, .area = r->area, .id = id};
    struct vd_uuid uuid = vd_uuid_make(clock->wall_us(clock->self));
    struct vd_err err = {0};
    int rc;

    vd_media_id(r->camera, &uuid, id);
    rc = vd_journal_open(&r->journal, r->recorder->opts.journal, id, r->area, &err);
    if (rc == 0)
        rc = vd_clip_open(&r->clip, &opts, first, &err);
    if (rc < 0) {
        vd_journal_finish(&r->journal);
        fail(r, &err);
        return;
    }
    r->file++;
    vd_params_unref(&r->params);
    r->params = vd_params_ref(first->params);
    pthread_mutex_lock(&r->lock);
    for (int i = 0; i < r->take.n_events; i++)
        r->take.events[i].is_fresh = true; /* a new page of the journal */
    if (!r->is_split)
        r->losses.late_us = first->mono_us - r->take.from_us;
    pthread_mutex_unlock(&r->lock);
    r->is_split = true;
}

/* How much sooner the last file ends than its happenings want. */
static int64_t early(const struct vd_take_event *events, int n, int64_t to_us)
{
    int64_t until_us = 0;

    for (int i = 0; i < n; i++)
        if (events[i].until_us > until_us)
            until_us = events[i].until_us;
    return until_us == INT64_MAX ? INT64_MAX : until_us - to_us;
}

/* is_last: of the recording, whose happenings are events. */
static void finish_file(struct vd_reel *r, struct vd_take_event *events, int n, bool is_last)
{
    char id[VD_MEDIA_ID_MAX + 1], text[VD_DETAIL_MAX + 1];
    struct vd_clip_facts facts;
    struct vd_err err = {0};
    int rc;

    vd_clip_facts(r->clip, &facts);
    (void)vd_str_copy(id, sizeof id, vd_clip_id(r->clip));
    rc = vd_clip_finish(&r->clip, &err);
    if (rc < 0)
        fail(r, &err);
    count(r, rc == 1, facts.bytes, r->losses.disk[0] != '\0');
    describe(r, is_last ? early(events, n, facts.to_us) : 0, text, sizeof text);
    tell_losses(r, events, n, id, text);
    if (rc < 0)
        vd_journal_leave(&r->journal);
    else
        vd_journal_finish(&r->journal);
    vd_params_unref(&r->params);
    r->losses = (struct reel_losses){.late_us = 0};
}

static void write_rest(struct vd_reel *r)
{
    struct vd_err err = {0};

    if (vd_clip_write(r->clip, 0, &err) < 0)
        fail(r, &err);
}

/* The format changed, the file grew long, or the disk failed: it goes on in another file. */
static void split(struct vd_reel *r)
{
    struct vd_take_event *events;
    int n;

    write_rest(r);
    tell_fresh(r);
    pthread_mutex_lock(&r->lock);
    events = r->take.n_events > 0 ? calloc((size_t)r->take.n_events, sizeof *events) : NULL;
    n = events != NULL ? r->take.n_events : 0;
    if (events != NULL)
        memcpy(events, r->take.events, (size_t)n * sizeof *events);
    pthread_mutex_unlock(&r->lock);
    finish_file(r, events, n, false);
    free(events);
}

static bool is_long(const struct vd_reel *r, const struct vd_packet *packet)
{
    struct vd_clip_facts facts;

    vd_clip_facts(r->clip, &facts);
    return packet->is_key && packet->mono_us - facts.from_us >= r->opts.file_us;
}

static void add(struct vd_reel *r, const struct vd_packet *packet)
{
    struct vd_err err = {0};

    if (vd_clip_add(r->clip, packet, &err) < 0) {
        if (r->losses.disk[0] == '\0')
            (void)snprintf(r->losses.disk, sizeof r->losses.disk, "%.150s", err.msg);
        return;
    }
    if (vd_clip_write(r->clip, WRITE_US, &err) < 0) {
        fail(r, &err);
        split(r);
    }
}

/* A packet as it goes into the file; a vd_packet_fn. */
static void write_packet(void *arg, const struct vd_packet *packet)
{
    struct vd_reel *r = arg;

    if (r->clip != NULL && (packet->params != r->params || is_long(r, packet)))
        split(r);
    if (r->clip == NULL && packet->is_key && mono_us(r) >= r->retry_us)
        open_file(r, packet);
    if (r->clip != NULL)
        add(r, packet);
}

/* ---- masking ---- */

static bool is_private(const struct vd_reel *r)
{
    for (int i = 0; i < r->opts.n_masks; i++)
        if (r->opts.masks[i].is_private)
            return true;
    return false;
}

static void end_burn(struct vd_reel *r)
{
    if (r->burn != NULL)
        (void)vd_burn_put(r->burn, NULL, write_packet, r, NULL);
    vd_burn_close(&r->burn);
    vd_params_unref(&r->raw);
}

/* Opens it anew where the camera's parameters change. False: there is none, and nothing may be
 * written. */
static bool ready_burn(struct vd_reel *r, const struct vd_packet *packet)
{
    struct vd_burn_opts opts = {.masks = r->opts.masks,
                                .n_masks = r->opts.n_masks,
                                .encoder = r->opts.encoder,
                                .max_pixels = r->opts.max_pixels};
    struct vd_err err = {0};

    if (r->burn != NULL && packet->params != r->raw)
        end_burn(r);
    if (r->burn != NULL)
        return true;
    if (!packet->is_key || mono_us(r) < r->retry_us)
        return false;
    if (vd_burn_open(&r->burn, &opts, packet, &err) < 0) {
        fail(r, &err);
        return false;
    }
    r->raw = vd_params_ref(packet->params);
    return true;
}

static void burn(struct vd_reel *r, const struct vd_packet *packet)
{
    struct vd_err err = {0};
    int rc;

    if ((r->needs_key && !packet->is_key) || !ready_burn(r, packet))
        return;
    r->needs_key = false;
    rc = vd_burn_put(r->burn, packet, write_packet, r, &err);
    if (rc < 0 && rc != VD_EPROTO)
        fail(r, &err);
    if (rc < 0)
        r->needs_key = true;
}

static void record(struct vd_reel *r, const struct vd_packet *packet, uint64_t lost)
{
    if (lost > 0 && r->last_us != 0)
        r->losses.missing_us += packet->mono_us - r->last_us;
    r->last_us = packet->mono_us;
    if (is_private(r) || packet->params->codec == VD_CODEC_JPEG)
        burn(r, packet);
    else
        write_packet(r, packet);
}

/* ---- the recording ---- */

/* Nothing was ever written for these. */
static void tell_none(struct vd_reel *r, struct vd_take_event *events, int n)
{
    char text[VD_DETAIL_MAX + 1];

    pthread_mutex_lock(&r->lock);
    (void)snprintf(text, sizeof text, "There is no clip: %s.",
                   r->losses.disk[0] != '\0' ? r->losses.disk
                   : r->trouble[0] != '\0'   ? r->trouble
                   : r->why[0] != '\0'       ? r->why
                                             : "the camera gives no encoded pictures");
    pthread_mutex_unlock(&r->lock);
    for (int i = 0; i < n; i++) {
        if (events[i].files != 0)
            continue;
        count(r, 0, 0, 1);
        r->opts.tell(r->opts.arg, &events[i].last, "", text);
    }
}

/* The recording is over; events are those it was for. */
static void finish(struct vd_reel *r, struct vd_take_event *events, int n)
{
    end_burn(r);
    r->needs_key = false;
    if (r->clip != NULL) {
        struct vd_clip_facts facts;

        write_rest(r);
        vd_clip_facts(r->clip, &facts);
        for (int i = 0; i < n; i++)
            spread(r, news_of(r, &events[i], &facts));
        finish_file(r, events, n, true);
    }
    tell_none(r, events, n);
    r->losses = (struct reel_losses){.late_us = 0};
    r->trouble[0] = '\0';
    r->last_us = r->retry_us = 0;
    r->is_split = false;
}

/* Reads on. Finishes the recording when it is over: VD_EEOF. */
static int next(struct vd_reel *r, struct vd_packet *packet, uint64_t *lost)
{
    struct vd_take_event *events = NULL;
    bool was_on;
    int rc, n = 0;

    pthread_mutex_lock(&r->lock);
    was_on = r->take.is_on;
    rc = vd_take_next(&r->take, mono_us(r), packet, lost, NULL);
    if (rc == VD_EEOF && was_on)
        events = vd_take_done(&r->take, &n);
    pthread_mutex_unlock(&r->lock);
    if (rc == VD_EEOF && was_on)
        finish(r, events, n);
    free(events);
    return rc;
}

enum reel_state reel_work(struct vd_reel *r)
{
    int n = 0;

    for (; n < TURN; n++) {
        struct vd_packet packet;
        uint64_t lost;
        int rc = next(r, &packet, &lost);

        if (rc == VD_EEOF)
            return REEL_IDLE;
        if (rc <= 0)
            break;
        record(r, &packet, lost);
        vd_packet_unref(&packet);
    }
    if (r->clip != NULL) {
        struct vd_err err = {0};

        if (vd_clip_write(r->clip, WRITE_US, &err) < 0) {
            fail(r, &err);
            split(r);
        }
        tell_fresh(r);
    }
    return n == TURN ? REEL_HAS_MORE : REEL_RECORDS;
}

/* ---- after a crash ---- */

struct recovery {
    const struct vd_recorder_opts *opts;
    vd_reel_tell_fn *tell;
    void *arg;
};

static int recover(void *arg, const struct vd_journal_page *page)
{
    const struct recovery *r = arg;
    struct vd_err err = {0};
    int rc = vd_clip_repair(r->opts->root, page->area, page->id, &err);
    const char *text = rc == 1 ? "The clip ends early: the worker was killed while it wrote it."
                               : "There is no clip: the worker was killed before it wrote it.";

    LOG_WARN("clip.recovered", "clip=%s playable=%d happenings=%d reason=\"%s\"", page->id,
             rc == 1, page->n_events, rc < 0 ? err.msg : "the worker before was killed");
    for (int i = 0; i < page->n_events; i++)
        r->tell(r->arg, &page->events[i], rc == 1 ? page->id : "", text);
    return rc < 0 ? rc : 0;
}

int vd_recorder_recover(const struct vd_recorder_opts *opts, vd_reel_tell_fn *tell, void *arg,
                        struct vd_err *err)
{
    struct recovery r = {.opts = opts, .tell = tell, .arg = arg};
    int damaged = 0;
    int rc = vd_journal_recover(opts->journal, recover, &r, &damaged, err);

    if (damaged > 0)
        LOG_WARN("clip.journal", "damaged=%d reason=\"pages that can't be read were removed\"",
                 damaged);
    return rc;
}
