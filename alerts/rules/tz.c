/* tzfiles: a table of transitions, and a rule for the time behind the last of them. */
#include "alerts/rules/tz.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/rules/tz_rule.h"
#include "base/fs.h"

enum { HEADER = 44, FILE_MAX = 256 * 1024, TYPE_BYTES = 6 };

struct vd_tz {
    int n; /* transitions */
    int32_t first_offset;
    bool has_rule;
    struct vd_tz_rule rule;
    struct transition {
        int64_t at;
        int32_t offset; /* from then on */
    } transitions[];
};

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static int64_t be64(const uint8_t *p)
{
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

struct counts {
    size_t isut, isstd, leap, time, type, chars;
};

/* False when the header is not one, or its counts can't be. */
static bool take_header(const uint8_t *p, size_t len, struct counts *c)
{
    if (len < HEADER || memcmp(p, "TZif", 4) != 0)
        return false;
    *c = (struct counts){be32(p + 20), be32(p + 24), be32(p + 28),
                         be32(p + 32), be32(p + 36), be32(p + 40)};
    return c->isut <= 256 && c->isstd <= 256 && c->leap <= 4096 && c->time <= 8192 &&
           c->type >= 1 && c->type <= 256 && c->chars <= 4096;
}

static size_t data_bytes(const struct counts *c, size_t time_bytes)
{
    return c->time * (time_bytes + 1) + c->type * TYPE_BYTES + c->chars +
           c->leap * (time_bytes + 4) + c->isstd + c->isut;
}

static int refuse(struct vd_err *err, const char *why)
{
    return vd_err_set(err, VD_EPROTO, "time zone: %s", why);
}

/* The block with 64-bit times, behind the one for old readers. */
static int take_block(struct vd_tz *tz, const uint8_t *p, const struct counts *c)
{
    const uint8_t *index = p + c->time * 8, *types = index + c->time;

    tz->first_offset = (int32_t)be32(types);
    for (size_t i = 0; i < c->time; i++) {
        if (index[i] >= c->type || (i > 0 && be64(p + i * 8) <= be64(p + i * 8 - 8)))
            return VD_EPROTO;
        tz->transitions[i].at = be64(p + i * 8);
        tz->transitions[i].offset = (int32_t)be32(types + (size_t)index[i] * TYPE_BYTES);
    }
    for (size_t i = 0; i < c->type; i++) {
        int32_t offset = (int32_t)be32(types + i * TYPE_BYTES);

        if (offset < -26 * 3600 || offset > 26 * 3600)
            return VD_EPROTO;
    }
    tz->n = (int)c->time;
    return 0;
}

/* "\nCST-8\n" */
static bool take_footer(struct vd_tz *tz, const uint8_t *p, size_t len)
{
    char text[128];
    const uint8_t *end;

    if (len < 2 || p[0] != '\n' || (end = memchr(p + 1, '\n', len - 1)) == NULL)
        return false;
    len = (size_t)(end - p) - 1;
    if (len == 0)
        return true; /* no rule: the last transition holds for ever */
    if (len >= sizeof text)
        return false;
    memcpy(text, p + 1, len);
    text[len] = '\0';
    tz->has_rule = true;
    return vd_tz_rule_parse(text, &tz->rule);
}

int vd_tz_parse(struct vd_tz **ret_tz, const void *bytes, size_t len, struct vd_err *err)
{
    const uint8_t *p = bytes, *end = p + len;
    struct counts c;
    struct vd_tz *tz;

    if (!take_header(p, len, &c) || p[4] < '2')
        return refuse(err, "no tzfile of version 2 or later");
    if ((size_t)(end - p) - HEADER < data_bytes(&c, 4))
        return refuse(err, "cut short");
    p += HEADER + data_bytes(&c, 4);
    if (!take_header(p, (size_t)(end - p), &c) ||
        (size_t)(end - p) - HEADER < data_bytes(&c, 8))
        return refuse(err, "second block is cut short");
    p += HEADER;
    tz = calloc(1, sizeof *tz + c.time * sizeof tz->transitions[0]);
    if (tz == NULL)
        return vd_err_set(err, VD_ENOMEM, "time zone: out of memory");
    if (take_block(tz, p, &c) < 0 ||
        !take_footer(tz, p + data_bytes(&c, 8), (size_t)(end - p) - data_bytes(&c, 8))) {
        vd_tz_free(&tz);
        return refuse(err, "transitions or rule make no sense");
    }
    *ret_tz = tz;
    return 0;
}

static bool is_zone_name(const char *name)
{
    size_t len = strlen(name);

    if (len == 0 || len > 64 || name[0] == '/' || name[0] == '.' || strstr(name, "..") != NULL)
        return false;
    return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/_+-") ==
           len;
}

int vd_tz_load(struct vd_tz **ret_tz, const char *folder, const char *name, struct vd_err *err)
{
    char path[VD_PATH_MAX];
    char *data = NULL;
    size_t len = 0;
    int rc;

    if (!is_zone_name(name))
        return vd_err_set(err, VD_EINVAL, "time zone '%s': no name of a zone", name);
    rc = vd_fs_join(path, sizeof path, folder != NULL ? folder : "/usr/share/zoneinfo", name,
                    err);
    if (rc >= 0)
        rc = vd_fs_read(path, FILE_MAX, &data, &len, err);
    if (rc < 0)
        return vd_err_set(err, VD_EINVAL,
                          "time zone '%s': not among the zones of this machine (tzdata)", name);
    rc = vd_tz_parse(ret_tz, data, len, err);
    free(data);
    return rc;
}

void vd_tz_free(struct vd_tz **tz)
{
    free(*tz);
    *tz = NULL;
}

int32_t vd_tz_offset(const struct vd_tz *tz, int64_t utc_s, int64_t *ret_until)
{
    int low = 0, high = tz->n; /* the first transition behind utc_s */
    int64_t until = INT64_MAX;
    int32_t offset = tz->first_offset;

    while (low < high) {
        int mid = low + (high - low) / 2;

        if (tz->transitions[mid].at <= utc_s)
            low = mid + 1;
        else
            high = mid;
    }
    if (low < tz->n)
        until = tz->transitions[low].at;
    if (low == tz->n && tz->has_rule)
        offset = vd_tz_rule_offset(&tz->rule, utc_s, &until);
    else if (low > 0)
        offset = tz->transitions[low - 1].offset;
    if (ret_until != NULL)
        *ret_until = until;
    return offset;
}
