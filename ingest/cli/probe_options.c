#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "ingest/cli/probe.h"

static const char usage_text[] =
    "usage: vedette-probe [options] URL\n"
    "       vedette-probe [options] --pipeline TEXT\n"
    "       vedette-probe [options] --config DIR CAMERA\n"
    "Opens a stream, looks at it for a few seconds, and says what is there.\n"
    "  --user NAME            who to sign in as\n"
    "  --password-file FILE   with the password in FILE\n"
    "  --pipeline TEXT        a GStreamer source instead of a URL\n"
    "  --config DIR           take address and user of CAMERA from this configuration\n"
    "  --sub                  with --config: look at detect_url instead of url\n"
    "  --udp                  RTP over UDP instead of TCP\n"
    "  --file                 URL is a file\n"
    "  --seconds N            look for N seconds, 1 to 120 (default 5)\n"
    "  --json                 one JSON object instead of lines for people\n"
    "Exit status: 0 pictures came, 1 they did not, 2 this was no way to ask.\n";

enum { SECONDS_DEFAULT = 5, SECONDS_MAX = 120 };

struct words {
    const char *config, *password_file;
    bool wants_sub;
};

static int complain(const char *what, const char *detail)
{
    (void)fprintf(stderr, "vedette-probe: %s%s%s\n", what, detail[0] != '\0' ? ": " : "",
                  detail);
    return VD_PROBE_USAGE;
}

static int from_config(struct vd_probe_options *o, const struct words *words, const char *id)
{
    const struct vd_camera_cfg *camera;
    struct vd_err err = {0};

    if (vd_config_load(&o->cfg, words->config, VD_CONFIG_SECRETS_NONE, NULL, &err) < 0)
        return complain("configuration", err.msg);
    camera = vd_config_camera(o->cfg, id);
    if (camera == NULL)
        return complain("no camera of that id in the configuration", id);
    o->source.pipeline = camera->pipeline;
    o->source.url =
        words->wants_sub && camera->detect_url != NULL ? camera->detect_url : camera->url;
    o->source.is_udp = camera->transport == VD_CONFIG_TRANSPORT_UDP;
    o->source.user = camera->user;
    o->source.open_timeout_us = o->cfg->ingest.open_timeout_us;
    o->source.read_timeout_us = o->cfg->ingest.read_timeout_us;
    o->source.max_pixels = o->cfg->ingest.max_pixels;
    if (camera->password_file != NULL &&
        vd_config_secret(o->cfg, camera->password_file, &o->secret, &err) < 0)
        return complain("password", err.msg);
    return VD_PROBE_RUN;
}

static int finish(struct vd_probe_options *o, const struct words *words, int argc, char **argv)
{
    bool has_word = optind + 1 == argc;
    struct vd_err err = {0};
    int rc = VD_PROBE_RUN;

    if (words->config != NULL) {
        if (!has_word || o->source.pipeline != NULL)
            return complain("--config needs the id of a camera, and nothing else", "");
        rc = from_config(o, words, argv[optind]);
    } else if (o->source.pipeline != NULL ? optind != argc : !has_word) {
        return complain("one URL, or one --pipeline, or --config and a camera", "");
    } else if (o->source.pipeline == NULL) {
        o->source.url = argv[optind];
    }
    if (rc == VD_PROBE_RUN && words->password_file != NULL &&
        vd_config_secret(NULL, words->password_file, &o->secret, &err) < 0)
        return complain("password", err.msg);
    o->source.password = o->secret.text;
    return rc;
}

static bool parse_seconds(const char *text, int64_t *ret_us)
{
    int64_t seconds;

    if (!vd_str_int64(text, &seconds) || seconds < 1 || seconds > SECONDS_MAX)
        return false;
    *ret_us = seconds * 1000 * 1000;
    return true;
}

static bool take(struct vd_probe_options *o, struct words *words, int option)
{
    switch (option) {
    case 'j':
        return o->is_json = true;
    case 'u':
        return o->source.is_udp = true;
    case 'f':
        return o->source.is_file = true;
    case 'b':
        return words->wants_sub = true;
    case 'n':
        o->source.user = optarg;
        return true;
    case 'p':
        words->password_file = optarg;
        return true;
    case 'g':
        o->source.pipeline = optarg;
        return true;
    case 'c':
        words->config = optarg;
        return true;
    case 's':
        return parse_seconds(optarg, &o->watch_us);
    default:
        return false;
    }
}

enum vd_probe_parse vd_probe_options_parse(struct vd_probe_options *o, int argc, char **argv)
{
    static const struct option table[] = {{"json", no_argument, NULL, 'j'},
                                          {"udp", no_argument, NULL, 'u'},
                                          {"file", no_argument, NULL, 'f'},
                                          {"sub", no_argument, NULL, 'b'},
                                          {"user", required_argument, NULL, 'n'},
                                          {"password-file", required_argument, NULL, 'p'},
                                          {"pipeline", required_argument, NULL, 'g'},
                                          {"config", required_argument, NULL, 'c'},
                                          {"seconds", required_argument, NULL, 's'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    struct words words = {NULL, NULL, false};
    int option;

    *o = (struct vd_probe_options){.watch_us = INT64_C(1000000) * SECONDS_DEFAULT};
    while ((option = getopt_long(argc, argv, "h", table, NULL)) != -1) {
        if (option == 'h') {
            (void)fputs(usage_text, stdout);
            return VD_PROBE_HELP;
        }
        if (!take(o, &words, option))
            return (enum vd_probe_parse)complain("see --help", "");
    }
    return (enum vd_probe_parse)finish(o, &words, argc, argv);
}

void vd_probe_options_fini(struct vd_probe_options *o)
{
    vd_secret_fini(&o->secret);
    vd_config_unref(&o->cfg);
}
