/* tests/camsim/fault.c: faults as a table, and a parameter set that lies about the size. */
#include "tests/camsim/fault.h"

#include <gst/gst.h>
#include <stdlib.h>
#include <string.h>

const struct vd_fault_info vd_faults[VD_FAULT_N] = {
    [VD_FAULT_NONE] = {"none", NULL, 0, 0, 0, "all is well"},
    [VD_FAULT_REFUSE] = {"refuse", NULL, 0, 0, 0,
                         "connections are refused (own port) or reset at once (common port)"},
    [VD_FAULT_SILENT] = {"silent", NULL, 0, 0, 0, "accepts connections and says nothing"},
    [VD_FAULT_HTML] = {"html", NULL, 0, 0, 0, "answers with a web page"},
    [VD_FAULT_401] = {"401", NULL, 0, 0, 0, "wants a password, and never the one it gets"},
    [VD_FAULT_404] = {"404", NULL, 0, 0, 0, "knows no such stream"},
    [VD_FAULT_453] = {"453", NULL, 0, 0, 0, "not enough bandwidth"},
    [VD_FAULT_503] = {"503", NULL, 0, 0, 0, "service unavailable"},
    [VD_FAULT_BAD_SDP] = {"bad-sdp", NULL, 0, 0, 0, "describes its stream in nonsense"},
    [VD_FAULT_STALL] = {"stall", NULL, 0, 0, 0, "sends no packet, keeps the connection"},
    [VD_FAULT_FREEZE] = {"freeze", NULL, 0, 0, 0, "the same picture again and again"},
    [VD_FAULT_SLOW] = {"slow", "KBIT", 64, 1, 1e6, "no more than KBIT kilobits a second"},
    [VD_FAULT_PARAMS] = {"params", NULL, 0, 0, 0, "another picture size and parameter set"},
    [VD_FAULT_DAMAGE] = {"damage", "PERMILLE", 50, 1, 1000, "bits flip in so many packets"},
    [VD_FAULT_LOSS] = {"loss", "PERMILLE", 50, 1, 1000, "so many packets are missing"},
    [VD_FAULT_8K] = {"8k", NULL, 0, 0, 0, "a parameter set that claims 7680x4320 (H.264)"},
    [VD_FAULT_ZERO] = {"zero", NULL, 0, 0, 0, "a parameter set that claims 0x0 (H.264)"},
    [VD_FAULT_RESET] = {"reset", NULL, 0, 0, 0, "once: sessions end by TCP reset"},
    [VD_FAULT_CLOSE] = {"close", NULL, 0, 0, 0, "once: sessions end in good order"},
    [VD_FAULT_JUMP] = {"jump", "SECONDS", 3600, -86400, 86400,
                       "once: timestamps jump, also back"},
    [VD_FAULT_GARBAGE] = {"garbage", "BYTES", 4096, 1, 65536, "once: rubbish between packets"},
};

static int read_number(const char *text, double *ret)
{
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end != '\0' || v != v)
        return VD_EINVAL;
    *ret = v;
    return 0;
}

int vd_fault_parse(struct vd_fault *ret_fault, char *const words[], int n, struct vd_err *err)
{
    struct vd_fault f = {0};
    const struct vd_fault_info *info = NULL;

    for (int i = 1; i < VD_FAULT_N && n > 0; i++)
        if (strcmp(words[0], vd_faults[i].name) == 0)
            f.kind = (enum vd_fault_kind)i;
    if (f.kind == VD_FAULT_NONE)
        return vd_err_set(err, VD_EINVAL, "no fault '%s'; `vedette-camsim faults` lists them",
                          n > 0 ? words[0] : "");
    info = &vd_faults[f.kind];
    f.arg = info->otherwise;
    for (int i = 1; i < n; i++) {
        if (strncmp(words[i], "for=", 4) == 0) {
            if (read_number(words[i] + 4, &f.for_s) < 0 || f.for_s < 0 || f.for_s > 86400)
                return vd_err_set(err, VD_EINVAL, "'%s' is not for=SECONDS", words[i]);
        } else if (info->arg == NULL || read_number(words[i], &f.arg) < 0 ||
                   f.arg < info->min || f.arg > info->max) {
            return vd_err_set(err, VD_EINVAL, "fault %s takes %s, not '%s'", info->name,
                              info->arg != NULL ? info->arg : "no number", words[i]);
        }
    }
    *ret_fault = f;
    return 0;
}

struct bits {
    uint8_t bytes[64];
    unsigned n;
};

static void put(struct bits *b, unsigned value, unsigned width)
{
    while (width-- > 0) {
        if (value >> width & 1u)
            b->bytes[b->n / 8] |= (uint8_t)(0x80u >> b->n % 8);
        b->n++;
    }
}

static void put_ue(struct bits *b, unsigned value)
{
    unsigned width = 0;

    while ((value + 1) >> (width + 1))
        width++;
    put(b, 0, width);
    put(b, value + 1, width + 1);
}

/* ITU-T H.264 7.3.2.1.1, High profile, progressive. 0x0 is a crop of all there is. */
static unsigned make_sps(uint8_t *out, int width, int height)
{
    struct bits b = {.n = 0};
    unsigned w = width > 0 ? ((unsigned)width + 15) / 16 : 4;
    unsigned h = height > 0 ? ((unsigned)height + 15) / 16 : 4, len = 1;

    put(&b, 100, 8);
    put(&b, 0, 8);
    put(&b, 62, 8);
    put_ue(&b, 0); /* id */
    put_ue(&b, 1); /* 4:2:0 */
    put_ue(&b, 0);
    put_ue(&b, 0); /* 8 bits */
    put(&b, 0, 2);
    put_ue(&b, 0); /* frame number of 4 bits */
    put_ue(&b, 2); /* output order is decoding order */
    put_ue(&b, 1); /* reference frames */
    put(&b, 0, 1);
    put_ue(&b, w - 1);
    put_ue(&b, h - 1);
    put(&b, 3, 2); /* frames only, direct 8x8 */
    put(&b, width > 0 ? 0 : 1, 1);
    if (width <= 0) {
        put_ue(&b, w * 8);
        put_ue(&b, 0);
        put_ue(&b, h * 8);
        put_ue(&b, 0);
    }
    put(&b, 0, 1); /* no VUI */
    put(&b, 1, 1);
    out[0] = 0x67;
    for (unsigned i = 0, zeros = 0; i < (b.n + 7) / 8; i++) {
        if (zeros >= 2 && b.bytes[i] <= 3) {
            out[len++] = 3;
            zeros = 0;
        }
        out[len++] = b.bytes[i];
        zeros = b.bytes[i] == 0 ? zeros + 1 : 0;
    }
    return len;
}

/* avcC with our parameter set instead of its first; 0 if old is none. */
static unsigned make_avcc(uint8_t *out, const uint8_t *old, size_t len, int width, int height)
{
    uint8_t sps[160];
    unsigned n = make_sps(sps, width, height), old_sps, rest;

    if (len < 8 || old[0] != 1)
        return 0;
    old_sps = (unsigned)old[6] << 8 | old[7];
    rest = 8 + old_sps; /* the picture parameter sets, as they are */
    if (rest > len || len - rest > 300)
        return 0;
    memcpy(out, old, 6);
    memcpy(out + 1, sps + 1, 3);
    out[6] = (uint8_t)(n >> 8);
    out[7] = (uint8_t)n;
    memcpy(out + 8, sps, n);
    memcpy(out + 8 + n, old + rest, len - rest);
    return 8 + n + (unsigned)(len - rest);
}

char *vd_fault_caps(const char *caps, int width, int height)
{
    GstCaps *c = gst_caps_from_string(caps);
    const GValue *v = gst_structure_get_value(gst_caps_get_structure(c, 0), "codec_data");
    GstBuffer *old = v != NULL ? gst_value_get_buffer(v) : NULL;
    uint8_t data[512];
    unsigned n = 0;
    char *text = NULL;
    GstMapInfo map;

    if (old != NULL && strstr(caps, "h264") != NULL &&
        gst_buffer_map(old, &map, GST_MAP_READ)) {
        n = make_avcc(data, map.data, map.size, width, height);
        gst_buffer_unmap(old, &map);
    }
    if (n > 0) {
        GstBuffer *fresh = gst_buffer_new_memdup(data, n);

        gst_caps_set_simple(c, "codec_data", GST_TYPE_BUFFER, fresh, NULL);
        gst_buffer_unref(fresh);
        text = gst_caps_to_string(c);
    }
    gst_caps_unref(c);
    return text;
}
