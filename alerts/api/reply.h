/* alerts/api/reply.h: an answer as a value, and the one shape of errors:
 * {"error":{"code":"stale-version","message":"…","advice":"…","current":{…}}}. Codes are
 * stable; what a program decides by is the code, never the message. */
#ifndef VD_ALERTS_API_REPLY_H
#define VD_ALERTS_API_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"

enum vd_problem_code {
    VD_BAD_REQUEST,
    VD_BAD_BODY,
    VD_NOT_SIGNED_IN,
    VD_BAD_CSRF,
    VD_FORBIDDEN,
    VD_WRONG_HOST,
    VD_NOT_FOUND,
    VD_METHOD_NOT_ALLOWED,
    VD_NOT_ALLOWED_NOW,
    VD_STALE_VERSION,
    VD_VERSION_NEEDED,
    VD_BODY_TOO_LARGE,
    VD_HEADER_TOO_LARGE,
    VD_TARGET_TOO_LONG,
    VD_TOO_MANY_ATTEMPTS,
    VD_WRONG_PASSWORD,
    VD_NOT_IMPLEMENTED,
    VD_MEDIA_GONE,
    VD_MEDIA_UNREACHABLE,
    VD_RANGE_BEYOND,
    VD_BUSY,
    VD_DATABASE_GONE,
    VD_STREAMS_FULL,
    VD_INTERNAL,
    VD_N_PROBLEM_CODES
};

struct vd_reply {
    int status;       /* 0: not yet answered */
    const char *type; /* Content-Type; static */
    char *body;       /* owned, or NULL */
    size_t len;
    const void *lent;  /* static bytes in place of body, e.g. an embedded file */
    int retry_after_s; /* > 0: Retry-After */
    bool is_immutable; /* may be kept for good by this browser; else no-store */
    bool is_gzip;
    unsigned allow;         /* methods for Allow, a bit per enum vd_method; 0: none */
    bool has_ranges;        /* parts of it can be asked for */
    char content_range[72]; /* "" : none */
    char etag[48];          /* "" : none */
    char set_cookie[256];   /* "" : none */
};

/* Frees the body and zeroes the reply. */
void vd_reply_fini(struct vd_reply *reply);

/* Answers with doc (taken, NULL means memory is out) as JSON. */
void vd_reply_json(struct vd_reply *reply, int status, struct vd_json *doc);

/* Answers with text (taken) of len bytes. */
void vd_reply_text(struct vd_reply *reply, int status, const char *type, char *text,
                   size_t len);

/* Answers with no body. */
void vd_reply_empty(struct vd_reply *reply, int status);

/* Answers with an error. detail, a sentence, replaces the usual message when it is not NULL;
 * current (taken, may be NULL) is the present state of what could not be changed. */
void vd_reply_problem(struct vd_reply *reply, enum vd_problem_code code, const char *detail,
                      struct vd_json *current);

/* The stable name ("stale-version") and its HTTP status. Static. */
const char *vd_problem_name(enum vd_problem_code code);
int vd_problem_status(enum vd_problem_code code);

#endif
