/* Cameras send packets, happenings begin and end, cameras go and come with their lanes and
 * reels, while the recorder's threads write and tell through the same outbox, and somebody
 * reads the figures, and the folder of media goes for a moment; then all is stopped at once.
 * Every happening has its clip, or was told what became of it, and nobody is told anything once
 * the reel let go. */
#include <assert.h>
#include <dirent.h>
#include <libavutil/log.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/stop.h"
#include "base/thread.h"
#include "ingest/evidence/recorder.h"
#include "ingest/worker/outbox.h"
#include "storage/media/media.h"
#include "tests/support/film.h"
#include "tests/support/rnd.h"
#include "tests/support/tmpdir.h"

enum {
    CAMERAS = 4,              /* the first is masked, the second has too small a ring */
    RUN_US = 2 * 1000 * 1000, /* before the folder goes, and again after */
    GONE_US = 300 * 1000,
    PACKET_US = 2000,
    PACKETS = 300, /* until a camera is changed; the last round is cut by the stop */
    HAPPENINGS_MAX = 4096,
    CLIPS_MAX = 8192,
    STAYS_MAX = 256,
};

/* What was told of a happening; its number is in its id. */
struct told {
    int camera, clips, details;
};

/* One stay of a camera: its reel's hold on the lane, NULL when it let go. */
struct stay {
    struct vd_lane *lane;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards what follows */
static struct told happenings[HAPPENINGS_MAX];
static int n_happenings;
static char clips[CLIPS_MAX][VD_MEDIA_ID_MAX + 1];
static int n_clips;
static struct stay stays[STAYS_MAX];
static int n_stays;

static struct tmpdir dir;
static struct film film;
static struct vd_stop stop;
static struct vd_recorder *recorder;
static struct vd_outbox *outbox;

static const struct vd_point corners[] = {{0.2f, 0.2f}, {0.8f, 0.2f}, {0.5f, 0.8f}};
static const struct vd_mask_cfg mask = {
    .name = "m", .polygon = {.points = corners, .n_points = 3}, .is_private = true};

struct camera {
    int number;
    uint64_t seed;
    char id[16];
    struct vd_lane *lane;
    struct vd_reel *reel;
    struct vd_event open; /* goes on while is_open */
    bool is_open;
};

static int number_of(const struct vd_event *ev)
{
    int number;

    memcpy(&number, ev->event.bytes + 10, sizeof number);
    return number;
}

static void tell(void *arg, const struct vd_event *last, const char *clip, const char *detail)
{
    struct stay *stay = arg;
    struct vd_event ev = *last;
    struct told *told;

    assert(stay->lane != NULL);
    assert(clip[0] != '\0' || detail[0] != '\0');
    pthread_mutex_lock(&lock);
    assert(number_of(last) < n_happenings);
    told = &happenings[number_of(last)];
    told->clips += clip[0] != '\0' && detail[0] == '\0';
    told->details += detail[0] != '\0';
    if (clip[0] != '\0' && (n_clips == 0 || strcmp(clips[n_clips - 1], clip) != 0)) {
        assert(n_clips < CLIPS_MAX);
        strcpy(clips[n_clips++], clip);
    }
    pthread_mutex_unlock(&lock);
    ev.phase = VD_PHASE_MEDIA;
    ev.rev++;
    strcpy(ev.clip, clip);
    (void)vd_outbox_post(outbox, stay->lane, &ev, NULL);
}

static void release(void *arg)
{
    struct stay *stay = arg;

    vd_lane_close(outbox, &stay->lane);
}

static struct stay *new_stay(void)
{
    struct stay *stay;

    pthread_mutex_lock(&lock);
    assert(n_stays < STAYS_MAX);
    stay = &stays[n_stays++];
    pthread_mutex_unlock(&lock);
    return stay;
}

static void enter(struct camera *c)
{
    struct stay *stay = new_stay();
    struct vd_reel_opts opts = {
        .camera = c->id,
        .area = "a",
        .masks = &mask,
        .n_masks = c->number == 0,
        .encoder = "libx264",
        .max_pixels = 1 << 20,
        .take = {.ring_bytes = c->number == 1 ? 12 * 1024 : 1 << 20,
                 .pre_us = 60000,
                 .post_us = 40000},
        .file_us = 400000,
        .tell = tell,
        .release = release,
        .arg = stay,
    };

    assert(vd_lane_open(&c->lane, NULL, NULL, (unsigned)c->number, NULL) == 0);
    stay->lane = c->lane;
    assert(vd_reel_open(&c->reel, recorder, &opts, (unsigned)c->number, NULL) == 0);
    vd_lane_hold(outbox, c->lane);
    vd_lane_record(c->lane, c->reel);
}

static void begin(struct camera *c)
{
    struct vd_event ev = {.kind = rnd_next(&c->seed) % 8 == 0 ? VD_KIND_SCENE_CHANGE
                                                              : VD_KIND_MOTION,
                          .phase = VD_PHASE_START,
                          .rev = 1};
    int number;

    ev.time_us = ev.start_us = vd_clock_system.wall_us(NULL);
    ev.event = vd_uuid_make(ev.time_us);
    strcpy(ev.camera, c->id);
    strcpy(ev.area, "a");
    pthread_mutex_lock(&lock);
    assert(n_happenings < HAPPENINGS_MAX);
    number = n_happenings++;
    happenings[number].camera = c->number;
    pthread_mutex_unlock(&lock);
    memcpy(ev.event.bytes + 10, &number, sizeof number);
    c->is_open = true;
    c->open = ev;
    /* In tests of races nothing refuses it: the outbox is never half full. */
    assert(vd_outbox_post(outbox, c->lane, &ev, NULL) == 0);
}

static void end(struct camera *c, enum vd_end_reason reason)
{
    struct vd_event ev = c->open;

    if (!c->is_open)
        return;
    c->is_open = false;
    ev.phase = VD_PHASE_END;
    ev.rev++;
    ev.time_us = ev.end_us = vd_clock_system.wall_us(NULL);
    ev.end_reason = reason;
    assert(vd_outbox_post(outbox, c->lane, &ev, NULL) == 0);
}

static void leave(struct camera *c)
{
    end(c, VD_END_RESTART);
    vd_reel_break(c->reel, "the camera was changed");
    vd_lane_close(outbox, &c->lane);
    c->reel = NULL;
}

static void send(struct camera *c, int i)
{
    struct vd_packet packet = film.packets[i % film.n];

    packet.mono_us = packet.pts_us = vd_clock_system.mono_us(NULL);
    packet.dts_us = VD_PACKET_NO_TIME;
    packet.wall_us = vd_clock_system.wall_us(NULL);
    vd_reel_packet(c->reel, &packet);
}

static void *camera(void *arg)
{
    struct camera *c = arg;

    while (!vd_stop_requested(&stop)) {
        enter(c);
        for (int i = 0; i < PACKETS && !vd_stop_wait(&stop, PACKET_US); i++) {
            unsigned dice = (unsigned)(rnd_next(&c->seed) % 100);

            send(c, i);
            if (dice < 6 && !c->is_open)
                begin(c);
            else if (dice < 9)
                end(c, VD_END_QUIET);
            else if (dice < 10 && i > PACKETS / 2)
                vd_reel_break(c->reel, "the stream broke (test)");
        }
        leave(c);
    }
    return NULL;
}

static void *reporter(void *arg)
{
    struct vd_recorder_figures before = {0}, now;

    while (!vd_stop_wait(&stop, PACKET_US)) {
        vd_recorder_figures(recorder, &now);
        assert(now.clips >= before.clips && now.bytes >= before.bytes &&
               now.failed >= before.failed && now.lost >= before.lost);
        before = now;
    }
    return before.recording < 0 ? arg : NULL;
}

static void check_told(void)
{
    int with_clip = 0, with_detail = 0;

    for (int i = 0; i < n_happenings; i++) {
        if (happenings[i].clips + happenings[i].details == 0)
            (void)fprintf(stderr, "happening %d of %d (camera %d) was told nothing\n", i,
                          n_happenings, happenings[i].camera);
        assert(happenings[i].clips + happenings[i].details > 0);
        with_clip += happenings[i].clips > 0;
        with_detail += happenings[i].details > 0;
    }
    assert(with_clip > 0 && with_detail > 0);
    (void)printf("%d happenings, %d with a clip, %d that were told of a loss, %d clips\n",
                 n_happenings, with_clip, with_detail, n_clips);
}

static void check_files(const char *media, const char *journal)
{
    const struct dirent *entry;
    DIR *pages = opendir(journal);

    for (int i = 0; i < n_clips; i++) {
        enum vd_media_kind kind;
        int fd = vd_media_open(media, clips[i], &kind, NULL);

        assert(fd >= 0 && kind == VD_MEDIA_CLIP);
        close(fd);
    }
    assert(pages != NULL);
    while ((entry = readdir(pages)) != NULL)
        assert(entry->d_name[0] == '.');
    closedir(pages);
}

/* What could not be given its name while the folder was gone is looked after by the next start.
 */
static void tell_again(void *arg, const struct vd_event *last, const char *clip,
                       const char *detail)
{
    (void)arg, (void)clip;
    assert(number_of(last) < n_happenings && detail[0] != '\0');
}

/* The folder of media goes, and comes back. */
static void run(const char *media, const char *away)
{
    FILE *file;

    (void)vd_stop_wait(&stop, RUN_US);
    assert(rename(media, away) == 0 && (file = fopen(media, "w")) != NULL);
    (void)fclose(file);
    (void)vd_stop_wait(&stop, GONE_US);
    assert(unlink(media) == 0 && rename(away, media) == 0);
    (void)vd_stop_wait(&stop, RUN_US);
}

int main(void)
{
    struct camera cameras[CAMERAS] = {{0}};
    struct vd_spool_opts spool_opts = {.producer = "/ingest/w1"};
    struct vd_outbox_opts outbox_opts = {.clock = &vd_clock_system};
    struct vd_recorder_opts opts = {.clock = &vd_clock_system};
    struct vd_spool *spool = NULL;
    struct vd_spool_stats stats;
    pthread_t threads[CAMERAS], teller;
    char *media, *away, *journal;

    vd_log_init("recorder_race", VD_LOG_ERROR);
    vd_json_init();
    av_log_set_level(AV_LOG_ERROR);
    tmpdir_open(&dir);
    spool_opts.path = tmpdir_file(&dir, "w1.db");
    assert(vd_spool_open(&spool, &spool_opts, NULL) == 0);
    assert((media = strdup(tmpdir_file(&dir, "media"))) != NULL);
    assert((away = strdup(tmpdir_file(&dir, "away"))) != NULL);
    assert((journal = strdup(tmpdir_file(&dir, "clips"))) != NULL);
    film = film_make(false, 96, 64, 40, 8, 0);
    outbox_opts.spool = spool;
    outbox_opts.media_root = opts.root = media;
    opts.journal = journal;
    assert(vd_stop_init(&stop, NULL) == 0);
    assert(vd_outbox_open(&outbox, &outbox_opts, NULL) == 0);
    assert(vd_recorder_open(&recorder, &opts, NULL) == 0);
    assert(vd_thread_start(&teller, "teller", reporter, NULL, NULL) == 0);
    for (int i = 0; i < CAMERAS; i++) {
        cameras[i] = (struct camera){.number = i, .seed = (uint64_t)i + 1};
        (void)snprintf(cameras[i].id, sizeof cameras[i].id, "cam%d", i);
        assert(vd_thread_start(&threads[i], "camera", camera, &cameras[i], NULL) == 0);
    }
    run(media, away);
    vd_stop_request(&stop);
    for (int i = 0; i < CAMERAS; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_join(teller, NULL);
    vd_outbox_hurry(outbox);
    vd_recorder_close(&recorder); /* while the outbox may still hold their last ends */
    vd_outbox_close(&outbox);
    vd_spool_stats(spool, &stats);
    assert(stats.errors == 0);
    for (int i = 0; i < n_stays; i++)
        assert(stays[i].lane == NULL);
    check_told();
    assert(vd_recorder_recover(&opts, tell_again, NULL, NULL) >= 0);
    check_files(media, journal);
    vd_spool_close(&spool);
    film_free(&film);
    vd_stop_fini(&stop);
    tmpdir_close(&dir);
    free(media);
    free(away);
    free(journal);
    return 0;
}
