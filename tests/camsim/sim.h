/* tests/camsim/sim.h: the running simulator. The main thread owns everything but what says
 * otherwise; the pacer's thread sends packets; gst-rtsp-server's threads talk to clients. */
#ifndef VD_TESTS_CAMSIM_SIM_H
#define VD_TESTS_CAMSIM_SIM_H

#include <gst/rtsp-server/rtsp-server.h>

#include "tests/camsim/camera.h"
#include "tests/camsim/fault.h"

struct pacer;
struct talk;

struct camera {
    struct vd_camera_spec spec;
    struct sim *sim;
    struct vd_asset *video, *sub, *hum; /* NULL where it has none */
    struct vd_asset *other;             /* for `params`, made when first asked for */
    GstRTSPServer *server;              /* this camera's mounts, users and clients */
    GSocket *listener;                  /* its own port; NULL while refusing, or without one */
    GSource *listener_source;
    int port; /* where it is reached */
    guint clear_timer;
    /* Read by the threads that carry packets: permille of packets, ticks of a 90 kHz clock. */
    gint damage, loss, shift;
    /* guarded by the pacer's lock */
    struct vd_fault fault;
    int feeds;
    uint64_t sent;
};

struct sim {
    struct camera *cameras;
    int n_cameras;
    char bind[64];
    int port;          /* the common one */
    const char *cache; /* folder, or NULL */
    int64_t epoch_us;  /* monotonic time at which loops with phase 0 begin */
    struct pacer *pacer;
    GstRTSPThreadPool *threads;
    GstRTSPServer *lobby; /* answers for paths that no camera has */
    GSocket *listener;
    GSource *listener_source;
    GList *talks; /* connections that a fault speaks on */
    GMainLoop *loop;
};

int64_t sim_mono_us(void);
struct camera *sim_find(struct sim *sim, const char *id);

/* sim.c: assets, servers, listeners. sim must stay where it is. */
int sim_open(struct sim *sim, const struct vd_camera_spec *specs, int n, struct vd_err *err);
void sim_close(struct sim *sim);

/* mount.c: makes cam's server and its mounts. */
int mount_camera(struct camera *cam, struct vd_err *err);

/* pacer.c: one thread that hands every packet to its mount when it is due. */
struct feed;
int pacer_open(struct pacer **ret_pacer, struct vd_err *err);
void pacer_close(struct pacer **pacer);
/* Starts to feed a prepared media; video or audio may be NULL. Takes references. Any thread. */
struct feed *pacer_add(struct pacer *p, struct camera *cam, struct vd_asset *asset,
                       GstElement *video, GstElement *audio);
void pacer_remove(struct pacer *p, struct feed *feed);
/* Puts a fault on what is sent, or ends it (VD_FAULT_NONE). */
void pacer_fault(struct pacer *p, struct camera *cam, const struct vd_fault *fault);
void pacer_look(struct pacer *p, struct camera *cam, struct vd_fault *ret_fault, int *ret_feeds,
                uint64_t *ret_sent);

/* front.c: accepts connections and gives them to a camera's server, or to a fault. */
int front_open(struct sim *sim, struct vd_err *err);
void front_close(struct sim *sim);
int front_listen(struct camera *cam, struct vd_err *err);
void front_unlisten(struct camera *cam);
void front_hang_up(struct camera *cam);            /* ends what a fault speaks on */
void front_cut(struct camera *cam, bool reset);    /* ends the sessions; reset: by TCP RST */
void front_garbage(struct camera *cam, int bytes); /* into the sessions' connections */

/* fault_apply.c */
int fault_apply(struct camera *cam, const struct vd_fault *fault, struct vd_err *err);

/* control.c: a Unix socket, a line in, a line of JSON out. */
int control_open(struct sim *sim, const char *path, struct vd_err *err);

#endif
