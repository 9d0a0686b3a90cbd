/* alerts/api/search.h: what a search for alerts asks for, as text in a query. Pure. */
#ifndef VD_ALERTS_API_SEARCH_H
#define VD_ALERTS_API_SEARCH_H

#include <stdbool.h>

#include "alerts/api/route.h"
#include "storage/pg/alerts.h"

enum { VD_SEARCH_LIMIT_MAX = 200, VD_CURSOR_TEXT = 80 };

/* A search with the texts its filter points to: do not copy or move it. */
struct vd_search {
    struct vd_alert_filter filter;
    struct vd_query query;
    char states[4][16];
    char before_id[37];
    bool is_live; /* just the unresolved ones, nothing else asked: answered from memory */
};

/* Reads state (comma-separated, or "unresolved"), severity, camera, area, owner, q, from, to
 * (RFC 3339), order (newest, urgent), cursor and limit. Unknown names are refused, so that a
 * misspelt filter does not show everything. Returns 0 or VD_EPROTO with what is wrong in *err.
 */
int vd_search_decode(const struct vd_query *query, struct vd_search *ret_search,
                     struct vd_err *err);

/* The cursor behind an alert: "<opened_us>.<id>". */
void vd_cursor_encode(int64_t opened_us, const char *id, char text[VD_CURSOR_TEXT]);

#endif
