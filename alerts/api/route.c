#include "alerts/api/route.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

#define METHOD(m) (1u << (m))

/* One row a route; {id} stands for one non-empty part of the path. */
struct row {
    const char *pattern;
    enum vd_method method;
    enum vd_route route;
    unsigned needs;
};

#define CHANGE(word)                                                                           \
    {                                                                                          \
        "/api/v1/alerts/{id}/" word, VD_POST, VD_ROUTE_ALERT_CHANGE,                           \
            VD_NEEDS_SESSION | VD_NEEDS_CSRF | VD_NEEDS_PG                                     \
    }

static const struct row rows[] = {
    {"/healthz", VD_GET, VD_ROUTE_HEALTH, VD_IS_PUBLIC},
    {"/metrics", VD_GET, VD_ROUTE_METRICS, VD_IS_PUBLIC},
    {"/api/v1/session", VD_POST, VD_ROUTE_SESSION_OPEN, VD_IS_PUBLIC},
    {"/api/v1/session", VD_GET, VD_ROUTE_SESSION_SHOW, VD_NEEDS_SESSION},
    {"/api/v1/session", VD_DELETE, VD_ROUTE_SESSION_CLOSE,
     VD_NEEDS_SESSION | VD_NEEDS_CSRF | VD_NEEDS_PG},
    {"/api/v1/alerts", VD_GET, VD_ROUTE_ALERT_LIST, VD_NEEDS_SESSION},
    {"/api/v1/alerts/{id}", VD_GET, VD_ROUTE_ALERT_SHOW, VD_NEEDS_SESSION | VD_NEEDS_PG},
    CHANGE("acknowledge"),
    CHANGE("take"),
    CHANGE("release"),
    CHANGE("assign"),
    CHANGE("dispatch"),
    CHANGE("note"),
    CHANGE("shelve"),
    CHANGE("unshelve"),
    CHANGE("resolve"),
    CHANGE("reopen"),
    {"/api/v1/units", VD_GET, VD_ROUTE_UNIT_LIST, VD_NEEDS_SESSION},
    {"/api/v1/cameras", VD_GET, VD_ROUTE_CAMERA_LIST, VD_NEEDS_SESSION},
    {"/api/v1/media/{id}", VD_GET, VD_ROUTE_MEDIA, VD_NEEDS_SESSION},
    {"/api/v1/status", VD_GET, VD_ROUTE_STATUS, VD_NEEDS_SESSION},
    {"/api/v1/stream", VD_GET, VD_ROUTE_STREAM, VD_NEEDS_SESSION},
    {"/api/v1/live", VD_GET, VD_ROUTE_LIVE, VD_NEEDS_SESSION},
};

static const char *const names[VD_N_ROUTES] = {
    [VD_ROUTE_ASSET] = "asset",
    [VD_ROUTE_HEALTH] = "health",
    [VD_ROUTE_METRICS] = "metrics",
    [VD_ROUTE_SESSION_OPEN] = "session-open",
    [VD_ROUTE_SESSION_SHOW] = "session-show",
    [VD_ROUTE_SESSION_CLOSE] = "session-close",
    [VD_ROUTE_ALERT_LIST] = "alert-list",
    [VD_ROUTE_ALERT_SHOW] = "alert-show",
    [VD_ROUTE_ALERT_CHANGE] = "alert-change",
    [VD_ROUTE_UNIT_LIST] = "unit-list",
    [VD_ROUTE_CAMERA_LIST] = "camera-list",
    [VD_ROUTE_MEDIA] = "media",
    [VD_ROUTE_STATUS] = "status",
    [VD_ROUTE_STREAM] = "stream",
    [VD_ROUTE_LIVE] = "live",
};

const char *vd_route_name(enum vd_route route)
{
    return names[route];
}

int vd_percent_decode(const char *text, size_t len, bool is_form, char *ret_text, size_t size)
{
    size_t out = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '%') {
            int high = i + 2 < len ? vd_hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? vd_hex_digit(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return VD_EPROTO;
            c = (unsigned char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && is_form) {
            c = ' ';
        }
        if (c < 0x20 || c == 0x7f || out + 1 >= size)
            return VD_EPROTO;
        ret_text[out++] = (char)c;
    }
    if (out >= size || !vd_str_is_utf8(ret_text, out))
        return VD_EPROTO;
    ret_text[out] = '\0';
    return (int)out;
}

static int decode_pair(const char *text, size_t len, struct vd_query *query)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - text) : len;
    struct vd_pair *pair = &query->pairs[query->n];
    size_t room = sizeof query->text - query->used, max = VD_QUERY_VALUE_MAX + 1;
    int value_len = 0;

    if (query->n == VD_QUERY_MAX)
        return VD_EPROTO;
    if (vd_percent_decode(text, name_len, true, pair->name, sizeof pair->name) <= 0)
        return VD_EPROTO;
    pair->value = (uint16_t)query->used;
    if (equals != NULL)
        value_len = vd_percent_decode(equals + 1, len - name_len - 1, true,
                                      query->text + query->used, room < max ? room : max);
    if (value_len < 0)
        return VD_EPROTO;
    query->used += (size_t)value_len;
    query->text[query->used++] = '\0';
    query->n++;
    return 0;
}

static int decode_query(const char *text, struct vd_query *query)
{
    query->n = 0;
    query->used = 0;
    while (*text != '\0') {
        size_t len = strcspn(text, "&");

        if (len > 0 && decode_pair(text, len, query) < 0)
            return VD_EPROTO;
        text += len + (text[len] == '&');
    }
    return 0;
}

/* True when path fits the pattern; then id holds, decoded, what stands for {id}. */
static bool fits(const char *pattern, const char *path, size_t len, char *id, size_t size)
{
    const char *end = path + len;

    while (*pattern != '\0') {
        if (strncmp(pattern, "{id}", 4) == 0) {
            const char *slash = memchr(path, '/', (size_t)(end - path));
            size_t part = (size_t)((slash != NULL ? slash : end) - path);

            if (vd_percent_decode(path, part, false, id, size) <= 0)
                return false;
            path += part;
            pattern += 4;
        } else if (path < end && *path == *pattern) {
            path++;
            pattern++;
        } else {
            return false;
        }
    }
    return path == end;
}

static int method_of(const char *text)
{
    static const char *const known[VD_N_METHODS] = {"GET", "HEAD", "POST", "DELETE"};

    for (int i = 0; i < VD_N_METHODS; i++)
        if (strcmp(text, known[i]) == 0)
            return i;
    return -1;
}

/* Anything outside of the API is looked up among the embedded files, by its whole name. */
static int decode_asset(int method, const char *path, size_t len, struct vd_target *target,
                        unsigned *ret_allow)
{
    *ret_allow = METHOD(VD_GET) | METHOD(VD_HEAD);
    if (vd_percent_decode(path + 1, len - 1, false, target->id, sizeof target->id) < 0)
        return VD_ROUTE_NONE;
    if (method != VD_GET && method != VD_HEAD)
        return VD_ROUTE_METHOD;
    target->route = VD_ROUTE_ASSET;
    target->needs = VD_IS_PUBLIC;
    return 0;
}

static int decode_path(int method, const char *path, size_t len, struct vd_target *target,
                       unsigned *ret_allow)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *row = &rows[i];

        target->id[0] = '\0';
        if (!fits(row->pattern, path, len, target->id, sizeof target->id))
            continue;
        *ret_allow |= METHOD(row->method);
        if (row->method == VD_GET)
            *ret_allow |= METHOD(VD_HEAD);
        if ((int)row->method != method && !(row->method == VD_GET && method == VD_HEAD))
            continue;
        target->route = row->route;
        target->needs = row->needs;
        target->word = strrchr(row->pattern, '/') + 1;
        return 0;
    }
    if (*ret_allow != 0)
        return VD_ROUTE_METHOD;
    if (len >= 5 && memcmp(path, "/api/", 5) == 0)
        return VD_ROUTE_NONE;
    return decode_asset(method, path, len, target, ret_allow);
}

int vd_route_decode(const char *method, const char *target, struct vd_target *ret_target,
                    unsigned *ret_allow)
{
    struct vd_target found = {.route = VD_ROUTE_ASSET, .word = ""};
    size_t path_len = strcspn(target, "?");
    int verb = method_of(method);
    int rc;

    *ret_allow = 0;
    if (strlen(target) > VD_TARGET_MAX)
        return VD_ROUTE_TOO_LONG;
    if (target[0] != '/' || strchr(target, '#') != NULL)
        return VD_ROUTE_BAD;
    if (verb < 0)
        return VD_ROUTE_NO_METHOD;
    rc = decode_path(verb, target, path_len, &found, ret_allow);
    if (rc != 0)
        return rc;
    if (target[path_len] == '?' && decode_query(target + path_len + 1, &found.query) < 0)
        return VD_ROUTE_BAD;
    *ret_target = found;
    return 0;
}

const char *vd_query_get(const struct vd_query *query, const char *name)
{
    for (int i = 0; i < query->n; i++)
        if (strcmp(query->pairs[i].name, name) == 0)
            return query->text + query->pairs[i].value;
    return NULL;
}

bool vd_host_is_local(const char *host)
{
    static const char local[] = "localhost";
    char name[256];
    bool is_v6 = host[0] == '[';
    size_t len = strcspn(host + is_v6, is_v6 ? "]" : ":"), tail = sizeof local - 1;
    const char *port = host + is_v6 + len;
    struct in6_addr addr;

    if (len >= sizeof name || (is_v6 && *port++ != ']') || (*port != '\0' && *port != ':'))
        return false;
    memcpy(name, host + is_v6, len);
    name[len] = '\0';
    if (inet_pton(is_v6 ? AF_INET6 : AF_INET, name, &addr) == 1)
        return true;
    return len >= tail && strcasecmp(name + len - tail, local) == 0 &&
           (len == tail || name[len - tail - 1] == '.');
}
