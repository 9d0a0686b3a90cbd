/* storage/pg/cameras.h: what state each camera was last said to be in. */
#ifndef VD_STORAGE_PG_CAMERAS_H
#define VD_STORAGE_PG_CAMERAS_H

#include "storage/pg/pg.h"

struct vd_pg_camera {
    const char *camera, *area, *worker;
    const char *state; /* as the worker names it: online, connecting, degraded, lost … */
    int64_t since_us;
    const char *reason; /* "": none */
    const char *detail; /* JSON for people and the console; "{}": none */
    int64_t updated_us;
};

/* Writes those rows that differ from what is stored (updated_us aside). Returns how many did.
 */
int vd_pg_camera_store(struct vd_pg *pg, const struct vd_pg_camera *cameras, int n,
                       struct vd_err *err);

/* Takes out a camera that is configured no more. Returns 1 or 0. */
int vd_pg_camera_forget(struct vd_pg *pg, const char *camera, struct vd_err *err);

typedef void vd_pg_camera_fn(void *arg, const struct vd_pg_camera *camera);

/* Calls each for every camera within scopes (areas and what lies beneath; n_scopes 0: all), by
 * name. Returns how many. */
int vd_pg_camera_list(struct vd_pg *pg, const char *const *scopes, int n_scopes,
                      vd_pg_camera_fn *each, void *arg, struct vd_err *err);

#endif
