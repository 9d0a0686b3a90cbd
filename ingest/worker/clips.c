#include "ingest/worker/clips.h"

#include <stdlib.h>

#include "base/str.h"
#include "ingest/worker/main_stream.h"

/* Lives until the reel has told all. */
struct teller {
    struct vd_outbox *outbox;
    struct vd_lane *lane;
    const struct vd_clock *clock;
};

struct vd_clips {
    struct vd_reel *reel; /* the lane's, which closes it after us */
    bool is_apart;        /* of another stream than the one that is watched */
    struct vd_live *live;
    struct vd_live_port *port; /* the main stream for those who watch; NULL: not apart */
    struct vd_main_stream *main;
};

static void tell(void *arg, const struct vd_event *last, const char *clip, const char *detail)
{
    const struct teller *t = arg;
    struct vd_event ev = *last;

    ev.phase = VD_PHASE_MEDIA;
    ev.rev++; /* the outbox knows better, if it remembers the happening */
    ev.time_us = t->clock->wall_us(t->clock->self);
    (void)vd_str_copy(ev.clip, sizeof ev.clip, clip);
    if (detail[0] != '\0')
        (void)vd_str_copy(ev.detail, sizeof ev.detail, detail);
    (void)vd_outbox_post(t->outbox, t->lane, &ev, NULL);
}

static void release(void *arg)
{
    struct teller *t = arg;

    vd_lane_close(t->outbox, &t->lane);
    free(t);
}

static void on_main_packet(void *arg, const struct vd_packet *packet)
{
    struct vd_clips *c = arg;

    vd_reel_packet(c->reel, packet);
    vd_live_port_put(c->port, packet);
}

static void on_main_session(void *arg, const char *why)
{
    struct vd_clips *c = arg;

    vd_live_port_break(c->port, why == NULL);
    if (why != NULL)
        vd_reel_break(c->reel, why);
}

static int open_main(struct vd_clips *c, const struct vd_clips_opts *opts, struct vd_err *err)
{
    struct vd_main_stream_opts main = {
        .cfg = opts->cfg,
        .camera = opts->camera,
        .clock = opts->clock,
        .gate = opts->gate,
        .on_packet = on_main_packet,
        .on_session = on_main_session,
        .arg = c,
    };
    int rc = vd_live_enter(opts->live, opts->cfg, opts->camera, true, &c->port, err);

    return rc < 0 ? rc : vd_main_stream_open(&c->main, &main, err);
}

static int open_reel(struct vd_clips *c, const struct vd_clips_opts *opts, struct vd_err *err)
{
    const struct vd_evidence_cfg *evidence = &opts->cfg->evidence;
    struct teller *teller = calloc(1, sizeof *teller);
    struct vd_reel_opts reel = {
        .camera = opts->camera->id,
        .area = opts->camera->area,
        .masks = opts->camera->masks, /* as long as the lane */
        .n_masks = opts->camera->n_masks,
        .encoder = evidence->encoder,
        .max_pixels = opts->cfg->ingest.max_pixels,
        .take = {.ring_bytes = (size_t)evidence->ring_bytes,
                 .pre_us = evidence->pre_us,
                 .post_us = evidence->post_us},
        .file_us = evidence->file_us,
        .tell = tell,
        .release = release,
        .arg = teller,
    };
    int rc;

    if (teller == NULL)
        return vd_err_set(err, VD_ENOMEM, "clip: out of memory");
    *teller = (struct teller){.outbox = opts->outbox, .lane = opts->lane, .clock = opts->clock};
    rc = vd_reel_open(&c->reel, opts->recorder, &reel, opts->number, err);
    if (rc < 0) {
        free(teller);
        return rc;
    }
    vd_lane_hold(opts->outbox, opts->lane);
    vd_lane_record(opts->lane, c->reel);
    return 0;
}

int vd_clips_open(struct vd_clips **ret_clips, const struct vd_clips_opts *opts,
                  struct vd_err *err)
{
    struct vd_clips *c;
    int rc;

    if (opts->camera->evidence != VD_CONFIG_EVIDENCE_CLIPS)
        return 0;
    c = calloc(1, sizeof *c);
    if (c == NULL)
        return vd_err_set(err, VD_ENOMEM, "clip: out of memory");
    c->live = opts->live;
    c->is_apart = opts->camera->detect_url != NULL;
    rc = open_reel(c, opts, err);
    if (rc == 0 && c->is_apart)
        rc = open_main(c, opts, err);
    if (rc < 0)
        vd_clips_close(&c);
    else
        *ret_clips = c;
    return rc;
}

void vd_clips_packet(struct vd_clips *c, const struct vd_packet *packet)
{
    if (c != NULL && !c->is_apart)
        vd_reel_packet(c->reel, packet);
}

void vd_clips_break(struct vd_clips *c, const char *why)
{
    if (c != NULL && !c->is_apart)
        vd_reel_break(c->reel, why);
}

void vd_clips_ask_stop(struct vd_clips *c)
{
    if (c != NULL)
        vd_main_stream_ask_stop(c->main);
}

void vd_clips_close(struct vd_clips **clips)
{
    struct vd_clips *c = *clips;

    *clips = NULL;
    if (c == NULL)
        return;
    vd_main_stream_close(&c->main);
    if (c->port != NULL)
        vd_live_leave(c->live, &c->port);
    if (c->reel != NULL)
        vd_reel_break(c->reel, "the worker stopped, or the camera was changed");
    free(c);
}

int vd_clips_recover(const struct vd_recorder_opts *opts, struct vd_outbox *outbox,
                     struct vd_lane *lane, struct vd_err *err)
{
    struct teller teller = {.outbox = outbox, .lane = lane, .clock = opts->clock};

    return vd_recorder_recover(opts, tell, &teller, err);
}
