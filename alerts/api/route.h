/* alerts/api/route.h: what a request line asks for. Pure: text in, a decision out; tables
 * decide. The raw target of the request is decoded here and nowhere else, so that no layer
 * below can disagree about what "%2e%2e" means. */
#ifndef VD_ALERTS_API_ROUTE_H
#define VD_ALERTS_API_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum vd_method { VD_GET, VD_HEAD, VD_POST, VD_DELETE, VD_N_METHODS };

enum vd_route {
    VD_ROUTE_ASSET, /* the page: "/" and everything that is not below /api, found by name */
    VD_ROUTE_HEALTH,
    VD_ROUTE_METRICS,
    VD_ROUTE_SESSION_OPEN,
    VD_ROUTE_SESSION_SHOW,
    VD_ROUTE_SESSION_CLOSE,
    VD_ROUTE_ALERT_LIST,
    VD_ROUTE_ALERT_SHOW,
    VD_ROUTE_ALERT_CHANGE, /* target.word says which */
    VD_ROUTE_UNIT_LIST,
    VD_ROUTE_CAMERA_LIST,
    VD_ROUTE_MEDIA,
    VD_ROUTE_STATUS,
    VD_ROUTE_STREAM,
    VD_ROUTE_LIVE,
    VD_N_ROUTES
};

/* What stands between a request and its handler. */
enum {
    VD_NEEDS_SESSION = 1 << 0, /* a valid session cookie, else 401 */
    VD_NEEDS_CSRF = 1 << 1,    /* the session's token in X-CSRF-Token, else 403: every change */
    VD_NEEDS_PG = 1 << 2,      /* answered on a thread that has a database connection */
    VD_IS_PUBLIC = 1 << 3,     /* answered to anybody: the page and the health of the process */
};

enum {
    VD_TARGET_MAX = 2048,
    VD_ROUTE_ID_MAX = 127,
    VD_QUERY_MAX = 16,
    VD_QUERY_VALUE_MAX = 1100 /* room for sixteen cameras */
};

struct vd_pair {
    char name[24];
    uint16_t value; /* where it begins in the query's text */
};

/* Names and values of the query, percent-decoded, valid UTF-8 without control characters. */
struct vd_query {
    struct vd_pair pairs[VD_QUERY_MAX];
    int n;
    size_t used; /* of text: values, each with its NUL */
    char text[VD_TARGET_MAX + VD_QUERY_MAX];
};

struct vd_target {
    enum vd_route route;
    unsigned needs;   /* bits above */
    const char *word; /* the last part of the path's pattern, static: "acknowledge" */
    char id[VD_ROUTE_ID_MAX +
            1]; /* what stands for {id}; of an asset its path without the '/' */
    struct vd_query query;
};

/* What went wrong, as the status to answer with. */
enum vd_route_fault {
    VD_ROUTE_BAD = 400,       /* not decodable, or a query that breaks a limit */
    VD_ROUTE_NONE = 404,      /* nothing lives there */
    VD_ROUTE_METHOD = 405,    /* something does, with other methods */
    VD_ROUTE_TOO_LONG = 414,  /* over VD_TARGET_MAX */
    VD_ROUTE_NO_METHOD = 501, /* a method we do not speak */
};

/* Decodes "GET", "/api/v1/alerts?state=open". Returns 0, or a vd_route_fault with *ret_target
 * untouched; *ret_allow (a bit per enum vd_method) then says what VD_ROUTE_METHOD would take.
 */
int vd_route_decode(const char *method, const char *target, struct vd_target *ret_target,
                    unsigned *ret_allow);

/* The value of the first pair of that name, or NULL. */
const char *vd_query_get(const struct vd_query *query, const char *name);

/* A fresh label for metrics and logs: "alert-list". Static. */
const char *vd_route_name(enum vd_route route);

/* Percent-decodes len bytes of text; a '+' is a blank when is_form. Returns the length (a NUL
 * follows), or VD_EPROTO for a bad escape, a control character, bytes that are no UTF-8, or
 * more than size - 1 bytes. */
int vd_percent_decode(const char *text, size_t len, bool is_form, char *ret_text, size_t size);

/* Whether a Host header names this machine by address, or as localhost. A page from elsewhere
 * can have its own name resolved to 127.0.0.1, but never such a one. */
bool vd_host_is_local(const char *host);

#endif
