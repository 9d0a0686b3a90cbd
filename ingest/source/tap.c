#include "ingest/source/tap.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>

void vd_tap_begin(struct vd_tap *tap, enum vd_codec codec, const uint8_t *extra, size_t n)
{
    tap->sets.n = 0;
    if (extra != NULL && n > 0)
        vd_sets_find(codec, extra, n, &tap->sets);
}

/* Size, profile and level by libav's parser, which wants to see sets and a picture. */
static void measure(struct vd_params *params, const struct vd_packet *packet)
{
    enum AVCodecID id = params->codec == VD_CODEC_H265 ? AV_CODEC_ID_HEVC : AV_CODEC_ID_H264;
    AVCodecParserContext *parser = av_parser_init((int)id);
    AVCodecContext *codec = avcodec_alloc_context3(NULL);
    size_t n = params->n_sets + packet->size;
    uint8_t *bytes = n < INT32_MAX ? calloc(1, n + AV_INPUT_BUFFER_PADDING_SIZE) : NULL;
    uint8_t *out;
    int out_n;

    if (parser != NULL && codec != NULL && bytes != NULL) {
        memcpy(bytes, params->sets, params->n_sets);
        memcpy(bytes + params->n_sets, packet->data, packet->size);
        parser->flags |= PARSER_FLAG_COMPLETE_FRAMES;
        (void)av_parser_parse2(parser, codec, &out, &out_n, bytes, (int)n, AV_NOPTS_VALUE,
                               AV_NOPTS_VALUE, 0);
        params->w = parser->width;
        params->h = parser->height;
        params->profile = codec->profile;
        params->level = codec->level;
    }
    free(bytes);
    avcodec_free_context(&codec);
    if (parser != NULL)
        av_parser_close(parser);
}

static struct vd_params *make(enum vd_codec codec, const struct vd_sets *sets,
                              const struct vd_packet *packet)
{
    struct vd_params *params = calloc(1, sizeof *params + sets->n);

    if (params == NULL)
        return NULL;
    if (sets->n > 0)
        memcpy(params + 1, sets->bytes, sets->n);
    params->codec = codec;
    params->sets = (const uint8_t *)(params + 1);
    params->n_sets = sets->n;
    params->profile = params->level = -1;
    atomic_init(&params->refs, 1);
    if (codec == VD_CODEC_JPEG)
        (void)vd_sets_jpeg_size(packet->data, packet->size, &params->w, &params->h);
    else
        measure(params, packet);
    if (params->w <= 0 || params->h <= 0)
        vd_params_unref(&params);
    return params;
}

static bool is_same(const struct vd_tap *tap, enum vd_codec codec, const struct vd_sets *sets,
                    const struct vd_packet *packet)
{
    const struct vd_params *p = tap->params;
    int w, h;

    if (p == NULL || p->codec != codec)
        return false;
    if (codec == VD_CODEC_JPEG)
        return vd_sets_jpeg_size(packet->data, packet->size, &w, &h) && w == p->w && h == p->h;
    return p->n_sets == sets->n && memcmp(p->sets, sets->bytes, sets->n) == 0;
}

/* A key frame: learns whether what it needs has changed. */
static void learn(struct vd_tap *tap, enum vd_codec codec, const struct vd_packet *packet)
{
    struct vd_sets found;

    vd_sets_find(codec, packet->data, packet->size, &found);
    vd_sets_complete(codec, &found, &tap->sets);
    if (!vd_sets_are_whole(codec, &found) || is_same(tap, codec, &found, packet))
        return;
    tap->sets = found;
    vd_params_unref(&tap->params);
    tap->params = make(codec, &found, packet);
}

void vd_tap_give(struct vd_tap *tap, enum vd_codec codec, struct vd_packet *packet)
{
    if (tap->fn == NULL)
        return;
    if (packet->is_key)
        learn(tap, codec, packet);
    packet->params = tap->params;
    if (packet->params != NULL)
        tap->fn(tap->arg, packet);
}

void vd_tap_fini(struct vd_tap *tap)
{
    vd_params_unref(&tap->params);
}
