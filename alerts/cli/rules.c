/* vedette rules: what the rules of a configuration make of recorded events, and why not. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/cli/place.h"
#include "alerts/cli/trial.h"
#include "base/json.h"
#include "base/str.h"
#include "config/place.h"

enum { LINE_MAX_BYTES = 64 * 1024 };

static const char HELP[] =
    "usage: vedette rules list [--config DIR] [--state DIR]\n"
    "       vedette rules test --events FILE [--rule ID] [--until TIME] [--why] [--json]\n"
    "                          [--config DIR] [--state DIR]\n"
    "list prints the rules, one a line. test runs them over recorded events, without a router\n"
    "or a database, and prints the alerts that each would raise; then for each rule how many\n"
    "happenings raised one, and why the others did not. FILE holds the lines of\n"
    "'vedette events --json' (or events alone, one a line); - is standard input.\n"
    "  --rule ID     tell of this rule alone\n"
    "  --until TIME  let time pass until then after the last event (RFC 3339)\n"
    "  --why         a line for each message and rule, with what the rule said\n"
    "  --json        one object a line\n";

struct opts {
    const char *verb, *config, *state, *events, *rule;
    int64_t until_us;
    bool tells_why, is_json;
};

static int complain(const char *message, int status)
{
    return cli_complain("rules", message, status);
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
    case 'e':
        o->events = optarg;
        return true;
    case 'r':
        o->rule = optarg;
        return true;
    case 'u':
        return vd_time_parse(optarg, &o->until_us);
    case 'w':
        o->tells_why = true;
        return true;
    case 'j':
        o->is_json = true;
        return true;
    default:
        return false;
    }
}

static int parse(struct opts *o, int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {"events", required_argument, NULL, 'e'},
                                            {"rule", required_argument, NULL, 'r'},
                                            {"until", required_argument, NULL, 'u'},
                                            {"why", no_argument, NULL, 'w'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h')
            return fputs(HELP, stdout) < 0 ? CLI_FAILED : CLI_OK;
        if (!take_option(o, c))
            return c == '?'
                       ? CLI_USAGE
                       : complain("--until takes a time like 2026-08-22T03:14:07Z", CLI_USAGE);
    }
    o->verb = optind < argc ? argv[optind++] : "";
    if (optind < argc || (strcmp(o->verb, "list") != 0 && strcmp(o->verb, "test") != 0))
        return complain("wants 'list' or 'test'; --help tells how", CLI_USAGE);
    if (strcmp(o->verb, "test") == 0 && o->events == NULL)
        return complain("test wants --events FILE, lines of 'vedette events --json'",
                        CLI_USAGE);
    return -1;
}

/* ---- list ---- */

static int list(const struct vd_config *cfg)
{
    static const char *const severities[] = {"green", "yellow", "red"};

    for (int i = 0; i < cfg->n_rules; i++) {
        const struct vd_rule_cfg *rule = &cfg->rules[i];

        printf("%-6s %-24s %s%s\n", severities[rule->severity], rule->id,
               rule->is_enabled ? "" : "(off) ", rule->action);
    }
    return CLI_OK;
}

/* ---- test ---- */

/* A line of the feed, or an event alone. Returns 1: an event, 0: something else, VD_EPROTO. */
static int take_line(const char *line, size_t len, struct vd_event *ret_ev, struct vd_err *err)
{
    struct vd_json *doc = NULL;
    const struct vd_json *message;
    const char *type;
    char *text = NULL;
    size_t text_len = 0;
    int rc = vd_json_parse(&doc, line, len, err);

    if (rc < 0)
        return rc;
    message = vd_json_get(doc, "message") != NULL ? vd_json_get(doc, "message") : doc;
    type = vd_json_get_text(message, "type");
    if (type == NULL)
        rc = vd_err_set(err, VD_EPROTO, "no event and no line of the feed");
    else if (strncmp(type, "vedette.alert.", 14) != 0)
        rc = (text = vd_json_dump(message, &text_len)) == NULL
                 ? vd_err_set(err, VD_ENOMEM, "rules: out of memory")
                 : 1;
    if (rc == 1) {
        int decoded = vd_event_decode(text, text_len, ret_ev, err);

        rc = decoded < 0 ? decoded : 1;
    }
    free(text);
    vd_json_free(&doc);
    return rc;
}

static int run_lines(struct trial *trial, FILE *in, const char *name, struct vd_err *err)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    int n = 0, rc = 0;

    while (rc >= 0 && (len = getline(&line, &room, in)) > 0) {
        struct vd_err why = {0};
        struct vd_event ev;

        n++;
        if (len > LINE_MAX_BYTES)
            rc = vd_err_set(&why, VD_EPROTO, "longer than %d bytes", LINE_MAX_BYTES);
        else if (line[0] != '\n')
            rc = take_line(line, (size_t)len, &ev, &why);
        if (rc > 0)
            rc = trial_take(trial, &ev, &why);
        if (rc < 0)
            (void)vd_err_set(err, (enum vd_code)rc, "%s:%d: %s", name, n, why.msg);
    }
    if (rc >= 0 && ferror(in))
        rc = vd_err_set(err, VD_EIO, "read '%s': %s", name, strerror(errno));
    free(line);
    return rc < 0 ? rc : 0;
}

static int test(const struct opts *o, struct vd_config *cfg)
{
    struct trial_opts opts = {.suspect_us = cfg->router.time_suspect_us,
                              .only = o->rule,
                              .is_json = o->is_json,
                              .tells_why = o->tells_why,
                              .out = stdout};
    FILE *in = strcmp(o->events, "-") == 0 ? stdin : fopen(o->events, "re");
    struct vd_book *book = NULL;
    struct trial *trial = NULL;
    struct vd_err err = {0};
    int rc = 0;

    if (in == NULL)
        rc = vd_err_set(&err, VD_EIO, "open '%s': %s", o->events, strerror(errno));
    if (rc == 0 && o->rule != NULL && vd_config_rule(cfg, o->rule) == NULL)
        rc = vd_err_set(&err, VD_EINVAL, "there is no rule '%s'; 'vedette rules list' has them",
                        o->rule);
    if (rc >= 0)
        rc = vd_book_new(&book, cfg, &err);
    opts.book = book;
    if (rc >= 0)
        rc = trial_new(&trial, &opts, &err);
    if (rc >= 0)
        rc = run_lines(trial, in, o->events, &err);
    if (rc >= 0 && o->until_us != 0)
        rc = trial_wait(trial, o->until_us, &err);
    if (rc >= 0)
        rc = trial_report(trial, &err);
    trial_free(&trial);
    vd_book_free(&book);
    if (in != NULL && in != stdin)
        fclose(in);
    return rc < 0 ? complain(err.msg, CLI_FAILED) : CLI_OK;
}

int main(int argc, char **argv)
{
    struct opts o = {0};
    char folder[VD_PATH_MAX];
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    int rc = parse(&o, argc, argv);

    if (rc >= 0)
        return rc;
    vd_json_init();
    if (vd_place_config(o.config, o.state, folder, sizeof folder, &err) < 0 ||
        vd_config_load(&cfg, folder, VD_CONFIG_SECRETS_NONE, NULL, &err) < 0)
        return complain(err.msg, CLI_FAILED);
    rc = strcmp(o.verb, "list") == 0 ? list(cfg) : test(&o, cfg);
    vd_config_unref(&cfg);
    return rc;
}
