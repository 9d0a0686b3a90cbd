/* The yardstick of the cameras' cost: one process, one thread a camera, libavformat reads and
 * libavcodec decodes every packet of it, and nothing else happens.
 * usage: bare_decode WARM_UP_S MEASURED_S URL … -> one line of JSON */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { CAMERAS_MAX = 512 };

struct camera {
    const char *url;
    pthread_t thread;
    _Atomic long frames, packets;
};

static atomic_bool stopped;
static struct camera cameras[CAMERAS_MAX];

static int interrupted(void *arg)
{
    (void)arg;
    return atomic_load(&stopped);
}

static AVCodecContext *open_decoder(AVFormatContext *format, int *ret_stream)
{
    const AVCodec *decoder = NULL;
    AVCodecContext *codec;

    *ret_stream = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
    if (*ret_stream < 0 || decoder == NULL)
        return NULL;
    codec = avcodec_alloc_context3(decoder);
    if (codec == NULL ||
        avcodec_parameters_to_context(codec, format->streams[*ret_stream]->codecpar) < 0)
        return NULL;
    codec->thread_count = 1;
    return avcodec_open2(codec, decoder, NULL) < 0 ? NULL : codec;
}

static void *run(void *arg)
{
    struct camera *camera = arg;
    AVFormatContext *format = avformat_alloc_context();
    AVPacket *packet = av_packet_alloc();
    AVFrame *frame = av_frame_alloc();
    AVDictionary *options = NULL;
    AVCodecContext *codec;
    int stream;

    format->interrupt_callback.callback = interrupted;
    av_dict_set(&options, "rtsp_transport", "tcp", 0);
    if (avformat_open_input(&format, camera->url, NULL, &options) < 0 ||
        avformat_find_stream_info(format, NULL) < 0 ||
        (codec = open_decoder(format, &stream)) == NULL) {
        fprintf(stderr, "bare_decode: %s does not open\n", camera->url);
        return NULL;
    }
    while (!atomic_load(&stopped) && av_read_frame(format, packet) >= 0) {
        if (packet->stream_index == stream) {
            camera->packets++;
            if (avcodec_send_packet(codec, packet) >= 0)
                while (avcodec_receive_frame(codec, frame) >= 0)
                    camera->frames++;
        }
        av_packet_unref(packet);
    }
    avcodec_free_context(&codec);
    avformat_close_input(&format);
    av_packet_free(&packet);
    av_frame_free(&frame);
    av_dict_free(&options);
    return NULL;
}

static double cpu_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double wall_s(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static long resident_kib(void)
{
    FILE *f = fopen("/proc/self/statm", "r");
    long total = 0, resident = 0;

    if (f == NULL || fscanf(f, "%ld %ld", &total, &resident) != 2)
        resident = 0;
    if (f != NULL)
        fclose(f);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static long sum(int n)
{
    long frames = 0;

    for (int i = 0; i < n; i++)
        frames += cameras[i].frames;
    return frames;
}

int main(int argc, char **argv)
{
    int n = argc - 3;
    double cpu, wall;
    long frames, kib;

    if (n < 1 || n > CAMERAS_MAX) {
        fprintf(stderr, "usage: bare_decode WARM_UP_S MEASURED_S URL ...\n");
        return 2;
    }
    av_log_set_level(AV_LOG_QUIET);
    for (int i = 0; i < n; i++) {
        cameras[i].url = argv[i + 3];
        if (pthread_create(&cameras[i].thread, NULL, run, &cameras[i]) != 0)
            return 1;
    }
    sleep((unsigned)strtoul(argv[1], NULL, 10));
    cpu = cpu_s();
    wall = wall_s();
    frames = sum(n);
    sleep((unsigned)strtoul(argv[2], NULL, 10));
    cpu = cpu_s() - cpu;
    wall = wall_s() - wall;
    frames = sum(n) - frames;
    kib = resident_kib();
    printf("{\"bench\":\"bare_decode\",\"cameras\":%d,\"seconds\":%.1f,\"frames\":%ld,"
           "\"cpu_s\":%.3f,\"cpu_percent_per_camera\":%.3f,\"kib_per_camera\":%ld}\n",
           n, wall, frames, cpu, 100 * cpu / wall / n, kib / n);
    atomic_store(&stopped, true);
    for (int i = 0; i < n; i++)
        pthread_join(cameras[i].thread, NULL);
    return 0;
}
