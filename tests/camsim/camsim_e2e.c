/* tests/camsim/camsim_e2e.c: a libav client asks every kind of camera for its stream, and every
 * fault for what it is named after. Usage: camsim_e2e PROGRAM FOLDER */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/camsim/scene.h"

#define CHECK(what, ...)                                                                       \
    do {                                                                                       \
        if (!(what)) {                                                                         \
            printf("not ok: %s:%d: %s: ", __func__, __LINE__, #what);                          \
            printf(__VA_ARGS__);                                                               \
            printf("\n");                                                                      \
            failures++;                                                                        \
        }                                                                                      \
    } while (0)

static int failures;
static int port, own_port;
static char control[100];
static pid_t server;

static const char cameras[] =
    "# what the test asks\n"
    "h264 scene=yard+burn+loop=4+fps=20+quiet size=320x240 gop=5 sub=160x120\n"
    "h265 scene=yard+burn+loop=4+fps=20+quiet size=320x240 gop=5 codec=h265\n"
    "mjpeg scene=yard+burn+loop=4+fps=20+quiet size=320x240 gop=5 codec=mjpeg\n"
    "sound scene=yard+burn+loop=4+fps=20+quiet size=320x240 gop=5 audio=yes\n"
    "radio audio=only\n"
    "digest scene=yard+burn+loop=4+fps=20+quiet size=320x240 gop=5 user=viewer "
    "password=p@:/#?%=x\n"
    "basic scene=yard+burn+loop=4+fps=20+quiet size=320x240 gop=5 user=viewer "
    "password=p@:/#?%=x "
    "auth=basic\n"
    "longgop scene=yard+burn+loop=4+fps=20+quiet size=320x240 gop=200\n"
    "busy scene=road+burn+loop=12+crossings=2 size=320x240 gop=10\n";

static int64_t now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct client {
    AVFormatContext *format;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    int64_t deadline_us;
    int open_rc;
};

static int interrupted(void *arg)
{
    return now_us() > ((struct client *)arg)->deadline_us;
}

static void hang_up(struct client *c)
{
    avcodec_free_context(&c->codec);
    avformat_close_input(&c->format);
    av_packet_free(&c->packet);
    av_frame_free(&c->frame);
}

/* Opens rtsp://[user@]127.0.0.1:port/path within 6 s (or limit_ms); the answer is libav's. */
static int call(struct client *c, const char *user, int at_port, const char *path, int limit_ms)
{
    AVDictionary *opts = NULL;
    char url[300];

    *c = (struct client){.packet = av_packet_alloc(), .frame = av_frame_alloc()};
    snprintf(url, sizeof url, "rtsp://%s127.0.0.1:%d/%s", user, at_port, path);
    c->format = avformat_alloc_context();
    c->format->interrupt_callback.callback = interrupted;
    c->format->interrupt_callback.opaque = c;
    c->deadline_us = now_us() + (int64_t)limit_ms * 1000;
    av_dict_set(&opts, "rtsp_transport", "tcp", 0);
    c->open_rc = avformat_open_input(&c->format, url, NULL, &opts);
    av_dict_free(&opts);
    return c->open_rc;
}

static int call_camera(struct client *c, const char *path)
{
    return call(c, "", port, path, 15000);
}

static int next_packet(struct client *c, int limit_ms)
{
    if (c->format == NULL)
        return AVERROR(ENOTCONN);
    c->deadline_us = now_us() + (int64_t)limit_ms * 1000;
    av_packet_unref(c->packet);
    return av_read_frame(c->format, c->packet);
}

/* The number of the next decoded frame, -1 if it has none, below -1 on an error. */
static int next_number(struct client *c, int limit_ms)
{
    int64_t end_us = now_us() + (int64_t)limit_ms * 1000;

    if (c->format == NULL || c->format->nb_streams == 0)
        return -4;
    if (c->codec == NULL) {
        const AVCodecParameters *par = c->format->streams[0]->codecpar;
        const AVCodec *dec = avcodec_find_decoder(par->codec_id);

        c->codec = avcodec_alloc_context3(dec);
        avcodec_parameters_to_context(c->codec, par);
        c->codec->thread_count = 1;
        c->codec->flags |= AV_CODEC_FLAG_LOW_DELAY;
        if (avcodec_open2(c->codec, dec, NULL) < 0)
            return -2;
    }
    while (now_us() < end_us) {
        int rc = next_packet(c, (int)((end_us - now_us()) / 1000));

        if (rc < 0)
            return -2;
        if (c->packet->stream_index != 0 || avcodec_send_packet(c->codec, c->packet) < 0)
            continue;
        if (avcodec_receive_frame(c->codec, c->frame) == 0)
            return vd_scene_read_number(c->frame->data[0], c->frame->linesize[0],
                                        c->frame->width, c->frame->height);
    }
    return -3;
}

/* One line to the control socket; the answer is static. */
static const char *ask(const char *line)
{
    static char buf[16384];
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t len = 0;
    ssize_t n;

    snprintf(at.sun_path, sizeof at.sun_path, "%s", control);
    if (connect(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        write(fd, line, strlen(line)) < 0 || write(fd, "\n", 1) < 0 ||
        shutdown(fd, SHUT_WR) < 0)
        printf("not ok: control: %s\n", strerror(errno));
    while (len < sizeof buf - 1 && (n = read(fd, buf + len, sizeof buf - 1 - len)) > 0)
        len += (size_t)n;
    buf[len] = '\0';
    close(fd);
    return buf;
}

static void each_codec_is_read_and_decoded(void)
{
    static const struct {
        const char *name;
        enum AVCodecID id;
    } kinds[] = {
        {"h264", AV_CODEC_ID_H264}, {"h265", AV_CODEC_ID_HEVC}, {"mjpeg", AV_CODEC_ID_MJPEG}};

    for (size_t i = 0; i < 3; i++) {
        struct client c;
        int last = -1, good = 0, rc = call_camera(&c, kinds[i].name);

        CHECK(rc >= 0, "%s: %s", kinds[i].name, av_err2str(rc));
        if (rc < 0)
            continue;
        CHECK(c.format->streams[0]->codecpar->codec_id == kinds[i].id, "%s", kinds[i].name);
        for (int k = 0; k < 60 && good < 25; k++) {
            int n = next_number(&c, 4000);

            good += n >= 0 && last >= 0 && n == (last + 1) % 80;
            last = n;
        }
        CHECK(good >= 25, "%s: %d consecutive frame numbers", kinds[i].name, good);
        CHECK(c.frame->width == 320 && c.frame->height == 240, "%s: %dx%d", kinds[i].name,
              c.frame->width, c.frame->height);
        hang_up(&c);
    }
}

static void a_loop_goes_on_without_a_jump(void)
{
    struct client c;
    int64_t last = AV_NOPTS_VALUE;
    int odd = 0, n = 0;

    CHECK(call_camera(&c, "h264") >= 0, "h264");
    while (n < 60 && next_packet(&c, 3000) >= 0) {
        int64_t at =
            av_rescale_q(c.packet->pts, c.format->streams[0]->time_base, (AVRational){1, 1000});

        if (c.packet->pts == AV_NOPTS_VALUE)
            continue; /* libav's first */
        odd += last != AV_NOPTS_VALUE && (at - last < 47 || at - last > 53);
        last = at;
        n++;
    }
    CHECK(n == 60 && odd == 0, "%d packets, %d odd steps", n, odd);
    hang_up(&c);
}

static void the_sub_stream_is_smaller_and_in_step(void)
{
    struct client a, b;
    int na = -1, nb = -1;

    CHECK(call_camera(&a, "h264") >= 0, "open");
    CHECK(call_camera(&b, "h264/sub") >= 0, "open");
    for (int i = 0; i < 30 && (na = next_number(&a, 3000)) < 0;)
        i++;
    for (int i = 0; i < 100 && nb != na; i++)
        nb = next_number(&b, 3000);
    CHECK(na >= 0 && na == nb, "%d %d", na, nb);
    CHECK(b.frame->width == 160, "%d", b.frame->width);
    hang_up(&a);
    hang_up(&b);
}

static void sound_is_there_where_it_was_asked_for(void)
{
    struct client c;
    int kinds[2] = {0, 0};

    CHECK(call_camera(&c, "sound") >= 0, "sound");
    CHECK(c.format->nb_streams == 2, "%u streams", c.format->nb_streams);
    for (int i = 0; i < 60 && next_packet(&c, 3000) >= 0; i++)
        kinds[c.packet->stream_index & 1]++;
    CHECK(kinds[0] > 10 && kinds[1] > 20, "%d pictures, %d sounds", kinds[0], kinds[1]);
    hang_up(&c);
    CHECK(call_camera(&c, "radio") >= 0, "radio");
    CHECK(c.format->nb_streams == 1 &&
              c.format->streams[0]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO,
          "not one sound");
    CHECK(next_packet(&c, 3000) >= 0, "no sound");
    hang_up(&c);
}

static void only_the_right_password_gets_in(void)
{
    static const char *const ids[] = {"digest", "basic"};

    for (int i = 0; i < 2; i++) {
        struct client c;
        int rc = call_camera(&c, ids[i]);

        CHECK(rc == AVERROR_HTTP_UNAUTHORIZED, "%s without: %s", ids[i], av_err2str(rc));
        hang_up(&c);
        rc = call(&c, "viewer:wrong@", port, ids[i], 6000);
        CHECK(rc == AVERROR_HTTP_UNAUTHORIZED, "%s wrong: %s", ids[i], av_err2str(rc));
        hang_up(&c);
        rc = call(&c, "viewer:p%40%3A%2F%23%3F%25%3Dx@", port, ids[i], 6000);
        CHECK(rc >= 0, "%s: %s", ids[i], av_err2str(rc));
        hang_up(&c);
    }
}

static void key_frames_come_when_they_should(void)
{
    struct client c;
    int keys = 0;

    CHECK(call_camera(&c, "longgop") >= 0, "open");
    for (int i = 0; i < 79 && next_packet(&c, 3000) >= 0; i++)
        keys += (c.packet->flags & AV_PKT_FLAG_KEY) != 0;
    CHECK(keys <= 1, "%d key frames in a loop of one", keys);
    hang_up(&c);
}

static void the_script_says_what_is_on_the_wire(void)
{
    struct client c;
    const char *at;
    int number = -1, frame;

    CHECK(call_camera(&c, "busy") >= 0, "open");
    for (int i = 0; i < 40 && number < 0; i++)
        number = next_number(&c, 3000);
    at = strstr(ask("state busy"), "\"frame\":");
    frame = at != NULL ? (int)strtol(at + 8, NULL, 10) : -1;
    CHECK(number >= 0 && (frame - number + 120) % 120 <= 3, "picture %d, clock %d", number,
          frame);
    at = ask("when busy 12");
    CHECK(strstr(at, "\"next\":") != NULL && strstr(at, "\"start\":") != NULL, "%s", at);
    hang_up(&c);
}

/* Faults of the connection: what opening answers. */
static void a_faulty_camera_answers_as_its_fault_says(void)
{
    static const struct {
        const char *fault, *camera;
        int want; /* 0: any error */
        int least_ms;
    } rows[] = {
        {"refuse", "own", AVERROR(ECONNREFUSED), 0},
        {"refuse", "h264", 0, 0},
        {"silent", "h264", 0, 1400},
        {"html", "h264", 0, 0},
        {"401", "h264", AVERROR_HTTP_UNAUTHORIZED, 0},
        {"404", "h264", AVERROR_HTTP_NOT_FOUND, 0},
        {"453", "h264", AVERROR_HTTP_OTHER_4XX, 0},
        {"503", "h264", AVERROR_HTTP_SERVER_ERROR, 0},
        {"bad-sdp", "h264", 0, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int at_port = strcmp(rows[i].camera, "own") == 0 ? own_port : port, rc;
        struct client live, c;
        char line[64];
        int64_t begin_us;

        CHECK(call(&live, "", at_port, rows[i].camera, 6000) >= 0, "%s before", rows[i].fault);
        CHECK(next_packet(&live, 4000) >= 0, "%s before", rows[i].fault);
        snprintf(line, sizeof line, "fault %s %s", rows[i].camera, rows[i].fault);
        CHECK(strstr(ask(line), "\"done\":1") != NULL, "%s", line);
        rc = 0;
        begin_us = now_us();
        while (rc >= 0 && now_us() - begin_us < 3000000)
            rc = next_packet(&live, 3000);
        CHECK(rc < 0 && now_us() - begin_us < 2000000, "%s: the session goes on",
              rows[i].fault);
        hang_up(&live);
        begin_us = now_us();
        rc = call(&c, "", at_port, rows[i].camera, 1500);
        if (rc >= 0 && c.format->nb_streams == 0)
            rc = AVERROR_STREAM_NOT_FOUND;
        CHECK(rc < 0 && (rows[i].want == 0 || rc == rows[i].want), "%s: %s", rows[i].fault,
              av_err2str(rc));
        CHECK(now_us() - begin_us >= rows[i].least_ms * 1000, "%s: too soon", rows[i].fault);
        CHECK(rows[i].least_ms > 0 || now_us() - begin_us < 1400000, "%s: too late",
              rows[i].fault);
        hang_up(&c);
        snprintf(line, sizeof line, "clear %s", rows[i].camera);
        ask(line);
        CHECK(call(&c, "", at_port, rows[i].camera, 6000) >= 0, "%s after", rows[i].fault);
        hang_up(&c);
    }
}

static void a_stall_keeps_the_connection(void)
{
    struct client c;
    int64_t begin_us, end_us = now_us() + 2000000;
    int rc = 0;

    CHECK(call_camera(&c, "h264") >= 0 && next_packet(&c, 3000) >= 0, "open");
    ask("fault h264 stall for=2.5");
    while (rc >= 0 && now_us() < end_us) {
        begin_us = now_us();
        rc = next_packet(&c, 1000); /* a packet on its way may still come */
    }
    CHECK(rc == AVERROR_EXIT && now_us() - begin_us >= 900000, "%s", av_err2str(rc));
    CHECK(next_packet(&c, 4000) >= 0 && next_packet(&c, 1000) >= 0, "does not go on");
    hang_up(&c);
}

static void a_frozen_picture_stands_still_and_goes_on(void)
{
    struct client c;
    int same = 0, last = -1, moved = 0;

    CHECK(call_camera(&c, "h264") >= 0 && next_number(&c, 3000) >= -1, "open");
    ask("fault h264 freeze");
    for (int i = 0; i < 20; i++) {
        int n = next_number(&c, 3000);

        same = n == last ? same + 1 : 0;
        last = n;
    }
    CHECK(same >= 14, "%d times the same", same);
    ask("clear h264");
    for (int i = 0; i < 30; i++)
        moved += next_number(&c, 3000) != last;
    CHECK(moved > 8, "%d moved", moved);
    hang_up(&c);
}

static void a_slow_line_delivers_less(void)
{
    struct client c;
    int64_t end_us;
    int n = 0;

    CHECK(call_camera(&c, "h264") >= 0 && next_packet(&c, 3000) >= 0, "open");
    ask("fault h264 slow 4");
    end_us = now_us() + 3000000;
    while (now_us() < end_us && next_packet(&c, 1000) != AVERROR_EOF)
        n++;
    CHECK(n < 25, "%d packets in 3 s", n);
    ask("clear h264");
    hang_up(&c);
}

static void parameters_change_within_a_session(void)
{
    struct client c;
    int seen = 0, back = 0;

    CHECK(call_camera(&c, "h264") >= 0 && next_number(&c, 3000) >= -1, "open");
    CHECK(strstr(ask("fault h264 params"), "done") != NULL, "params");
    for (int i = 0; i < 40 && !seen; i++)
        seen = next_number(&c, 3000) >= -1 && c.frame->width == 352 && c.frame->height == 288;
    CHECK(seen, "%dx%d", c.frame->width, c.frame->height);
    ask("clear h264");
    for (int i = 0; i < 40 && !back; i++)
        back = next_number(&c, 3000) >= -1 && c.frame->width == 320;
    CHECK(back, "%dx%d", c.frame->width, c.frame->height);
    hang_up(&c);
}

static void sizes_can_be_lied_about(void)
{
    struct client c;

    ask("fault h264 8k");
    CHECK(call_camera(&c, "h264") >= 0, "open");
    CHECK(avformat_find_stream_info(c.format, NULL) >= 0 &&
              c.format->streams[0]->codecpar->width == 7680 &&
              c.format->streams[0]->codecpar->height == 4320,
          "%dx%d", c.format->streams[0]->codecpar->width,
          c.format->streams[0]->codecpar->height);
    hang_up(&c);
    ask("fault h264 zero");
    CHECK(call_camera(&c, "h264") >= 0, "open");
    CHECK(c.format->streams[0]->codecpar->width == 0, "%d",
          c.format->streams[0]->codecpar->width);
    hang_up(&c);
    ask("clear h264");
}

static void timestamps_jump_both_ways(void)
{
    static const int steps_s[] = {3600, -3600};
    struct client c;

    CHECK(call_camera(&c, "h264") >= 0, "open");
    for (int k = 0; k < 2; k++) {
        int64_t last = AV_NOPTS_VALUE, step = 0;
        char line[64];

        snprintf(line, sizeof line, "fault h264 jump %d", steps_s[k]);
        for (int i = 0; i < 30; i++) {
            int64_t at;

            if (i == 5)
                ask(line);
            if (next_packet(&c, 3000) < 0)
                break;
            at = av_rescale_q(c.packet->pts, c.format->streams[0]->time_base,
                              (AVRational){1, 1000});
            if (c.packet->pts == AV_NOPTS_VALUE)
                continue;
            if (last != AV_NOPTS_VALUE && llabs(at - last) > llabs(step))
                step = at - last;
            last = at;
        }
        CHECK(llabs(step - steps_s[k] * 1000) < 2000, "%lld ms", (long long)step);
    }
    hang_up(&c);
}

static void a_session_can_be_reset_closed_or_soiled(void)
{
    static const char *const kinds[] = {"reset", "close", "garbage", "garbage 60000"};

    for (int k = 0; k < 4; k++) {
        struct client c;
        int rc = 0;
        int64_t begin_us;
        char line[64];

        CHECK(call_camera(&c, "h264") >= 0 && next_packet(&c, 3000) >= 0, "open");
        snprintf(line, sizeof line, "fault h264 %s", kinds[k]);
        CHECK(strstr(ask(line), "\"done\":1") != NULL, "%s", line);
        begin_us = now_us();
        while (k < 2 && rc >= 0 && now_us() - begin_us < 3000000)
            rc = next_packet(&c, 2000);
        CHECK(k >= 2 || (rc < 0 && now_us() - begin_us < 1500000), "%s: goes on", kinds[k]);
        hang_up(&c);
        CHECK(call_camera(&c, "h264") >= 0 && next_packet(&c, 4000) >= 0, "after %s", kinds[k]);
        hang_up(&c);
    }
}

static void damage_and_loss_leave_a_stream(void)
{
    static const char *const kinds[] = {"damage 200", "loss 200"};

    for (int k = 0; k < 2; k++) {
        struct client c;
        char line[64];
        int n = 0;

        CHECK(call_camera(&c, "busy") >= 0, "open");
        snprintf(line, sizeof line, "fault busy %s", kinds[k]);
        ask(line);
        for (int i = 0; i < 20; i++)
            n += next_packet(&c, 2000) >= 0;
        CHECK(n >= 18, "%s: %d packets", kinds[k], n);
        ask("clear busy");
        hang_up(&c);
    }
}

static void a_file_is_served(void)
{
    struct client c;
    int n = 0;

    if (access("/usr/share/doc/opencv-doc/examples/data/vtest.avi", R_OK) != 0) {
        printf("ok: no opencv-doc here: file not tested\n");
        return;
    }
    CHECK(call_camera(&c, "vtest") >= 0, "open");
    while (n < 15 && next_number(&c, 4000) >= -1)
        n++;
    CHECK(n == 15 && c.frame->width == 768 && c.frame->height == 576, "%d frames %dx%d", n,
          c.frame->width, c.frame->height);
    hang_up(&c);
}

static void nobody_takes_nonsense_for_a_command(void)
{
    CHECK(strstr(ask("fault nobody stall"), "\"error\"") != NULL, "camera");
    CHECK(strstr(ask("fault h264 whatever"), "\"error\"") != NULL, "kind");
    CHECK(strstr(ask("fault h264 slow x"), "\"error\"") != NULL, "number");
    CHECK(strstr(ask("fault mjpeg 8k"), "\"error\"") != NULL, "codec");
    CHECK(strstr(ask("dance"), "\"error\"") != NULL, "command");
    CHECK(strstr(ask("list all"), "p@:") == NULL, "a password is told");
}

static int free_port(void)
{
    struct sockaddr_storage a = {.ss_family = AF_INET};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0), n;
    uint16_t be;

    if (bind(fd, (struct sockaddr *)&a, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &len) < 0)
        return 0;
    memcpy(&be, (char *)&a + 2, 2);
    n = be >> 8 | (be & 255) << 8;
    close(fd);
    return n;
}

static bool start(const char *program, const char *folder)
{
    char path[300], cache[300], line[200];
    int out[2];
    FILE *f;

    snprintf(path, sizeof path, "%s/cameras", folder);
    snprintf(cache, sizeof cache, "%s/cache", folder);
    snprintf(control, sizeof control, "%s/control", folder);
    own_port = free_port();
    f = fopen(path, "w");
    if (f == NULL || pipe(out) < 0)
        return false;
    fprintf(f, "%sown scene=yard+burn+loop=4+fps=20+quiet size=320x240 gop=5 port=%d\n",
            cameras, own_port);
    if (access("/usr/share/doc/opencv-doc/examples/data/vtest.avi", R_OK) == 0)
        fputs("vtest file=/usr/share/doc/opencv-doc/examples/data/vtest.avi qp=36\n", f);
    fclose(f);
    server = fork();
    if (server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        dup2(out[1], 1);
        close(out[0]);
        execl(program, program, "--port", "0", "--file", path, "--control", control, "--cache",
              cache, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    f = fdopen(out[0], "r");
    while (fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "port %d", &port) == 1)
            continue;
        if (strncmp(line, "cameras", 7) == 0)
            break;
    }
    fclose(f);
    return port > 0;
}

static void it_stops_when_told(void)
{
    int64_t begin_us = now_us();
    int status = -1;

    kill(server, SIGTERM);
    while (waitpid(server, &status, WNOHANG) == 0 && now_us() - begin_us < 5000000) {
        struct timespec nap = {.tv_nsec = 20000000};

        nanosleep(&nap, NULL);
    }
    if (now_us() - begin_us >= 5000000)
        kill(server, SIGKILL);
    CHECK(status == 0 && now_us() - begin_us < 3000000, "status %d after %lld ms", status,
          (long long)(now_us() - begin_us) / 1000);
}

int main(int argc, char **argv)
{
    static void (*const cases[])(void) = {
        each_codec_is_read_and_decoded,
        a_loop_goes_on_without_a_jump,
        the_sub_stream_is_smaller_and_in_step,
        sound_is_there_where_it_was_asked_for,
        only_the_right_password_gets_in,
        key_frames_come_when_they_should,
        the_script_says_what_is_on_the_wire,
        a_faulty_camera_answers_as_its_fault_says,
        a_stall_keeps_the_connection,
        a_frozen_picture_stands_still_and_goes_on,
        a_slow_line_delivers_less,
        parameters_change_within_a_session,
        sizes_can_be_lied_about,
        timestamps_jump_both_ways,
        a_session_can_be_reset_closed_or_soiled,
        damage_and_loss_leave_a_stream,
        a_file_is_served,
        nobody_takes_nonsense_for_a_command,
        it_stops_when_told,
    };

    if (argc != 3 || !start(argv[1], argv[2])) {
        printf("not ok: no server\n");
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    av_log_set_level(getenv("VERBOSE") != NULL ? AV_LOG_WARNING : AV_LOG_QUIET);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int before = failures;

        cases[i]();
        printf("%s %zu\n", failures == before ? "ok" : "FAILED", i + 1);
    }
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
