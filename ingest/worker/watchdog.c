#include "ingest/worker/watchdog.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { RETELL_US = 10 * 1000 * 1000 };

static int64_t wall(const struct vd_clock *clock)
{
    return clock->wall_us(clock->self);
}

static void describe(struct vd_event *ev, const struct vd_camera_facts *facts)
{
    size_t len = 0;
    enum vd_fault fault = facts->fault;

    if (fault == VD_FAULT_NONE)
        fault = facts->info.packets > 0 ? VD_FAULT_DECODE : VD_FAULT_STALLED;
    ev->detail[0] = '\0';
    (void)vd_str_add(ev->detail, sizeof ev->detail, &len, "%s: %s. %s", vd_fault_name(fault),
                     facts->fault != VD_FAULT_NONE ? facts->message : "no usable picture",
                     vd_fault_advice(fault));
    /* Cut within a character it would be refused. */
    while (!vd_str_is_utf8(ev->detail, strlen(ev->detail)))
        ev->detail[strlen(ev->detail) - 1] = '\0';
}

static void post(struct vd_watchdog *dog, struct vd_camera *camera, struct vd_outbox *outbox,
                 enum vd_phase phase, int64_t wall_us)
{
    dog->lost.phase = phase;
    dog->lost.rev++;
    dog->lost.time_us = wall_us;
    (void)vd_outbox_post(outbox, vd_camera_lane(camera), &dog->lost, NULL);
}

static void begin(struct vd_watchdog *dog, struct vd_camera *camera,
                  const struct vd_camera_facts *facts, struct vd_outbox *outbox,
                  const struct vd_clock *clock, int64_t now_us)
{
    const struct vd_camera_cfg *settings = vd_camera_settings(camera);
    int64_t wall_us = wall(clock);

    dog->lost = (struct vd_event){.kind = VD_KIND_LOST,
                                  .event = vd_uuid_make(wall_us),
                                  .start_us = wall_us - (now_us - dog->health.quiet_from_us)};
    (void)vd_str_copy(dog->lost.area, sizeof dog->lost.area, settings->area);
    (void)vd_str_copy(dog->lost.camera, sizeof dog->lost.camera, settings->id);
    dog->lost.quality.lost = 1;
    describe(&dog->lost, facts);
    dog->is_lost = true;
    dog->told = facts->fault;
    dog->told_us = now_us;
    post(dog, camera, outbox, VD_PHASE_START, wall_us);
}

static void finish(struct vd_watchdog *dog, struct vd_camera *camera, struct vd_outbox *outbox,
                   const struct vd_clock *clock, enum vd_end_reason reason)
{
    if (!dog->is_lost)
        return;
    dog->is_lost = false;
    dog->lost.end_us = wall(clock);
    dog->lost.end_reason = reason;
    post(dog, camera, outbox, VD_PHASE_END, dog->lost.end_us);
}

static void log_state(struct vd_watchdog *dog, const struct vd_camera *camera,
                      const struct vd_camera_facts *facts, int64_t now_us)
{
    enum vd_camera_state state = dog->health.state;
    uint32_t repeats;

    if (!vd_log_gate(&dog->gates[state], 1, now_us, &repeats))
        return;
    if (state == VD_CAMERA_ONLINE)
        LOG_INFO("cam.online", "cam=%s codec=%s size=%dx%d repeats=%u",
                 vd_camera_settings(camera)->id, facts->info.codec, facts->info.w,
                 facts->info.h, repeats);
    else
        LOG_WARN(state == VD_CAMERA_LOST ? "cam.lost" : "cam.degraded",
                 "cam=%s class=%s repeats=%u reason=\"%s\"", vd_camera_settings(camera)->id,
                 vd_fault_name(facts->fault), repeats,
                 facts->fault != VD_FAULT_NONE ? facts->message : "no usable picture");
}

static void steady(struct vd_watchdog *dog, const struct vd_camera_facts *facts)
{
    if (fabsf(facts->info.fps - dog->fps) > dog->fps / 10)
        dog->fps = roundf(facts->info.fps * 2) / 2;
    if (llabs(facts->info.key_us - dog->key_us) > dog->key_us / 10)
        dog->key_us = facts->info.key_us / 100000 * 100000;
}

void vd_watchdog_tick(struct vd_watchdog *dog, struct vd_camera *camera,
                      const struct vd_camera_facts *facts, struct vd_outbox *outbox,
                      const struct vd_health_settings *settings, const struct vd_clock *clock)
{
    int64_t now_us = clock->mono_us(clock->self);

    if (dog->since_wall_us == 0)
        dog->since_wall_us = wall(clock);
    steady(dog, facts);
    if (vd_health_step(&dog->health, settings, &facts->health, now_us)) {
        dog->since_wall_us = wall(clock);
        log_state(dog, camera, facts, now_us);
        if (dog->health.state == VD_CAMERA_LOST)
            begin(dog, camera, facts, outbox, clock, now_us);
        else if (dog->health.state == VD_CAMERA_ONLINE)
            finish(dog, camera, outbox, clock, VD_END_QUIET);
        return;
    }
    if (dog->is_lost && facts->fault != VD_FAULT_NONE && facts->fault != dog->told &&
        now_us - dog->told_us > RETELL_US) {
        describe(&dog->lost, facts);
        dog->told = facts->fault;
        dog->told_us = now_us;
        post(dog, camera, outbox, VD_PHASE_UPDATE, wall(clock));
    }
}

void vd_watchdog_end(struct vd_watchdog *dog, struct vd_camera *camera,
                     struct vd_outbox *outbox, const struct vd_clock *clock,
                     enum vd_end_reason reason)
{
    finish(dog, camera, outbox, clock, reason);
}
