/* tests/camsim/front.c: accepts, looks at the first request without taking it, and hands the
 * socket to the server of the camera it names; faults of the connection are spoken here. */
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/camsim/sim.h"

enum {
    LINE_MAX_BYTES = 2048,
    RETRY_MS = 20, /* a request that came in pieces is looked at again after that */
    TRIES = 500,
};

/* A connection that belongs to no server (yet). */
struct talk {
    struct sim *sim;
    struct camera *cam; /* NULL: not known yet */
    GSocket *socket;
    GSource *source;
    enum vd_fault_kind kind;
    int tries;
    size_t len;
    char text[LINE_MAX_BYTES + 1];
};

static void talk_end(struct talk *t)
{
    t->sim->talks = g_list_remove(t->sim->talks, t);
    if (t->source != NULL) {
        g_source_destroy(t->source);
        g_source_unref(t->source);
    }
    if (t->socket != NULL) {
        g_socket_close(t->socket, NULL);
        g_object_unref(t->socket);
    }
    g_free(t);
}

static void reset_socket(GSocket *socket)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    struct sockaddr nowhere = {.sa_family = AF_UNSPEC};

    setsockopt(g_socket_get_fd(socket), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    /* breaks the connection at once, whoever else holds the descriptor */
    (void)connect(g_socket_get_fd(socket), &nowhere, sizeof nowhere);
}

static void send_text(struct talk *t, const char *text)
{
    g_socket_send(t->socket, text, strlen(text), NULL, NULL);
}

static const char *status_line(enum vd_fault_kind kind)
{
    switch (kind) {
    case VD_FAULT_401:
        return "401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"camera\", "
               "nonce=\"7d3c1f0a9b5e4c26\"";
    case VD_FAULT_404:
        return "404 Stream Not Found";
    case VD_FAULT_453:
        return "453 Not Enough Bandwidth";
    default:
        return "503 Service Unavailable\r\nRetry-After: 5";
    }
}

static void answer(struct talk *t)
{
    static const char nonsense[] =
        "v=0\r\no=- 1 1 IN IP4 \r\nm=video zero RTP/XYZ\r\nm=\r\na=rtpmap:"
        "999999999999 H264/0\r\na=fmtp:;;;=\r\n\xff\xfe\r\n";
    const char *at = strcasestr(t->text, "\ncseq:");
    int cseq = at != NULL ? (int)strtol(at + 6, NULL, 10) : 0;
    char out[1024];

    if (t->kind != VD_FAULT_BAD_SDP) {
        snprintf(out, sizeof out, "RTSP/1.0 %s\r\nCSeq: %d\r\n\r\n", status_line(t->kind),
                 cseq);
    } else if (strncmp(t->text, "DESCRIBE", 8) == 0) {
        snprintf(out, sizeof out,
                 "RTSP/1.0 200 OK\r\nCSeq: %d\r\nContent-Type: application/sdp\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 cseq, strlen(nonsense), nonsense);
    } else if (strncmp(t->text, "OPTIONS", 7) == 0) {
        snprintf(out, sizeof out,
                 "RTSP/1.0 200 OK\r\nCSeq: %d\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY, "
                 "TEARDOWN\r\n\r\n",
                 cseq);
    } else {
        snprintf(out, sizeof out, "RTSP/1.0 400 Bad Request\r\nCSeq: %d\r\n\r\n", cseq);
    }
    send_text(t, out);
}

/* The other end said something to a camera that has a fault. */
static gboolean on_speech(GSocket *socket, GIOCondition condition, gpointer arg)
{
    static const char page[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: "
        "close\r\n\r\n<html><head><title>"
        "IP CAMERA</title></head><body><h1>Please log in</h1></body></html>\r\n";
    struct talk *t = arg;
    gssize n = g_socket_receive(socket, t->text + t->len, LINE_MAX_BYTES - t->len, NULL, NULL);
    char *end;

    (void)condition;
    if (n <= 0) {
        talk_end(t);
        return G_SOURCE_REMOVE;
    }
    t->len += (size_t)n;
    t->text[t->len] = '\0';
    if (t->kind == VD_FAULT_HTML) {
        send_text(t, page);
        talk_end(t);
        return G_SOURCE_REMOVE;
    }
    while ((end = strstr(t->text, "\r\n\r\n")) != NULL && t->kind != VD_FAULT_SILENT) {
        size_t used = (size_t)(end + 4 - t->text);

        answer(t);
        memmove(t->text, t->text + used, t->len - used + 1);
        t->len -= used;
    }
    if (t->len == LINE_MAX_BYTES || t->kind == VD_FAULT_SILENT)
        t->len = 0;
    return G_SOURCE_CONTINUE;
}

static void watch(struct talk *t, GSocketSourceFunc fn)
{
    if (t->source != NULL) {
        g_source_destroy(t->source);
        g_source_unref(t->source);
    }
    t->source = g_socket_create_source(t->socket, G_IO_IN | G_IO_HUP, NULL);
    g_source_set_callback(t->source, G_SOURCE_FUNC(fn), t, NULL);
    g_source_attach(t->source, NULL);
}

/* rtsp://host:port/ID/… or /ID; NULL if no camera is named. */
static struct camera *named(struct sim *sim, const char *request)
{
    const char *at = strchr(request, ' ');
    char id[VD_CAMSIM_ID_MAX + 1];
    size_t len;

    if (at == NULL)
        return NULL;
    at++;
    if (strncasecmp(at, "rtsp://", 7) == 0)
        at = strpbrk(at + 7, "/ ");
    if (at == NULL || *at != '/')
        return NULL;
    len = strcspn(at + 1, "/? \r\n");
    if (len > VD_CAMSIM_ID_MAX)
        return NULL;
    memcpy(id, at + 1, len);
    id[len] = '\0';
    return sim_find(sim, id);
}

static void hand_over(struct talk *t, GstRTSPServer *server)
{
    GSocketAddress *peer = g_socket_get_remote_address(t->socket, NULL);
    char *ip = NULL;
    int port = 0;

    if (peer != NULL && G_IS_INET_SOCKET_ADDRESS(peer)) {
        ip = g_inet_address_to_string(
            g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(peer)));
        port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(peer));
        gst_rtsp_server_transfer_connection(server, g_object_ref(t->socket), ip, port, NULL);
        g_object_unref(t->socket);
        t->socket = NULL;
    }
    g_free(ip);
    g_clear_object(&peer);
    talk_end(t);
}

/* Sends a connection to where it belongs, now that its camera is known (or known to be none).
 */
static void place(struct talk *t)
{
    uint64_t sent;
    int feeds;
    struct vd_fault fault = {0};

    if (t->cam != NULL)
        pacer_look(t->sim->pacer, t->cam, &fault, &feeds, &sent);
    if (!vd_fault_is_front(fault.kind)) {
        hand_over(t, t->cam != NULL ? t->cam->server : t->sim->lobby);
        return;
    }
    t->kind = fault.kind;
    if (t->kind == VD_FAULT_REFUSE) {
        reset_socket(t->socket);
        talk_end(t);
        return;
    }
    t->len = 0;
    watch(t, on_speech);
}

static gboolean on_request(GSocket *socket, GIOCondition condition, gpointer arg);

static gboolean on_retry(gpointer arg)
{
    struct talk *t = arg;

    watch(t, on_request);
    return G_SOURCE_REMOVE;
}

static gboolean on_request(GSocket *socket, GIOCondition condition, gpointer arg)
{
    struct talk *t = arg;
    ssize_t n = recv(g_socket_get_fd(socket), t->text, LINE_MAX_BYTES, MSG_PEEK | MSG_DONTWAIT);

    (void)condition;
    if (n <= 0 || ++t->tries > TRIES) {
        talk_end(t);
        return G_SOURCE_REMOVE;
    }
    t->text[n] = '\0';
    if (strchr(t->text, '\n') != NULL || n == LINE_MAX_BYTES) {
        t->cam = named(t->sim, t->text);
        place(t);
        return G_SOURCE_REMOVE;
    }
    g_source_destroy(t->source);
    g_source_unref(t->source);
    t->source = g_timeout_source_new(RETRY_MS);
    g_source_set_callback(t->source, on_retry, t, NULL);
    g_source_attach(t->source, NULL);
    return G_SOURCE_REMOVE;
}

struct door {
    struct sim *sim;
    struct camera *cam; /* whose own it is, or NULL */
};

static gboolean on_accept(GSocket *listener, GIOCondition condition, gpointer arg)
{
    struct door *door = arg;
    GSocket *socket = g_socket_accept(listener, NULL, NULL);
    struct talk *t;

    (void)condition;
    if (socket == NULL)
        return G_SOURCE_CONTINUE;
    t = g_new0(struct talk, 1);
    t->sim = door->sim;
    t->cam = door->cam;
    t->socket = socket;
    g_socket_set_blocking(socket, FALSE);
    t->sim->talks = g_list_prepend(t->sim->talks, t);
    if (t->cam != NULL)
        place(t);
    else
        watch(t, on_request);
    return G_SOURCE_CONTINUE;
}

static int listen_on(struct sim *sim, struct camera *cam, int *port, GSocket **ret_socket,
                     GSource **ret_source, struct vd_err *err)
{
    GSocketAddress *address = g_inet_socket_address_new_from_string(sim->bind, (guint)*port);
    GSocket *s = NULL;
    GError *why = NULL;
    struct door *door;

    if (address == NULL)
        return vd_err_set(err, VD_EINVAL, "listen: '%s' is no address", sim->bind);
    s = g_socket_new(g_socket_address_get_family(address), G_SOCKET_TYPE_STREAM,
                     G_SOCKET_PROTOCOL_TCP, &why);
    if (s == NULL || !g_socket_bind(s, address, TRUE, &why) || !g_socket_listen(s, &why)) {
        vd_err_set(err, VD_EIO, "listen on %s:%d: %s", sim->bind, *port, why->message);
        g_clear_error(&why);
        g_clear_object(&s);
        g_object_unref(address);
        return VD_EIO;
    }
    g_object_unref(address);
    address = g_socket_get_local_address(s, NULL);
    *port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(address));
    g_object_unref(address);
    g_socket_set_blocking(s, FALSE);
    door = g_new0(struct door, 1);
    door->sim = sim;
    door->cam = cam;
    *ret_source = g_socket_create_source(s, G_IO_IN, NULL);
    g_source_set_callback(*ret_source, G_SOURCE_FUNC(on_accept), door, g_free);
    g_source_attach(*ret_source, NULL);
    *ret_socket = s;
    return 0;
}

int front_open(struct sim *sim, struct vd_err *err)
{
    int rc = listen_on(sim, NULL, &sim->port, &sim->listener, &sim->listener_source, err);

    for (int i = 0; i < sim->n_cameras && rc >= 0; i++) {
        struct camera *cam = &sim->cameras[i];

        cam->port = cam->spec.port != 0 ? cam->spec.port : sim->port;
        if (cam->spec.port != 0)
            rc = front_listen(cam, err);
    }
    return rc;
}

static void unlisten(GSocket **socket, GSource **source)
{
    if (*socket == NULL)
        return;
    g_source_destroy(*source);
    g_source_unref(*source);
    g_socket_close(*socket, NULL);
    g_clear_object(socket);
    *source = NULL;
}

int front_listen(struct camera *cam, struct vd_err *err)
{
    if (cam->spec.port == 0 || cam->listener != NULL)
        return 0;
    return listen_on(cam->sim, cam, &cam->port, &cam->listener, &cam->listener_source, err);
}

void front_unlisten(struct camera *cam)
{
    unlisten(&cam->listener, &cam->listener_source);
}

void front_close(struct sim *sim)
{
    unlisten(&sim->listener, &sim->listener_source);
    for (int i = 0; i < sim->n_cameras; i++) {
        front_unlisten(&sim->cameras[i]);
        front_cut(&sim->cameras[i], false);
    }
    while (sim->talks != NULL)
        talk_end(sim->talks->data);
}

void front_hang_up(struct camera *cam)
{
    for (GList *at = cam->sim->talks; at != NULL;) {
        struct talk *t = at->data;

        at = at->next;
        if (t->cam == cam)
            talk_end(t);
    }
}

static GSocket *socket_of(GstRTSPClient *client)
{
    GstRTSPConnection *c = gst_rtsp_client_get_connection(client);

    return c != NULL ? gst_rtsp_connection_get_read_socket(c) : NULL;
}

static GstRTSPFilterResult cut_one(GstRTSPServer *server, GstRTSPClient *client, gpointer arg)
{
    GSocket *socket = socket_of(client);

    (void)server;
    if (*(bool *)arg && socket != NULL)
        reset_socket(socket);
    return GST_RTSP_FILTER_REMOVE;
}

void front_cut(struct camera *cam, bool reset)
{
    gst_rtsp_server_client_filter(cam->server, cut_one, &reset);
}

static GstRTSPFilterResult soil_one(GstRTSPServer *server, GstRTSPClient *client, gpointer arg)
{
    GBytes *rubbish = arg;
    GSocket *socket = socket_of(client);
    gsize len;
    const void *bytes = g_bytes_get_data(rubbish, &len);

    (void)server;
    if (socket != NULL &&
        send(g_socket_get_fd(socket), bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        g_debug("garbage not sent");
    return GST_RTSP_FILTER_KEEP;
}

void front_garbage(struct camera *cam, int n)
{
    guint8 *bytes = g_malloc((gsize)n);
    GBytes *rubbish;

    for (int i = 0; i < n; i++)
        bytes[i] = (guint8)g_random_int();
    rubbish = g_bytes_new_take(bytes, (gsize)n);
    gst_rtsp_server_client_filter(cam->server, soil_one, rubbish);
    g_bytes_unref(rubbish);
}
