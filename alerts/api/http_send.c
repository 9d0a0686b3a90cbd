/* Answers on their way out, with the headers that keep a browser from being fooled. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/http_inner.h"

/* Nothing inline, nothing from elsewhere, no frame around us; lit's templates are the only text
 * that may become HTML. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types lit-html";

void vd_http_secure(struct MHD_Response *response, bool is_tls)
{
    static const char *const headers[][2] = {
        {"Content-Security-Policy", policy},
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()"},
    };

    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        MHD_add_response_header(response, headers[i][0], headers[i][1]);
    if (is_tls)
        MHD_add_response_header(response, "Strict-Transport-Security", "max-age=31536000");
}

static void add_allow(struct MHD_Response *response, unsigned allow)
{
    static const char *const names[VD_N_METHODS] = {"GET", "HEAD", "POST", "DELETE"};
    char text[40] = "";
    size_t len = 0;

    for (int i = 0; i < VD_N_METHODS; i++)
        if (allow & (1u << i))
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? ", " : "",
                                    names[i]);
    MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, text);
}

static void add_headers(struct MHD_Response *response, const struct vd_reply *reply)
{
    char number[24];

    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                            reply->is_immutable ? "private, max-age=31536000, immutable"
                                                : "no-store");
    if (reply->type != NULL)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type);
    if (reply->is_gzip) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
    }
    if (reply->has_ranges)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ACCEPT_RANGES, "bytes");
    if (reply->content_range[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_RANGE, reply->content_range);
    if (reply->etag[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, reply->etag);
    if (reply->set_cookie[0] != '\0')
        MHD_add_response_header(response, MHD_HTTP_HEADER_SET_COOKIE, reply->set_cookie);
    if (reply->allow != 0)
        add_allow(response, reply->allow);
    if (reply->retry_after_s > 0) {
        snprintf(number, sizeof number, "%d", reply->retry_after_s);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, number);
    }
}

enum MHD_Result vd_http_send_reply(struct vd_request *req)
{
    struct vd_reply *reply = &req->reply;
    struct MHD_Response *response;
    enum MHD_Result rc;

    if (reply->lent != NULL) {
        response = MHD_create_response_from_buffer(reply->len, (void *)(uintptr_t)reply->lent,
                                                   MHD_RESPMEM_PERSISTENT);
    } else {
        response = MHD_create_response_from_buffer(
            reply->body != NULL ? reply->len : 0,
            reply->body != NULL ? reply->body : (void *)"",
            reply->body != NULL ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
        if (response != NULL)
            reply->body = NULL; /* MHD's now */
    }
    if (response == NULL)
        return MHD_NO;
    vd_http_secure(response, req->is_tls);
    add_headers(response, reply);
    rc = MHD_queue_response(req->connection,
                            (unsigned)(reply->status != 0 ? reply->status : 500), response);
    MHD_destroy_response(response);
    return rc;
}
