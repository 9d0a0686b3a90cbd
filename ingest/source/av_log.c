#include "ingest/source/av_log.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/log.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "ingest/source/url.h"

enum { TEXT_MAX = 4096, GATES = 64, PARENTS_MAX = 8 };

static pthread_mutex_t gates_lock = PTHREAD_MUTEX_INITIALIZER;
static struct vd_log_gate gates[GATES]; /* by format string; under gates_lock */

/* The ear of the stream that ctx belongs to, itself or by its parents; NULL: not ours. */
static struct vd_av_ear *ear_of(void *ctx)
{
    for (int i = 0; ctx != NULL && i < PARENTS_MAX; i++) {
        const AVClass *class = *(AVClass **)ctx;

        if (class == NULL)
            return NULL;
        if (class == avcodec_get_class() && ((AVCodecContext *)ctx)->opaque != NULL)
            return ((AVCodecContext *)ctx)->opaque;
        if (class == avformat_get_class() && ((AVFormatContext *)ctx)->opaque != NULL)
            return ((AVFormatContext *)ctx)->opaque;
        if (class->parent_log_context_offset == 0)
            return NULL;
        ctx = *(void **)((uint8_t *)ctx + class->parent_log_context_offset);
    }
    return NULL;
}

static void hear(struct vd_av_ear *ear, const char *fmt, const char *text)
{
    int status, w, h;

    if (strncmp(fmt, "method %s failed", 16) == 0) {
        if (sscanf(text, "method %*s failed: %d", &status) == 1)
            ear->status = status;
    } else if (strncmp(fmt, "SDP:", 4) == 0) {
        ear->has_sdp = true;
        ear->has_video = strstr(text, "m=video") != NULL;
        ear->has_audio = strstr(text, "m=audio") != NULL;
    } else if (sscanf(text, "Picture size %dx%d exceeds", &w, &h) == 2) {
        (void)snprintf(ear->oversize, sizeof ear->oversize, "%dx%d", w, h);
    }
}

static bool may_pass(const char *fmt, uint32_t *ret_repeats)
{
    uint32_t cause = (uint32_t)((uintptr_t)fmt >> 3) | 1U;
    bool passes;

    pthread_mutex_lock(&gates_lock);
    passes = vd_log_gate(&gates[cause % GATES], cause,
                         vd_clock_system.mono_us(vd_clock_system.self), ret_repeats);
    pthread_mutex_unlock(&gates_lock);
    return passes;
}

__attribute__((format(printf, 3, 0))) static void on_log(void *ctx, int level, const char *fmt,
                                                         va_list args)
{
    bool is_loud = level <= AV_LOG_WARNING && vd_log_wants(VD_LOG_DEBUG);
    struct vd_av_ear *ear;
    char text[TEXT_MAX];
    uint32_t repeats = 0;

    if (level > AV_LOG_VERBOSE)
        return;
    ear = ctx != NULL ? ear_of(ctx) : NULL;
    if (ear == NULL && !is_loud)
        return;
    (void)vsnprintf(text, sizeof text, fmt, args);
    if (ear != NULL)
        hear(ear, fmt, text);
    if (!is_loud || !may_pass(fmt, &repeats))
        return;
    vd_url_redact(text);
    text[strcspn(text, "\r\n")] = '\0';
    LOG_DEBUG("libav.says", "level=%d repeats=%u text=\"%s\"", level, repeats, text);
}

static void install(void)
{
    av_log_set_callback(on_log);
}

void vd_av_log_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, install);
}
