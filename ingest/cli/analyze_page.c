/* ingest/cli/analyze_page.c: pictures go out as they come (BMP in data: URLs, which browsers
 * show and nobody has to encode), the curve at the end, lifted to the top by its style. */
#include "ingest/cli/analyze_page.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/cli/analyze.h"

enum { PICTURES_MAX = 60, BMP_HEAD = 54, CURVE_W = 1200, CURVE_H = 220, POINTS_MAX = 4000 };

struct sample {
    float t, score, bar, changed;
    uint8_t state, is_open;
    uint16_t held; /* bit i: reason i held something back */
};

struct page {
    FILE *out;
    struct sample *samples;
    size_t n, room;
    int pictures;
    uint8_t bmp[BMP_HEAD + 3 * VD_MOTION_W_MAX * VD_MOTION_H_MAX];
};

static void escape(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<' || *text == '&')
            fputs(*text == '<' ? "&lt;" : "&amp;", out);
        else
            fputc(*text, out);
    }
}

int page_open(struct page **ret_page, const char *path, const char *title, struct vd_err *err)
{
    struct page *page = calloc(1, sizeof *page);

    if (page == NULL)
        return vd_err_set(err, VD_ENOMEM, "page: out of memory");
    page->out = fopen(path, "w");
    if (page->out == NULL) {
        free(page);
        return vd_err_set(err, VD_EIO, "page '%.120s': %s", path, strerror(errno));
    }
    fputs("<!doctype html><meta charset=utf-8><title>", page->out);
    escape(page->out, title);
    fputs("</title><style>body{font:14px sans-serif;margin:1em;display:flex;flex-direction:"
          "column}#sum{order:-1}figure{display:inline-block;margin:.4em}figcaption{"
          "max-width:640px}img{width:640px;image-rendering:pixelated}svg{background:#fff;"
          "border:1px solid #999}table{border-collapse:collapse}td,th{padding:.1em .8em;"
          "text-align:left}</style><div id=pictures><h2>What was found</h2>\n",
          page->out);
    *ret_page = page;
    return 0;
}

static void put32(uint8_t *p, unsigned v)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * i);
}

static void frame_box(uint8_t *pixels, int pitch, int w, int h, const struct vd_motion_box *box)
{
    int x0 = (int)(box->x * (float)w), y0 = (int)(box->y * (float)h);
    int x1 = x0 + (int)(box->w * (float)w) - 1, y1 = y0 + (int)(box->h * (float)h) - 1;

    for (int y = y0; y <= y1 && y < h; y++) {
        for (int x = x0; x <= x1 && x < w; x++) {
            uint8_t *p = pixels + y * pitch + 3 * x;

            if (x != x0 && x != x1 && y != y0 && y != y1)
                continue;
            p[0] = box->is_sure ? 0 : 200;
            p[1] = 230;
            p[2] = 255;
        }
    }
}

/* Luma, what differs in red, boxes yellow (sure) or pale. Returns the bytes of the BMP. */
static size_t draw(struct page *page, struct vd_motion *motion,
                   const struct vd_motion_result *result)
{
    struct vd_motion_picture luma = vd_motion_luma(motion), mask = vd_motion_mask(motion);
    int pitch = (3 * luma.w + 3) & ~3;
    size_t bytes = BMP_HEAD + (size_t)pitch * (size_t)luma.h;
    uint8_t *pixels = page->bmp + BMP_HEAD;

    if (bytes > sizeof page->bmp)
        return 0;
    memset(page->bmp, 0, bytes);
    memcpy(page->bmp, "BM", 2);
    put32(page->bmp + 2, (unsigned)bytes);
    put32(page->bmp + 10, BMP_HEAD);
    put32(page->bmp + 14, 40);
    put32(page->bmp + 18, (unsigned)luma.w);
    put32(page->bmp + 22, (unsigned)-luma.h); /* top row first */
    put32(page->bmp + 26, 1U | 24U << 16);
    for (int y = 0; y < luma.h; y++) {
        for (int x = 0; x < luma.w; x++) {
            uint8_t v = luma.data[y * luma.stride + x], *p = pixels + y * pitch + 3 * x;
            bool is_red = mask.data[y * mask.stride + x] != 0;

            p[0] = p[1] = is_red ? v / 2 : v;
            p[2] = is_red ? (uint8_t)(v / 2 + 120) : v;
        }
    }
    for (int i = 0; i < result->n_boxes; i++)
        frame_box(pixels, pitch, luma.w, luma.h, &result->boxes[i]);
    return bytes;
}

static void base64(FILE *out, const uint8_t *p, size_t n)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned)p[i] << 16 | (i + 1 < n ? (unsigned)p[i + 1] << 8 : 0) |
                     (i + 2 < n ? p[i + 2] : 0);

        fputc(digits[v >> 18], out);
        fputc(digits[v >> 12 & 63], out);
        fputc(i + 1 < n ? digits[v >> 6 & 63] : '=', out);
        fputc(i + 2 < n ? digits[v & 63] : '=', out);
    }
}

static void write_start(struct page *page, const struct vd_happening *h, int64_t t_us,
                        struct vd_motion *motion, const struct vd_motion_result *r)
{
    size_t bytes = draw(page, motion, r);

    fputs("<figure><img src=\"data:image/bmp;base64,", page->out);
    base64(page->out, page->bmp, bytes);
    fprintf(page->out,
            "\"><figcaption><b>%s at %.2f s</b>, first seen at %.2f s: score %.3f %%, asked "
            "%.3f %%, %d of %d; noise %.1f, threshold %.1f grey levels, light %+.3f, shift "
            "%.1f px</figcaption></figure>\n",
            h->kind == VD_TRACK_MOTION ? "Motion" : "Scene change", (double)t_us * 1e-6,
            (double)(t_us - (r->mono_us - h->start_mono_us)) * 1e-6, (double)h->score * 100,
            (double)h->why.min_area * 100, h->why.m, h->why.n, (double)h->why.sigma,
            (double)h->why.threshold, (double)h->why.light, (double)h->why.shift_px);
    page->pictures++;
}

int page_add(struct page *page, int64_t t_us, struct vd_motion *motion,
             const struct vd_motion_result *r, const struct vd_track_out *out,
             struct vd_err *err)
{
    struct sample *s;

    if (page->n == page->room) {
        size_t room = page->room > 0 ? 2 * page->room : 1024;

        s = realloc(page->samples, room * sizeof *s);
        if (s == NULL)
            return vd_err_set(err, VD_ENOMEM, "page: out of memory");
        page->samples = s;
        page->room = room;
    }
    s = &page->samples[page->n++];
    *s = (struct sample){(float)((double)t_us * 1e-6),
                         r->score,
                         r->zone_min_area[0],
                         r->changed,
                         (uint8_t)r->state,
                         out->is_open,
                         0};
    for (int i = 0; i < VD_MOTION_REASONS; i++)
        s->held = (uint16_t)(s->held | (r->suppressed[i] > 0) << i);
    for (int i = 0; i < out->n; i++)
        if (out->happenings[i].phase == VD_TRACK_START && page->pictures < PICTURES_MAX)
            write_start(page, &out->happenings[i], t_us, motion, r);
    return 0;
}

void page_end(struct page *page, const struct vd_happening *happening)
{
    fputs("<p class=end>", page->out);
    analyze_write_end(page->out, happening, 0, "<br>&emsp;");
    fputs("</p>\n", page->out);
}

/* Logarithmic from 0.01 % to all of the zone. */
static double y_of(float score)
{
    double v = score > 1e-4F ? log10((double)score) + 4 : 0;

    return CURVE_H - 10 - v / 4 * (CURVE_H - 20);
}

/* Spans of samples for which is(sample) holds, as rectangles. */
static void spans(struct page *page, double scale, int is_scene, const char *colour)
{
    for (size_t i = 0; i < page->n; i++) {
        size_t from = i;

        while (i < page->n && (is_scene ? page->samples[i].state == VD_MOTION_SCENE_CHANGE
                                        : page->samples[i].is_open != 0))
            i++;
        if (i > from)
            fprintf(page->out,
                    "<rect x=%.1f y=0 width=%.1f height=%d fill='%s' fill-opacity=.35 />",
                    (double)page->samples[from].t * scale,
                    fmax(1, (double)(page->samples[i - 1].t - page->samples[from].t) * scale),
                    CURVE_H, colour);
    }
}

static void curve(struct page *page)
{
    double last = page->n > 0 ? (double)page->samples[page->n - 1].t : 1;
    double scale = CURVE_W / (last > 0 ? last : 1);
    size_t step = page->n / POINTS_MAX + 1;

    fprintf(page->out, "<svg width=%d height=%d>", CURVE_W, CURVE_H);
    spans(page, scale, 0, "#e66");
    spans(page, scale, 1, "#66e");
    fputs("<polyline fill=none stroke='#aaa' points='", page->out);
    for (size_t i = 0; i < page->n; i += step)
        fprintf(page->out, "%.1f,%.1f ", (double)page->samples[i].t * scale,
                y_of(page->samples[i].changed));
    fputs("'/><polyline fill=none stroke='#060' points='", page->out);
    for (size_t i = 0; i < page->n; i += step)
        fprintf(page->out, "%.1f,%.1f ", (double)page->samples[i].t * scale,
                y_of(page->samples[i].score));
    fprintf(page->out,
            "'/><line x1=0 x2=%d y1=%.1f y2=%.1f stroke='#c00' stroke-dasharray=4 /></svg>"
            "<p>0 to %.1f s. Green: score, 0.01 %% to 100 %%, logarithmic. Grey: all that "
            "differs. Dashed: what is asked. Red: a happening is open. Blue: learning anew "
            "after a change of scene.</p>",
            CURVE_W, y_of(page->n > 0 ? page->samples[0].bar : 0),
            y_of(page->n > 0 ? page->samples[0].bar : 0), last);
}

static void held_table(struct page *page, const uint64_t *suppressed)
{
    fputs("<table><tr><th>held back as<th>blobs<th>in analysed frames", page->out);
    for (int i = 0; i < VD_MOTION_REASONS; i++) {
        size_t frames = 0;

        for (size_t k = 0; k < page->n; k++)
            frames += (page->samples[k].held & (1 << i)) != 0;
        fprintf(page->out, "<tr><td>%s<td>%llu<td>%zu",
                vd_motion_reason_name((enum vd_motion_reason)i),
                (unsigned long long)suppressed[i], frames);
    }
    fputs("</table>", page->out);
}

int page_close(struct page **page_ptr, const uint64_t *suppressed, struct vd_err *err)
{
    struct page *page = *page_ptr;
    bool is_bad;

    if (page == NULL)
        return 0;
    fputs("</div><div id=sum><h1>vedette analyze</h1>", page->out);
    curve(page);
    held_table(page, suppressed);
    fputs("</div>\n", page->out);
    is_bad = ferror(page->out) != 0;
    is_bad = fclose(page->out) != 0 || is_bad;
    free(page->samples);
    free(page);
    *page_ptr = NULL;
    return is_bad ? vd_err_set(err, VD_EIO, "page: not all of it could be written") : 0;
}
