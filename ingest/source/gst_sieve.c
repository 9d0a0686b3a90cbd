#include "ingest/source/gst_sieve.h"

#include <pthread.h>
#include <stdlib.h>

#include "ingest/source/gst_decoder.h"

/* Least distance of raw pictures: what libav would decode of a usual stream. */
static const int64_t raw_us[] = {[VD_EFFORT_ALL] = 0,
                                 [VD_EFFORT_REFERENCES] = 400 * 1000,
                                 [VD_EFFORT_KEYS] = 2000 * 1000,
                                 [VD_EFFORT_NONE] = INT64_MAX};

struct vd_gst_sieve {
    const struct vd_clock *clock;
    pthread_mutex_t lock; /* guards what follows */
    enum vd_effort effort;
    bool is_encoded; /* a decoder sees pictures before we do */
    bool has_gap;    /* encoded pictures were left out: the next is a key frame */
    int64_t raw_us;  /* mono of the last raw picture let through */
    uint64_t seen;
};

static bool is_key(const GstPadProbeInfo *info)
{
    GstBuffer *buffer = info->data;

    if ((info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0)
        buffer = gst_buffer_list_get(info->data, 0);
    return !GST_BUFFER_FLAG_IS_SET(buffer, GST_BUFFER_FLAG_DELTA_UNIT);
}

/* On a thread of the pipeline, like the next. */
static GstPadProbeReturn on_encoded(GstPad *pad, GstPadProbeInfo *info, gpointer arg)
{
    struct vd_gst_sieve *s = arg;
    bool is_out, key = is_key(info);

    (void)pad;
    pthread_mutex_lock(&s->lock);
    s->is_encoded = true;
    s->seen++;
    is_out =
        s->effort == VD_EFFORT_NONE || (!key && (s->effort == VD_EFFORT_KEYS || s->has_gap));
    s->has_gap = is_out;
    pthread_mutex_unlock(&s->lock);
    return is_out ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

static GstPadProbeReturn on_raw(GstPad *pad, GstPadProbeInfo *info, gpointer arg)
{
    struct vd_gst_sieve *s = arg;
    int64_t now_us = s->clock->mono_us(s->clock->self);
    bool is_out = false;

    (void)pad;
    (void)info;
    pthread_mutex_lock(&s->lock);
    if (!s->is_encoded) {
        s->seen++;
        is_out = s->effort == VD_EFFORT_NONE || now_us - s->raw_us < raw_us[s->effort];
        if (!is_out)
            s->raw_us = now_us;
    }
    pthread_mutex_unlock(&s->lock);
    return is_out ? GST_PAD_PROBE_DROP : GST_PAD_PROBE_OK;
}

int vd_gst_sieve_open(struct vd_gst_sieve **ret_sieve, GstElement *pipeline,
                      GstElement *converter, const struct vd_clock *clock, struct vd_err *err)
{
    struct vd_gst_sieve *s = calloc(1, sizeof *s);
    GstPad *pad = gst_element_get_static_pad(converter, "sink");

    if (s == NULL || vd_gst_on_decoder(pipeline, on_encoded, s, err) < 0) {
        gst_object_unref(pad);
        free(s);
        return vd_err_set(err, VD_ENOMEM, "pipeline: out of memory");
    }
    s->clock = clock;
    (void)pthread_mutex_init(&s->lock, NULL);
    (void)gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_raw, s, NULL);
    gst_object_unref(pad);
    *ret_sieve = s;
    return 0;
}

void vd_gst_sieve_effort(struct vd_gst_sieve *s, enum vd_effort effort)
{
    pthread_mutex_lock(&s->lock);
    s->effort = effort;
    pthread_mutex_unlock(&s->lock);
}

uint64_t vd_gst_sieve_seen(struct vd_gst_sieve *s)
{
    uint64_t seen;

    pthread_mutex_lock(&s->lock);
    seen = s->seen;
    pthread_mutex_unlock(&s->lock);
    return seen;
}

void vd_gst_sieve_close(struct vd_gst_sieve **sieve)
{
    struct vd_gst_sieve *s = *sieve;

    *sieve = NULL;
    if (s == NULL)
        return;
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
}
