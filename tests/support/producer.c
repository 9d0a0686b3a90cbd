/* A producer without cameras: happenings of made-up cameras, appended to a real spool and
 * shipped by the workers' own shipper. Usage: producer SPOOL ENDPOINT NAME RATE SECONDS SEED
 * [KEY_FILE SERVER_KEY].
 * RATE events a second (0: as fast as they are accepted). Prints how many it appended. */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bus.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/event.h"
#include "base/json.h"
#include "base/stop.h"
#include "base/str.h"
#include "ingest/publish/ship.h"
#include "storage/spool/spool.h"
#include "tests/support/rnd.h"

enum { CAMERAS = 20 };

static struct vd_event cameras[CAMERAS]; /* rev 0: nothing happens there */
static struct vd_spool *spool;
static const char *name;
static volatile sig_atomic_t ends;

static void on_signal(int number)
{
    (void)number;
    ends = 1;
}

static int64_t wall_us(void)
{
    return vd_clock_system.wall_us(vd_clock_system.self);
}

static int status(void *arg, int part, char *buf, size_t size)
{
    struct vd_spool_stats stats;

    (void)arg;
    if (part > 0)
        return 0;
    vd_spool_stats(spool, &stats);
    return snprintf(buf, size,
                    "{\"hello\":1,\"worker\":\"%s\",\"spool\":{\"depth\":%" PRId64
                    ",\"last\":%" PRId64 ",\"oldest_us\":%" PRId64
                    "},\"cameras\":{\"%s-0\":{\"state\":\"online\",\"since\":"
                    "\"2026-01-01T00:00:00Z\"}}}",
                    name, stats.depth, stats.last, stats.oldest_us, name);
}

static int fill(void *arg, const struct vd_spool_stamp *stamp, char *buf, size_t size)
{
    struct vd_event *ev = arg;

    (void)vd_str_copy(ev->source, sizeof ev->source, stamp->source);
    ev->sequence = (uint64_t)stamp->sequence;
    ev->recorded_us = wall_us();
    return vd_event_encode(ev, buf, size, NULL);
}

/* The next message of some camera's life. */
static struct vd_event *next_event(uint64_t *seed)
{
    int i = (int)(rnd_next(seed) % CAMERAS);
    struct vd_event *ev = &cameras[i];

    ev->id = vd_uuid_make(wall_us());
    ev->time_us = wall_us();
    ev->end_us = 0;
    ev->end_reason = VD_END_NONE;
    if (ev->rev == 0) {
        ev->event = vd_uuid_make(wall_us());
        ev->start_us = ev->time_us;
        ev->phase = VD_PHASE_START;
        ev->score = ev->peak = (float)(rnd_next(seed) % 1000) / 1000.0f;
        (void)snprintf(ev->camera, sizeof ev->camera, "%s-%d", name, i);
        (void)snprintf(ev->area, sizeof ev->area, "44/%d", i % 4);
        (void)snprintf(ev->snapshot, sizeof ev->snapshot, "%s-%d.x", name, i);
        ev->n_tracks = (uint32_t)(rnd_next(seed) % 2);
        ev->tracks[0] = (struct vd_event_track){.id = 1,
                                                .zone = "drive",
                                                .did = VD_DID_ENTER | VD_DID_CROSS,
                                                .line = "gate-line",
                                                .direction = VD_DIRECTION_B_TO_A,
                                                .dwell_ms = 1200,
                                                .size = 0.02F};
    } else if (rnd_next(seed) % 3 == 0) {
        ev->phase = VD_PHASE_UPDATE;
    } else {
        ev->phase = VD_PHASE_END;
        ev->end_us = ev->time_us;
        ev->end_reason = VD_END_QUIET;
    }
    ev->rev++;
    return ev;
}

static bool append(uint64_t *seed)
{
    struct vd_event *ev = next_event(seed);
    char id[VD_UUID_TEXT];
    struct vd_spool_message message = {
        .fill = fill, .arg = ev, .event = id, .camera = ev->camera, .rev = (int)ev->rev};

    vd_uuid_format(&ev->event, id);
    message.phase = ev->phase == VD_PHASE_START ? VD_SPOOL_START
                    : ev->phase == VD_PHASE_END ? VD_SPOOL_END
                                                : VD_SPOOL_UPDATE;
    if (vd_spool_append(spool, &message, NULL, NULL) < 0)
        return false;
    if (ev->phase == VD_PHASE_END)
        ev->rev = 0;
    return true;
}

/* What a life before this one left open. */
static void finish(void *arg, const struct vd_spool_unfinished *h)
{
    struct vd_event ev;
    struct vd_spool_message message = {.fill = fill,
                                       .arg = &ev,
                                       .phase = VD_SPOOL_END,
                                       .event = h->event,
                                       .camera = h->camera,
                                       .rev = h->rev + 1};

    (void)arg;
    if (vd_event_decode(h->body, h->len, &ev, NULL) < 0)
        return;
    ev.id = vd_uuid_make(wall_us());
    ev.phase = VD_PHASE_END;
    ev.end_reason = VD_END_RESTART;
    ev.end_us = ev.time_us = wall_us();
    ev.rev++;
    (void)vd_spool_append(spool, &message, NULL, NULL);
}

static bool take_keys(const char *file, const char *server_key, struct vd_bus_keys *keys)
{
    FILE *f = fopen(file, "r");
    bool is_read = f != NULL && fgets(keys->secret_key, sizeof keys->secret_key, f) != NULL;

    if (f != NULL)
        fclose(f);
    return is_read && vd_str_copy(keys->server_key, sizeof keys->server_key, server_key) &&
           vd_bus_public_key(keys->secret_key, keys->public_key, NULL) == 0;
}

int main(int argc, char **argv)
{
    struct vd_spool_opts opts = {0};
    struct vd_ship_opts ship_opts = {.window = 256, .resend_us = 2000000, .status = status};
    struct vd_bus_keys keys = {0};
    char who[64];
    struct vd_ship *ship = NULL;
    struct vd_bus *bus = NULL;
    struct vd_stop stop;
    struct vd_err err = {0};
    int64_t begun_us = wall_us(), n = 0;
    double rate, seconds;
    uint64_t seed;

    if (argc != 7 && argc != 9)
        return 2;
    if (argc == 9 && !take_keys(argv[7], argv[8], &keys))
        return 2;
    ship_opts.keys = argc == 9 ? &keys : NULL;
    name = argv[3];
    rate = strtod(argv[4], NULL);
    seconds = strtod(argv[5], NULL);
    seed = strtoull(argv[6], NULL, 10);
    (void)snprintf(who, sizeof who, "/ingest/%s", name);
    opts.path = argv[1];
    opts.producer = who;
    signal(SIGTERM, on_signal);
    vd_json_init();
    if (vd_crypto_init(&err) < 0 || vd_stop_init(&stop, &err) < 0 ||
        vd_spool_open(&spool, &opts, &err) < 0 || vd_bus_open(&bus, &err) < 0)
        goto bad;
    (void)vd_spool_unfinished(spool, finish, NULL, &err);
    ship_opts.bus = bus;
    ship_opts.endpoint = argv[2];
    ship_opts.spool = spool;
    ship_opts.drain_us = 5000000;
    if (vd_ship_open(&ship, &ship_opts, &err) < 0)
        goto bad;
    while (!ends && (double)(wall_us() - begun_us) < seconds * 1e6) {
        if (append(&seed))
            n++;
        if (rate > 0) {
            int64_t due_us = begun_us + (int64_t)((double)n / rate * 1e6);

            if (due_us > wall_us())
                (void)vd_stop_wait(&stop, due_us - wall_us());
        }
    }
    printf("%" PRId64 "\n", n);
    vd_ship_close(&ship);
    vd_spool_close(&spool);
    vd_bus_close(&bus);
    vd_stop_fini(&stop);
    return 0;
bad:
    fprintf(stderr, "producer: %s\n", err.msg);
    return 1;
}
