/* tests/camsim/mount.c: a camera's own gst-rtsp-server with its mounts and users. A mount's
 * pipeline begins at an appsrc that the pacer feeds; all its clients share it. */
#include <gst/rtp/gstrtpbuffer.h>
#include <stdio.h>
#include <string.h>

#include "tests/camsim/sim.h"

struct mount {
    struct camera *cam;
    struct vd_asset *asset;
    gint generation; /* of its media; read by clients' threads */
};

/* The stock factory hands a new client the shared media even while the last client's leaving
 * tears it down, and answers 503 then. Ours names media by generation, so that one that began
 * to end is never found again. */
typedef GstRTSPMediaFactory VdFactory;
typedef GstRTSPMediaFactoryClass VdFactoryClass;
static GType vd_factory_get_type(void);
G_DEFINE_TYPE(VdFactory, vd_factory, GST_TYPE_RTSP_MEDIA_FACTORY)

static gchar *name_media(GstRTSPMediaFactory *factory, const GstRTSPUrl *url)
{
    struct mount *m = g_object_get_data(G_OBJECT(factory), "mount");

    (void)url;
    return g_strdup_printf("%d", g_atomic_int_get(&m->generation));
}

static void vd_factory_class_init(VdFactoryClass *class)
{
    class->gen_key = name_media;
}

static void vd_factory_init(VdFactory *factory)
{
    (void)factory;
}

static void on_target_state(GstRTSPMedia *media, GstState state, gpointer arg)
{
    struct mount *m = arg;

    (void)media;
    if (state == GST_STATE_NULL)
        g_atomic_int_inc(&m->generation);
}

static void shift_time(struct camera *cam, GstRTPBuffer *rtp)
{
    guint32 ts = gst_rtp_buffer_get_timestamp(rtp);

    gst_rtp_buffer_set_timestamp(rtp, ts + (guint32)g_atomic_int_get(&cam->shift));
}

/* Changes one RTP packet as the camera's faults say; false: it gets lost. */
static gboolean spoil(struct camera *cam, GstBuffer *buf)
{
    GstRTPBuffer rtp = GST_RTP_BUFFER_INIT;
    gint damage = g_atomic_int_get(&cam->damage);

    if (g_random_int_range(0, 1000) < g_atomic_int_get(&cam->loss))
        return FALSE;
    if (!gst_rtp_buffer_map(buf, GST_MAP_READWRITE, &rtp))
        return TRUE;
    if (g_atomic_int_get(&cam->shift) != 0)
        shift_time(cam, &rtp);
    if (g_random_int_range(0, 1000) < damage && gst_rtp_buffer_get_payload_len(&rtp) > 8) {
        guint8 *bytes = gst_rtp_buffer_get_payload(&rtp);
        gint len = (gint)gst_rtp_buffer_get_payload_len(&rtp);

        for (int i = 0; i < 8; i++)
            bytes[g_random_int_range(2, len)] ^= (guint8)g_random_int_range(1, 256);
    }
    gst_rtp_buffer_unmap(&rtp);
    return TRUE;
}

static gboolean spoil_each(GstBuffer **buf, guint i, gpointer arg)
{
    (void)i;
    *buf = gst_buffer_make_writable(*buf);
    if (!spoil(arg, *buf)) {
        gst_buffer_unref(*buf);
        *buf = NULL; /* takes it out of the list */
    }
    return TRUE;
}

/* Between payloader and network. */
static GstPadProbeReturn on_rtp(GstPad *pad, GstPadProbeInfo *info, gpointer arg)
{
    struct camera *cam = arg;

    (void)pad;
    if (g_atomic_int_get(&cam->damage) == 0 && g_atomic_int_get(&cam->loss) == 0 &&
        g_atomic_int_get(&cam->shift) == 0)
        return GST_PAD_PROBE_OK;
    if (info->type & GST_PAD_PROBE_TYPE_BUFFER_LIST) {
        GstBufferList *list =
            gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));

        gst_buffer_list_foreach(list, spoil_each, cam);
        info->data = list;
        return GST_PAD_PROBE_OK;
    }
    info->data = gst_buffer_make_writable(GST_PAD_PROBE_INFO_BUFFER(info));
    return spoil(cam, info->data) ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

struct play {
    struct pacer *pacer;
    struct feed *feed;
};

static void on_unprepared(GstRTSPMedia *media, gpointer arg)
{
    struct play *play = arg;

    (void)media;
    if (play->feed != NULL)
        pacer_remove(play->pacer, play->feed);
    play->feed = NULL;
}

static void on_media(GstRTSPMediaFactory *factory, GstRTSPMedia *media, gpointer arg)
{
    struct mount *m = arg;
    struct play *play = g_new0(struct play, 1);
    GstElement *top = gst_rtsp_media_get_element(media);
    GstElement *video = gst_bin_get_by_name_recurse_up(GST_BIN(top), "video");
    GstElement *audio = gst_bin_get_by_name_recurse_up(GST_BIN(top), "audio");
    GstElement *pay = gst_bin_get_by_name_recurse_up(GST_BIN(top), "pay0");
    GstPad *pad = gst_element_get_static_pad(pay, "src");

    (void)factory;
    gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_BUFFER_LIST, on_rtp,
                      m->cam, NULL);
    play->pacer = m->cam->sim->pacer;
    play->feed = pacer_add(play->pacer, m->cam, m->asset, video, audio);
    g_signal_connect(media, "target-state", G_CALLBACK(on_target_state), m);
    g_signal_connect_data(media, "unprepared", G_CALLBACK(on_unprepared), play,
                          (GClosureNotify)(void (*)(void))g_free, 0);
    gst_object_unref(pad);
    gst_object_unref(pay);
    if (video != NULL)
        gst_object_unref(video);
    if (audio != NULL)
        gst_object_unref(audio);
    gst_object_unref(top);
}

static const char *payloader(const char *caps)
{
    if (g_str_has_prefix(caps, "video/x-h265"))
        return "rtph265pay config-interval=-1";
    return g_str_has_prefix(caps, "image/jpeg") ? "rtpjpegpay"
                                                : "rtph264pay config-interval=-1";
}

static void launch_text(const struct camera *cam, const struct vd_asset *asset, char *text,
                        size_t size)
{
#define SOURCE                                                                                 \
    "appsrc name=%s format=time is-live=true max-bytes=8000000 leaky-type=downstream ! "
    if (cam->spec.audio == VD_AUDIO_ONLY)
        snprintf(text, size, "( " SOURCE "rtppcmupay name=pay0 pt=0 )", "audio");
    else if (cam->spec.audio == VD_AUDIO_YES)
        snprintf(text, size,
                 "( " SOURCE "%s name=pay0 pt=96 " SOURCE "rtppcmupay name=pay1 pt=0 )",
                 "video", payloader(asset->caps), "audio");
    else
        snprintf(text, size, "( " SOURCE "%s name=pay0 pt=96 )", "video",
                 payloader(asset->caps));
#undef SOURCE
}

static void add_mount(struct camera *cam, const char *suffix, struct vd_asset *asset)
{
    GstRTSPMountPoints *mounts = gst_rtsp_server_get_mount_points(cam->server);
    GstRTSPMediaFactory *factory = g_object_new(vd_factory_get_type(), NULL);
    struct mount *m = g_new0(struct mount, 1);
    char text[512], path[VD_CAMSIM_ID_MAX + 8];

    m->cam = cam;
    m->asset = asset;
    launch_text(cam, asset, text, sizeof text);
    gst_rtsp_media_factory_set_launch(factory, text);
    gst_rtsp_media_factory_set_shared(factory, TRUE);
    gst_rtsp_media_factory_set_latency(factory, 0);
    gst_rtsp_media_factory_set_suspend_mode(factory, GST_RTSP_SUSPEND_MODE_NONE);
    if (cam->spec.user[0] != '\0')
        gst_rtsp_media_factory_add_role(
            factory, "viewer", GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
            GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, NULL);
    g_object_set_data(G_OBJECT(factory), "mount", m); /* lives as long as the process */
    g_signal_connect(factory, "media-configure", G_CALLBACK(on_media), m);
    snprintf(path, sizeof path, "/%s%s", cam->spec.id, suffix);
    gst_rtsp_mount_points_add_factory(mounts, path, factory);
    g_object_unref(mounts);
}

static void add_user(struct camera *cam)
{
    GstRTSPAuth *auth = gst_rtsp_auth_new();
    GstRTSPToken *token =
        gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, "viewer", NULL);

    if (cam->spec.basic) {
        char *both = gst_rtsp_auth_make_basic(cam->spec.user, cam->spec.password);

        gst_rtsp_auth_add_basic(auth, both, token);
        g_free(both);
    } else {
        gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
        gst_rtsp_auth_add_digest(auth, cam->spec.user, cam->spec.password, token);
    }
    gst_rtsp_server_set_auth(cam->server, auth);
    gst_rtsp_token_unref(token);
    g_object_unref(auth);
}

int mount_camera(struct camera *cam, struct vd_err *err)
{
    cam->server = gst_rtsp_server_new();
    if (cam->server == NULL)
        return vd_err_set(err, VD_ENOMEM, "camera '%s': no server", cam->spec.id);
    gst_rtsp_server_set_thread_pool(cam->server, cam->sim->threads);
    add_mount(cam, "", cam->video);
    if (cam->sub != NULL)
        add_mount(cam, "/sub", cam->sub);
    if (cam->spec.user[0] != '\0')
        add_user(cam);
    return 0;
}
