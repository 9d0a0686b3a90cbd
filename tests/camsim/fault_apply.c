/* tests/camsim/fault_apply.c: the one place where a fault begins and ends. */
#include "base/log.h"
#include "tests/camsim/sim.h"

/* A short loop of the same scene in another size, so that every parameter changes. */
static int make_other(struct camera *cam, struct vd_err *err)
{
    struct vd_scene_spec spec = cam->spec.scene;
    struct vd_encoding enc = cam->spec.encoding;

    if (cam->other != NULL)
        return 0;
    if (cam->video == NULL)
        return vd_err_set(err, VD_EINVAL, "camera '%s': has no picture", cam->spec.id);
    spec.width = spec.width == 352 ? 320 : 352;
    spec.height = spec.height == 288 ? 240 : 288;
    spec.crossings = 0;
    spec.loop_s = 4;
    enc.gop = spec.fps;
    return vd_encode_scene(&cam->other, &spec, &enc, cam->sim->cache, err);
}

static gboolean on_time_up(gpointer arg)
{
    struct camera *cam = arg;
    const struct vd_fault none = {0};

    cam->clear_timer = 0;
    fault_apply(cam, &none, NULL);
    return G_SOURCE_REMOVE;
}

static int begin(struct camera *cam, const struct vd_fault *f, struct vd_err *err)
{
    switch (f->kind) {
    case VD_FAULT_REFUSE:
        front_unlisten(cam);
        break;
    case VD_FAULT_PARAMS:
        return make_other(cam, err);
    case VD_FAULT_8K:
    case VD_FAULT_ZERO:
        if (cam->video == NULL || cam->spec.encoding.codec != VD_CODEC_H264)
            return vd_err_set(err, VD_EINVAL, "camera '%s': not H.264", cam->spec.id);
        break;
    case VD_FAULT_DAMAGE:
        g_atomic_int_set(&cam->damage, (int)f->arg);
        break;
    case VD_FAULT_LOSS:
        g_atomic_int_set(&cam->loss, (int)f->arg);
        break;
    default:
        break;
    }
    return 0;
}

static void once(struct camera *cam, const struct vd_fault *f)
{
    if (f->kind == VD_FAULT_RESET || f->kind == VD_FAULT_CLOSE)
        front_cut(cam, f->kind == VD_FAULT_RESET);
    else if (f->kind == VD_FAULT_JUMP)
        g_atomic_int_add(&cam->shift, (gint)(gint64)(f->arg * 90000.0));
    else
        front_garbage(cam, (int)f->arg);
}

static int end_present(struct camera *cam, struct vd_err *err)
{
    if (cam->clear_timer != 0)
        g_source_remove(cam->clear_timer);
    cam->clear_timer = 0;
    g_atomic_int_set(&cam->damage, 0);
    g_atomic_int_set(&cam->loss, 0);
    front_hang_up(cam);
    return front_listen(cam, err);
}

int fault_apply(struct camera *cam, const struct vd_fault *fault, struct vd_err *err)
{
    struct vd_fault f = *fault;
    int rc = 0;

    f.since_us = sim_mono_us();
    LOG_INFO("camsim.fault", "camera=%s fault=%s arg=%g for_s=%g", cam->spec.id,
             vd_faults[f.kind].name, f.arg, f.for_s);
    if (vd_fault_is_once(f.kind)) {
        once(cam, &f);
        return 0;
    }
    rc = end_present(cam, err);
    if (rc >= 0)
        rc = begin(cam, &f, err);
    if (rc < 0)
        return rc;
    if (f.kind == VD_FAULT_NONE)
        g_atomic_int_set(&cam->shift, 0);
    pacer_fault(cam->sim->pacer, cam, &f);
    if (vd_fault_is_front(f.kind))
        front_cut(cam, f.kind == VD_FAULT_REFUSE);
    if (f.for_s > 0)
        cam->clear_timer = g_timeout_add((guint)(f.for_s * 1000), on_time_up, cam);
    return 0;
}
