#include "alerts/api/reply.h"

#include <stdlib.h>
#include <string.h>

struct row {
    int status;
    const char *name, *message, *advice;
};

static const struct row rows[VD_N_PROBLEM_CODES] = {
    [VD_BAD_REQUEST] = {400, "bad-request", "The request can't be understood.",
                        "Check the address and its query."},
    [VD_BAD_BODY] = {400, "bad-body", "The body is not the JSON that is expected here.",
                     "Send one JSON object with the documented keys."},
    [VD_NOT_SIGNED_IN] = {401, "not-signed-in", "Nobody is signed in here.", "Sign in."},
    [VD_BAD_CSRF] = {403, "bad-csrf-token",
                     "The change does not come from this console's page.",
                     "Reload the page; programs send the session's token in X-CSRF-Token."},
    [VD_FORBIDDEN] = {403, "forbidden", "This account may not do that.",
                      "Ask an administrator."},
    [VD_WRONG_HOST] = {421, "wrong-host",
                       "This console answers to localhost and to its address only.",
                       "Open it as 127.0.0.1; for a name of its own set console.tls or "
                       "console.behind_proxy."},
    [VD_NOT_FOUND] = {404, "not-found", "There is nothing of that name.",
                      "It may have been removed, or the address is misspelt."},
    [VD_METHOD_NOT_ALLOWED] = {405, "method-not-allowed",
                               "That can't be done with this address.",
                               "The header Allow says what can."},
    [VD_NOT_ALLOWED_NOW] = {409, "not-allowed-now", "The alert's state does not allow that.",
                            "Look at its present state."},
    [VD_STALE_VERSION] = {409, "stale-version", "Somebody else changed the alert meanwhile.",
                          "Look at its present state, then decide anew."},
    [VD_VERSION_NEEDED] = {428, "version-needed",
                           "A change names the version that it was made from.",
                           "Send it as If-Match: \"7\" or as {\"version\":7}."},
    [VD_BODY_TOO_LARGE] = {413, "body-too-large", "The body is over 64 KiB.", "Send less."},
    [VD_HEADER_TOO_LARGE] = {431, "header-too-large", "The header is over 16 KiB.",
                             "Delete this site's cookies and try again."},
    [VD_TARGET_TOO_LONG] = {414, "target-too-long", "The address is over 2048 bytes.",
                            "Ask for less at once."},
    [VD_TOO_MANY_ATTEMPTS] =
        {429, "too-many-attempts", "Too many failed attempts to sign in.",
         "Wait as long as Retry-After says; an administrator can give a new "
         "password with: vedette user reset-password NAME"},
    [VD_WRONG_PASSWORD] = {401, "wrong-password", "Name or password is wrong.",
                           "Try again; an administrator can give a new password with: vedette "
                           "user reset-password NAME"},
    [VD_NOT_IMPLEMENTED] = {501, "not-implemented", "This method is not spoken here.",
                            "Use GET, POST or DELETE."},
    [VD_MEDIA_GONE] = {404, "media-gone", "The picture or clip is no longer kept.",
                       "Retention deletes them by age and by space."},
    [VD_MEDIA_UNREACHABLE] = {503, "media-unreachable",
                              "No ingest worker answers for the picture or clip.",
                              "Try again in some seconds; see that the workers run."},
    [VD_RANGE_BEYOND] = {416, "range-beyond", "It is not that long.",
                         "Ask for bytes within what Content-Range says."},
    [VD_BUSY] = {503, "busy", "The console has more to do than it can.",
                 "Try again in some seconds."},
    [VD_DATABASE_GONE] = {503, "database-gone", "The database does not answer.",
                          "What is shown stays readable; try the change again when the red "
                          "banner is gone."},
    [VD_STREAMS_FULL] = {503, "streams-full", "Too many pages are open.",
                         "Close a page that nobody looks at."},
    [VD_INTERNAL] = {500, "internal", "Something went wrong inside the console.",
                     "Its log says what."},
};

const char *vd_problem_name(enum vd_problem_code code)
{
    return rows[code].name;
}

int vd_problem_status(enum vd_problem_code code)
{
    return rows[code].status;
}

void vd_reply_fini(struct vd_reply *reply)
{
    free(reply->body);
    *reply = (struct vd_reply){0};
}

void vd_reply_text(struct vd_reply *reply, int status, const char *type, char *text, size_t len)
{
    free(reply->body);
    reply->status = status;
    reply->type = type;
    reply->body = text;
    reply->len = len;
}

void vd_reply_empty(struct vd_reply *reply, int status)
{
    vd_reply_text(reply, status, NULL, NULL, 0);
}

void vd_reply_json(struct vd_reply *reply, int status, struct vd_json *doc)
{
    size_t len = 0;
    char *text = doc != NULL ? vd_json_dump(doc, &len) : NULL;

    vd_json_free(&doc);
    if (text == NULL)
        vd_reply_empty(reply, 500);
    else
        vd_reply_text(reply, status, "application/json", text, len);
}

void vd_reply_problem(struct vd_reply *reply, enum vd_problem_code code, const char *detail,
                      struct vd_json *current)
{
    const struct row *row = &rows[code];
    struct vd_json *doc = vd_json_object();
    struct vd_json *error = vd_json_object();

    if (vd_json_set(error, "code", vd_json_text(row->name)) < 0 ||
        vd_json_set(error, "message", vd_json_text(detail != NULL ? detail : row->message)) <
            0 ||
        vd_json_set(error, "advice", vd_json_text(row->advice)) < 0 ||
        (current != NULL && vd_json_set(error, "current", vd_json_copy(current)) < 0) ||
        vd_json_set(doc, "error", vd_json_copy(error)) < 0)
        vd_json_free(&doc);
    vd_json_free(&error);
    vd_json_free(&current);
    vd_reply_json(reply, row->status, doc);
}
