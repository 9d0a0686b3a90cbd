/* /metrics: the console's own, how the cameras are, and what router and workers count. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/api/api_inner.h"
#include "base/event.h"
#include "base/str.h"

enum {
    OWN_MAX = 32 * 1024,
    CAMERA_MAX = 3 * VD_ID_MAX + 64, /* bytes of a camera's line, its area among them */
    ROUTER_MAX = 1024 * 1024,        /* of the router's answer */
    STATES_MAX = 16
};

static const int64_t ANSWER_US = INT64_C(500000); /* pictures wait behind us meanwhile */

/* The router's answer to {"op":"metrics"} added to out. Nothing when it does not come. */
static void add_router(const struct vd_api *api, FILE *out)
{
    struct vd_sock_opts opts = {.type = VD_SOCK_DEALER,
                                .endpoint = api->opts.replay,
                                .keys = api->opts.keys,
                                .message_bytes = ROUTER_MAX + 4096};
    static const char question[] = "{\"op\":\"metrics\"}";
    struct vd_part part = {question, sizeof question - 1}, parts[VD_BUS_PARTS_MAX];
    struct vd_sock *sock = NULL;

    if (vd_sock_open(&sock, api->opts.bus, &opts, NULL) == 0 &&
        vd_sock_send(sock, &part, 1, NULL) == 0) {
        struct vd_poll poll = {.sock = sock};
        int n = vd_bus_poll(&poll, 1, ANSWER_US) > 0 ? vd_sock_recv(sock, parts, NULL) : 0;

        if (n == 3 && parts[0].len == 7 && memcmp(parts[0].data, "metrics", 7) == 0)
            (void)fwrite(parts[2].data, 1, parts[2].len, out);
    }
    vd_sock_close(&sock);
}

/* How many cameras are in each state. */
struct census {
    const char *states[STATES_MAX];
    int counts[STATES_MAX], n;
};

static void count(struct census *census, const char *state)
{
    int i = 0;

    while (i < census->n && strcmp(census->states[i], state) != 0)
        i++;
    if (i == STATES_MAX)
        return;
    census->n += i == census->n;
    census->states[i] = state;
    census->counts[i]++;
}

/* Ids and area codes need no quoting: they are of [a-z0-9-] and '/'. */
static void add_cameras(const struct vd_api *api, FILE *out)
{
    const struct vd_who anybody = {.n_areas = 0};
    struct vd_json *list = vd_hub_cameras_json(api->hub, &anybody);
    struct census census = {.n = 0};

    (void)fputs("# HELP vedette_camera_online 1 while pictures come and are looked at; of "
                "cameras that are enabled.\n# TYPE vedette_camera_online gauge\n",
                out);
    for (size_t i = 0; i < vd_json_count(list); i++) {
        const struct vd_json *camera = vd_json_at(list, i);
        const char *id = vd_json_get_text(camera, "id"),
                   *state = vd_json_get_text(camera, "state");
        const char *area = vd_json_get_text(camera, "area");
        bool is_enabled = false;

        if (!vd_json_as_bool(vd_json_get(camera, "enabled"), &is_enabled) || !is_enabled)
            continue;
        state = state != NULL && state[0] != '\0' ? state : "unknown";
        count(&census, state);
        fprintf(out, "vedette_camera_online{camera=\"%s\",area=\"%s\"} %d\n", id,
                area != NULL ? area : "", strcmp(state, "online") == 0);
    }
    (void)fputs("# HELP vedette_cameras Cameras that are enabled, by state.\n"
                "# TYPE vedette_cameras gauge\n",
                out);
    for (int i = 0; i < census.n; i++)
        fprintf(out, "vedette_cameras{state=\"%s\"} %d\n", census.states[i], census.counts[i]);
    vd_json_free(&list);
}

/* A fresh text, the caller's; NULL: no memory. */
static char *print_all(struct vd_api *api, size_t *ret_len)
{
    char own[OWN_MAX], *text = NULL;
    FILE *out = open_memstream(&text, ret_len);

    if (out == NULL)
        return NULL;
    (void)fwrite(own, 1, vd_metrics_print(api->metrics, VD_N_API_METRICS, own, sizeof own),
                 out);
    add_cameras(api, out);
    if (vd_hub_get_status(api->hub).has_router)
        add_router(api, out);
    if (ferror(out) != 0 || fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

enum vd_place vd_do_metrics(struct vd_api *api, struct vd_request *req, struct vd_pg *pg,
                            enum vd_place place)
{
    bool is_allowed = req->is_loopback;
    char *text;
    size_t len;

    (void)pg;
    if (api->metrics_token.text != NULL && strlen(req->bearer) == api->metrics_token.len &&
        vd_secret_equal(req->bearer, api->metrics_token.text, api->metrics_token.len))
        is_allowed = true;
    if (!is_allowed)
        return vd_api_refuse(req, VD_FORBIDDEN,
                             "Metrics are for this machine, or for the bearer of the token in "
                             "console.metrics_token_file.");
    if (place != VD_ON_MEDIA)
        return VD_ON_MEDIA; /* that thread asks others: sockets, and a wait */
    text = print_all(api, &len);
    if (text == NULL)
        return vd_api_refuse(req, VD_BUSY, NULL);
    vd_reply_text(&req->reply, 200, "text/plain; version=0.0.4", text, len);
    return VD_DONE;
}
