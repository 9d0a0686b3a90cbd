/* vedette events: the feed as lines, for pipes: all that is kept, or as it comes. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/cli/place.h"
#include "alerts/feed/client.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/notify.h"
#include "base/str.h"

enum { TAIL_MAX = 64 * 1024 };

static const int64_t SILENCE_US = 10000000;

static const char HELP[] =
    "usage: vedette events [--follow] [--json] [--from P | --since TIME] [--topic PREFIX]\n"
    "                      [--cursor FILE | --append FILE] [--config DIR] [--state DIR]\n"
    "                      [--key FILE]\n"
    "Prints the feed: what is kept from position P (or a time, RFC 3339) on, and with "
    "--follow\n"
    "what comes from then on. Without --from or --since, --follow begins with now.\n"
    "  --json         one object a line: {\"position\":…,\"topic\":…,\"message\":{…}}\n"
    "  --topic PREFIX only topics that begin so, e.g. event/4403/ or alert/\n"
    "  --cursor FILE  go on behind the position in FILE, and keep it there after each line\n"
    "  --append FILE  write the lines to FILE and go on behind its last one: position and "
    "work\n"
    "                 are one, so nothing is missed or written twice, even when killed\n"
    "  --key FILE     the secret key to show where the bus is tcp:// (else bus.key_file's)\n"
    "  --narrow       take only the topics asked for over the wire (thin links)\n"
    "Exit status 3 when what was asked for is no longer kept, or no router answers.\n";

struct opts {
    const char *config, *state, *topic, *cursor, *append, *key;
    int64_t from, since_us;
    bool is_follow, is_json, is_narrow;
};

struct printer {
    const struct opts *o;
    FILE *out;
    int64_t cursor; /* < 0: begin where the options say */
};

/* ---- options ---- */

static int usage(const char *what)
{
    return cli_complain("events", what, CLI_USAGE);
}

static bool take_option(struct opts *o, int c)
{
    switch (c) {
    case 'c':
        o->config = optarg;
        return true;
    case 's':
        o->state = optarg;
        return true;
    case 'K':
        o->key = optarg;
        return true;
    case 't':
        o->topic = optarg;
        return true;
    case 'k':
        o->cursor = optarg;
        return true;
    case 'a':
        o->append = optarg;
        return true;
    case 'F':
        return vd_str_int64(optarg, &o->from) && o->from >= 1;
    case 'S':
        return vd_time_parse(optarg, &o->since_us);
    case 'f':
        o->is_follow = true;
        return true;
    case 'j':
        o->is_json = true;
        return true;
    case 'n':
        o->is_narrow = true;
        return true;
    default:
        return false;
    }
}

static int parse(struct opts *o, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {"topic", required_argument, NULL, 't'},
                                            {"cursor", required_argument, NULL, 'k'},
                                            {"append", required_argument, NULL, 'a'},
                                            {"from", required_argument, NULL, 'F'},
                                            {"since", required_argument, NULL, 'S'},
                                            {"follow", no_argument, NULL, 'f'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"narrow", no_argument, NULL, 'n'},
                                            {"key", required_argument, NULL, 'K'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h')
            return fputs(HELP, stdout) < 0 ? CLI_FAILED : CLI_OK;
        if (!take_option(o, c))
            return c == '?' ? CLI_USAGE
                            : usage("--from takes a position, --since a time like "
                                    "2026-08-22T03:14:07Z");
    }
    if (optind < argc)
        return usage("takes no arguments; --help tells how");
    if (o->cursor != NULL && o->append != NULL)
        return usage("--cursor and --append exclude each other");
    return -1;
}

/* ---- where to go on ---- */

static int read_cursor(struct printer *p, struct vd_err *err)
{
    char *text = NULL;
    size_t len;
    int rc;

    if (access(p->o->cursor, F_OK) != 0)
        return 0;
    rc = vd_fs_read(p->o->cursor, 64, &text, &len, err);
    if (rc < 0)
        return rc;
    text[strcspn(text, "\n")] = '\0';
    if (!vd_str_int64(text, &p->cursor) || p->cursor < 0)
        rc = vd_err_set(err, VD_EINVAL, "'%s' holds no position", p->o->cursor);
    free(text);
    return rc;
}

static int write_cursor(const struct printer *p, int64_t position, struct vd_err *err)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%" PRId64 "\n", position);

    return vd_fs_write(p->o->cursor, text, (size_t)n, 0644, err);
}

/* The position in the last whole line of the file; what a kill left of a line is cut off. */
static int take_tail(struct printer *p, int fd, off_t size, struct vd_err *err)
{
    char *tail = malloc(TAIL_MAX + 1), *line = NULL, *end;
    off_t begin = size > TAIL_MAX ? size - TAIL_MAX : 0;
    ssize_t n = tail == NULL ? -1 : pread(fd, tail, TAIL_MAX, begin);
    int rc = 0;

    if (n < 0) {
        free(tail);
        return vd_err_set(err, VD_EIO, "read '%s': %s", p->o->append, strerror(errno));
    }
    tail[n] = '\0';
    end = memrchr(tail, '\n', (size_t)n);
    if (end == NULL && begin > 0)
        rc = vd_err_set(err, VD_EINVAL, "'%s' is none of ours", p->o->append);
    if (rc == 0 && ftruncate(fd, end == NULL ? 0 : begin + (end - tail) + 1) != 0)
        rc = vd_err_set(err, VD_EIO, "cut '%s': %s", p->o->append, strerror(errno));
    if (rc == 0 && end != NULL) {
        static const char KEY[] = "{\"position\":";

        *end = '\0';
        line = strrchr(tail, '\n');
        line = line == NULL ? tail : line + 1;
        if (strncmp(line, KEY, sizeof KEY - 1) != 0)
            rc = vd_err_set(err, VD_EINVAL, "the last line of '%s' is none of ours",
                            p->o->append);
        else
            p->cursor = strtoll(line + sizeof KEY - 1, NULL, 10);
    }
    free(tail);
    return rc;
}

static int open_append(struct printer *p, struct vd_err *err)
{
    int fd = open(p->o->append, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
    int rc = 0;

    if (size < 0)
        rc = vd_err_set(err, VD_EIO, "open '%s': %s", p->o->append, strerror(errno));
    else if (size > 0)
        rc = take_tail(p, fd, size, err);
    if (rc == 0 && (p->out = fdopen(fd, "a")) != NULL)
        return 0;
    if (fd >= 0)
        close(fd);
    return rc < 0 ? rc : vd_err_set(err, VD_EIO, "open '%s'", p->o->append);
}

/* ---- lines ---- */

static int print_item(const struct printer *p, const struct vd_feed_item *item)
{
    if (p->o->is_json || p->o->append != NULL)
        return fprintf(p->out, "{\"position\":%" PRId64 ",\"topic\":\"%s\",\"message\":%s}\n",
                       item->position, item->topic, item->body);
    return fprintf(p->out, "%" PRId64 " %s %s\n", item->position, item->topic, item->body);
}

static int put(const struct printer *p, const struct vd_feed_item *item, struct vd_err *err)
{
    if (print_item(p, item) < 0 || fflush(p->out) != 0)
        return vd_err_set(err, errno == EPIPE ? VD_EEOF : VD_EIO, "write: %s", strerror(errno));
    return p->o->cursor != NULL ? write_cursor(p, item->position, err) : 0;
}

/* Until the end: without --follow that is what was there when we came. */
static int follow(const struct printer *p, struct vd_feed *feed, int signals,
                  struct vd_err *err)
{
    int64_t begun_us = vd_clock_system.mono_us(NULL);

    for (;;) {
        struct vd_feed_item item;
        int rc = vd_feed_next(feed, 200000, &item, err);

        if (vd_signals_take(signals) != 0)
            return 0;
        if (rc == VD_ESTOP)
            return 0;
        if (rc > 0)
            rc = put(p, &item, err);
        if (rc < 0)
            return rc;
        if (!p->o->is_follow && vd_feed_is_live(feed))
            return 0;
        if (vd_feed_position(feed) < 0 && vd_feed_heartbeat_age_us(feed) < 0 &&
            !p->o->is_follow && vd_clock_system.mono_us(NULL) - begun_us > SILENCE_US)
            return vd_err_set(err, VD_ETIMEOUT, "no router answers: is 'vedette up' running?");
    }
}

static int run(struct printer *p, const struct cli_place *place, int signals)
{
    const struct opts *o = p->o;
    struct vd_feed_opts opts = {.feed = place->feed,
                                .replay = place->replay,
                                .keys = place->has_keys ? &place->keys : NULL,
                                .after = o->is_follow ? -1 : 0,
                                .since_us = o->since_us,
                                .prefix = o->topic,
                                .is_narrow = o->is_narrow,
                                .stop_fd = signals};
    struct vd_feed *feed = NULL;
    struct vd_bus *bus = NULL;
    struct vd_err err = {0};
    int rc = vd_bus_open(&bus, &err);

    if (o->from > 0)
        opts.after = o->from - 1;
    if (p->cursor >= 0) {
        opts.after = p->cursor;
        opts.since_us = 0;
    }
    opts.bus = bus;
    if (rc >= 0)
        rc = vd_feed_open(&feed, &opts, &err);
    if (rc >= 0)
        rc = follow(p, feed, signals, &err);
    vd_feed_close(&feed);
    vd_bus_close(&bus);
    if (rc == VD_EEOF && errno == EPIPE)
        return CLI_OK; /* whoever read us has seen enough */
    return rc < 0 ? cli_complain("events", err.msg, CLI_FAILED) : CLI_OK;
}

int main(int argc, char **argv)
{
    struct opts o = {0};
    struct printer p = {.o = &o, .out = stdout, .cursor = -1};
    struct cli_place place;
    struct vd_err err = {0};
    int signals, rc = parse(&o, argc, argv);

    if (rc >= 0)
        return rc;
    vd_json_init();
    signals = vd_signals_open(&err);
    if (signals < 0 || cli_place_find(&place, o.config, o.state, &err) < 0)
        return cli_complain("events", err.msg, CLI_FAILED);
    if (o.cursor != NULL)
        rc = read_cursor(&p, &err);
    else
        rc = o.append != NULL ? open_append(&p, &err) : 0;
    if (rc >= 0)
        rc = cli_place_keys(&place, o.key, &err);
    if (rc < 0)
        rc = cli_complain("events", err.msg, CLI_FAILED);
    else
        rc = run(&p, &place, signals);
    if (p.out != stdout)
        fclose(p.out);
    cli_place_fini(&place);
    close(signals);
    return rc;
}
