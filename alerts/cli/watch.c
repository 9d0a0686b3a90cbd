/* vedette watch: alerts in a terminal as they come, and a word when what is seen is late. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "alerts/cli/place.h"
#include "alerts/cli/show.h"
#include "alerts/feed/client.h"
#include "base/json.h"
#include "base/notify.h"
#include "base/str.h"

static const int64_t SILENCE_US = 5000000;

static const char HELP[] =
    "usage: vedette watch [--area CODE] [--since TIME] [--config DIR] [--state DIR]\n"
    "                     [--key FILE]\n"
    "Shows alerts as they are opened and changed; '*': its cause is still there. Says so when\n"
    "alerts are delayed. Ctrl-C ends it.\n";

/* What was last said of the health of the feed. */
struct mood {
    bool is_late, is_silent;
};

static void say(bool has_colour, const char *text, const char *more)
{
    (void)fprintf(stderr, "%s-- %s%s%s\n", has_colour ? "\033[1;31m" : "", text, more,
                  has_colour ? "\033[0m" : "");
}

static void say_late(const struct vd_json *doc, bool has_colour)
{
    const char *since = vd_json_get_text(doc, "since");
    char text[160];

    (void)snprintf(text, sizeof text, "alerts delayed since %s, %" PRId64 " waiting",
                   since != NULL ? since : "just now", vd_json_get_int(doc, "waiting", 0));
    say(has_colour, text, "");
}

/* Tells transitions only. */
static void look_at_health(const struct vd_feed *feed, struct mood *mood)
{
    int64_t age_us = vd_feed_heartbeat_age_us(feed);
    const char *beat = vd_feed_heartbeat(feed);
    bool has_colour = cli_has_colour(stderr), is_committing = true;
    struct vd_json *doc = NULL;

    if (age_us > SILENCE_US && !mood->is_silent)
        say(has_colour, "the router is silent: alerts may be missing", "");
    if (age_us >= 0 && age_us <= SILENCE_US && mood->is_silent)
        say(false, "the router is back", "");
    mood->is_silent = age_us > SILENCE_US;
    if (vd_json_parse(&doc, beat, strlen(beat), NULL) < 0)
        return;
    (void)vd_json_as_bool(vd_json_get(doc, "committing"), &is_committing);
    if (!is_committing && !mood->is_late)
        say_late(doc, has_colour);
    if (is_committing && mood->is_late)
        say(false, "alerts are up to date again", "");
    mood->is_late = !is_committing;
    vd_json_free(&doc);
}

static void show(const struct vd_feed_item *item)
{
    struct vd_json *doc = NULL;

    if (vd_json_parse(&doc, item->body, item->body_len, NULL) < 0)
        return;
    cli_show_line(stdout, vd_json_get(doc, "data"), cli_has_colour(stdout));
    (void)fflush(stdout);
    vd_json_free(&doc);
}

static int watch(struct vd_feed *feed, int signals, struct vd_err *err)
{
    struct mood mood = {0};

    for (;;) {
        struct vd_feed_item item;
        int rc = vd_feed_next(feed, 500000, &item, err);

        if (vd_signals_take(signals) != 0 || rc == VD_ESTOP)
            return 0;
        if (rc == VD_EEOF || rc == VD_EPROTO) { /* a screen, no archive: go on with what is */
            say(cli_has_colour(stderr), err->msg, "");
            vd_feed_seek(feed, rc == VD_EEOF ? vd_feed_floor(feed) - 1 : 0);
        } else if (rc < 0) {
            return rc;
        }
        if (rc > 0)
            show(&item);
        look_at_health(feed, &mood);
    }
}

static int run(const struct cli_place *place, const char *prefix, int64_t since_us, int signals)
{
    struct vd_feed_opts opts = {.feed = place->feed,
                                .replay = place->replay,
                                .keys = place->has_keys ? &place->keys : NULL,
                                .after = -1,
                                .since_us = since_us,
                                .prefix = prefix,
                                .stop_fd = signals};
    struct vd_feed *feed = NULL;
    struct vd_err err = {0};
    int rc = vd_bus_open(&opts.bus, &err);

    if (rc >= 0)
        rc = vd_feed_open(&feed, &opts, &err);
    if (rc >= 0)
        rc = watch(feed, signals, &err);
    vd_feed_close(&feed);
    vd_bus_close(&opts.bus);
    return rc < 0 ? cli_complain("watch", err.msg, CLI_FAILED) : CLI_OK;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {"area", required_argument, NULL, 'a'},
                                            {"since", required_argument, NULL, 'S'},
                                            {"key", required_argument, NULL, 'K'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    const char *config = NULL, *state = NULL, *area = "", *key = NULL;
    char prefix[256];
    struct cli_place place = {0};
    struct vd_err err = {0};
    int64_t since_us = 0;
    int c, signals, rc;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h')
            return fputs(HELP, stdout) < 0 ? CLI_FAILED : CLI_OK;
        if (c == '?')
            return CLI_USAGE;
        config = c == 'c' ? optarg : config;
        state = c == 's' ? optarg : state;
        area = c == 'a' ? optarg : area;
        key = c == 'K' ? optarg : key;
        if (c == 'S' && !vd_time_parse(optarg, &since_us))
            return cli_complain("watch", "--since takes a time like 2026-08-22T03:14:07Z",
                                CLI_USAGE);
    }
    if (optind < argc)
        return cli_complain("watch", "takes no arguments; --help tells how", CLI_USAGE);
    (void)snprintf(prefix, sizeof prefix, "alert/%s%s", area, area[0] != '\0' ? "/" : "");
    vd_json_init();
    signals = vd_signals_open(&err);
    if (signals < 0 || cli_place_find(&place, config, state, &err) < 0 ||
        cli_place_keys(&place, key, &err) < 0)
        rc = cli_complain("watch", err.msg, CLI_FAILED);
    else
        rc = run(&place, prefix, since_us, signals);
    cli_place_fini(&place);
    close(signals);
    return rc;
}
