/* config/keys.h: the whole vocabulary of the configuration, as data.
 *
 * One row is one key. Defaults, range checks, unknown keys, the manual, the printed settings
 * and the comparison of two snapshots all come from these rows: a new key is one row and one
 * field of config/config.h. */
#ifndef VD_CONFIG_KEYS_H
#define VD_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* The type of the field, and the unit of min and max. */
enum vd_key_type {
    VD_KEY_TEXT,     /* const char *; bytes */
    VD_KEY_ID,       /* const char *, [a-z0-9-]; bytes */
    VD_KEY_AREA,     /* const char *, parts with '/' between them; bytes */
    VD_KEY_FILE,     /* const char *; bytes */
    VD_KEY_URL,      /* const char *, a scheme of `names`, no user info; bytes */
    VD_KEY_ENDPOINT, /* const char *, "ipc:///…"; bytes */
    VD_KEY_LISTEN,   /* const char *, "host:port"; bytes */
    VD_KEY_TIMEZONE, /* const char *, known to the time zone data; bytes */
    VD_KEY_BOOL,     /* bool */
    VD_KEY_INT,      /* int64_t */
    VD_KEY_LEVEL,    /* int; for small whole numbers */
    VD_KEY_NUMBER,   /* float; thousandths */
    VD_KEY_PERCENT,  /* float, "0.3%" is 0.003; millionths of the whole */
    VD_KEY_DURATION, /* int64_t microseconds, "10s"; microseconds */
    VD_KEY_SIZE,     /* int64_t bytes, "20GiB"; bytes */
    VD_KEY_ENUM,     /* int, the place in `names` */
    VD_KEY_SET,      /* uint32_t, bits by the place in `names`; one name or a list of them */
    VD_KEY_IDS,      /* struct vd_strings; one id or a list of them; items */
    VD_KEY_DATES,    /* struct vd_strings; one date or a list of them; items */
    VD_KEY_RATIO,    /* struct vd_ratio, "3/5"; the greatest n */
    VD_KEY_DAILY,    /* int from_min at offset, int to_min at offset2; "22:00-06:00" */
    VD_KEY_POLYGON,  /* struct vd_polygon; points */
    VD_KEY_POINT,    /* struct vd_point, "[0.5, 0.25]" */
    VD_KEY_MAP,      /* the struct of `sub`, in place */
    VD_KEY_LIST,     /* a pointer to structs of `sub`, int count at offset2; items */
};

enum {
    VD_KEY_REQUIRED = 1 << 0,
    VD_KEY_RESTART = 1 << 1,  /* a change takes effect at the next start */
    VD_KEY_SECRET = 1 << 2,   /* leads to a secret: not shown by the API */
    VD_KEY_GATHERED = 1 << 3, /* a list that config/load puts together from all files */
};

struct vd_keys;

struct vd_key {
    const char *name;
    enum vd_key_type type;
    size_t offset;
    int64_t min, max;
    const char *def; /* read by the same code as what people write; NULL: absent */
    unsigned flags;
    const char *help;          /* one sentence or two; the manual is printed from it */
    const char *names;         /* of ENUM, SET: names; of URL, ENDPOINT: schemes; with spaces */
    const struct vd_keys *sub; /* of MAP, LIST */
    size_t offset2;
};

struct vd_keys {
    const char *thing; /* "a camera": what has these keys, in messages and the manual */
    const struct vd_key *rows;
    size_t n;
    size_t size; /* of the struct they fill */
};

extern const struct vd_keys vd_root_keys;     /* struct vd_config */
extern const struct vd_keys vd_area_keys;     /* struct vd_area_cfg */
extern const struct vd_keys vd_camera_keys;   /* struct vd_camera_cfg */
extern const struct vd_keys vd_calendar_keys; /* struct vd_calendar_cfg */
extern const struct vd_keys vd_rule_keys;     /* struct vd_rule_cfg */
extern const char vd_kind_names[]; /* of vd_when_cfg.kinds, in the order of its bits */

/* The row of that name, or NULL. */
const struct vd_key *vd_keys_find(const struct vd_keys *keys, const char *name);

/* The number of words in a list of names, and the place of one in it (-1: it is not there). */
int vd_names_count(const char *names);
int vd_names_find(const char *names, const char *name);

/* Copies word i of names, which exists, into room bytes (cut to fit). */
void vd_names_word(const char *names, int i, char *ret_word, size_t room);

/* Advice on a key that keys does not know: the nearest one, or where it belongs. One text that
 * begins with "; ", or "" when nothing comes to mind. */
void vd_keys_advise(const struct vd_keys *keys, const char *name, char *ret_text, size_t room);

/* How many letters must change, be added, dropped or swapped to make b of a; both are looked
 * at up to 63 bytes. */
int vd_text_distance(const char *a, const char *b);

/* Whether a and b are near enough that one may be meant by the other. */
bool vd_text_near(const char *a, const char *b);

#endif
