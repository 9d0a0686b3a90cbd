/* vedette alert: lists alerts and works on them, by the same table as the console. */
#include <getopt.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/cli/place.h"
#include "alerts/cli/show.h"
#include "alerts/workflow/alert_json.h"
#include "alerts/workflow/change.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/str.h"
#include "config/value.h"
#include "storage/pg/users.h"

enum { PAGE = 100 };

static const char HELP[] =
    "usage: vedette alert list [--all] [--urgent] [--severity S] [--camera ID] [--area CODE]\n"
    "                          [--json]\n"
    "       vedette alert show ID [--json]\n"
    "       vedette alert acknowledge|take|release|unshelve ID\n"
    "       vedette alert assign ID --to USER\n"
    "       vedette alert dispatch ID [--to UNIT] [--reason MESSAGE]\n"
    "       vedette alert note ID --reason TEXT\n"
    "       vedette alert shelve ID --for DURATION --reason TEXT\n"
    "       vedette alert resolve ID --as real|nuisance|false|test|maintenance [--reason "
    "TEXT]\n"
    "       vedette alert reopen ID --reason TEXT\n"
    "list --urgent: the severe first, without what lies beneath a common cause.\n"
    "With --config DIR, --state DIR, --actor NAME (default: who you are). --version N: only "
    "if\n"
    "the alert is still as you saw it. DURATION: 90s, 30m, 2h, 1d. Exit status 1: refused, or "
    "no\n"
    "such alert.\n";

struct opts {
    const char *config, *state, *actor, *severity, *camera, *area, *as, *reason, *to, *span;
    int64_t version; /* 0: the one it has now */
    bool is_json, is_all, is_urgent;
    const char *verb, *id;
};

static void put_alert(const struct opts *o, const struct vd_alert *alert, bool is_page)
{
    struct vd_json *data = vd_alert_json(alert);
    char *text = o->is_json ? vd_json_dump(data, NULL) : NULL;

    if (o->is_json)
        (void)printf("%s\n", text != NULL ? text : "{}");
    else if (is_page)
        cli_show_page(stdout, data, cli_has_colour(stdout));
    else
        cli_show_line(stdout, data, cli_has_colour(stdout));
    free(text);
    vd_json_free(&data);
}

static int list(const struct opts *o, struct vd_pg *pg, struct vd_err *err)
{
    struct vd_alert_filter filter = {.severity = o->severity,
                                     .camera = o->camera,
                                     .area = o->area,
                                     .states = {"unresolved"},
                                     .n_states = o->is_all ? 0 : 1,
                                     .is_urgent_first = o->is_urgent,
                                     .limit = PAGE};
    struct vd_alert *page = calloc(PAGE, sizeof *page);
    char before[37];
    int n = PAGE;

    if (page == NULL)
        return vd_err_set(err, VD_ENOMEM, "out of memory");
    while (n == PAGE) {
        n = vd_pg_alert_list(pg, &filter, page, err);
        for (int i = 0; i < n; i++)
            put_alert(o, &page[i], false);
        if (n > 0) {
            filter.before_us = page[n - 1].opened_us;
            memcpy(before, page[n - 1].id, sizeof before);
            filter.before_id = before;
        }
    }
    free(page);
    return n;
}

static int no_such(const struct opts *o)
{
    (void)fprintf(stderr, "vedette alert: there is no alert '%s'\n", o->id);
    return CLI_FAULT;
}

static int show(const struct opts *o, struct vd_pg *pg, struct vd_err *err)
{
    struct vd_alert alert;
    int rc = vd_pg_alert_get(pg, o->id, VD_PG_READ, &alert, err);

    if (rc == 0)
        return no_such(o);
    if (rc > 0)
        put_alert(o, &alert, true);
    return rc > 0 ? CLI_OK : rc;
}

static const char *myself(void)
{
    const struct passwd *me = getpwuid(getuid());

    return me != NULL ? me->pw_name : "command line";
}

/* --for, as the configuration writes durations. */
static int span_us(const char *text, int64_t *ret_us, struct vd_err *err)
{
    static const struct vd_key key = {
        .name = "for", .type = VD_KEY_DURATION, .min = 1, .max = INT64_C(31536000000000)};

    *ret_us = 0;
    return text == NULL ? 0 : vd_value_set(NULL, &key, ret_us, text, err);
}

/* Whether it can go to whom --to names: a user that there is, or a unit that is configured. */
static int check_target(const struct opts *o, const struct vd_work_cfg *cfg, struct vd_pg *pg,
                        enum vd_work_action action, struct vd_err *err)
{
    struct vd_user user;
    bool is_known = cfg->n_units == 0;
    int rc;

    if (o->to != NULL && action == VD_WORK_ASSIGN) {
        rc = vd_pg_user_get(pg, o->to, &user, err);
        return rc != 0 && (rc < 0 || !user.disabled)
                   ? rc
                   : vd_err_set(err, VD_EINVAL,
                                "there is no user '%s'; 'vedette user list' lists them", o->to);
    }
    if (o->to == NULL || action != VD_WORK_DISPATCH)
        return 0;
    for (int i = 0; i < cfg->n_units; i++)
        is_known = is_known || strcmp(cfg->units[i].id, o->to) == 0;
    return is_known ? 0
                    : vd_err_set(err, VD_EINVAL,
                                 "there is no unit '%s' among the 'units:' of 'work:'", o->to);
}

static int work(const struct opts *o, const struct vd_work_cfg *cfg, struct vd_pg *pg,
                enum vd_work_action action, struct vd_err *err)
{
    struct vd_work_change change = {.action = action,
                                    .actor = o->actor != NULL ? o->actor : myself(),
                                    .seen_version = o->version,
                                    .disposition = o->as,
                                    .reason = o->reason,
                                    .to = o->to,
                                    .shelve_max_us = cfg->shelve_max_us,
                                    .now_us = vd_clock_system.wall_us(NULL)};
    enum vd_work_verdict verdict = VD_WORK_DONE;
    struct vd_alert alert;
    int64_t span;
    int rc;

    if (span_us(o->span, &span, err) < 0)
        return cli_complain("alert", err->msg, CLI_USAGE);
    if ((rc = check_target(o, cfg, pg, action, err)) < 0)
        return rc == VD_EINVAL ? cli_complain("alert", err->msg, CLI_FAULT) : rc;
    change.until_us = change.now_us + span;
    rc = 1;
    if (change.seen_version == 0) {
        rc = vd_pg_alert_get(pg, o->id, VD_PG_READ, &alert, err);
        change.seen_version = rc > 0 ? alert.version : 0;
    }
    if (rc > 0)
        rc = vd_alert_change(pg, o->id, &change, &verdict, &alert, err);
    if (rc == 0)
        return no_such(o);
    if (rc < 0)
        return rc;
    put_alert(o, &alert, false);
    return verdict == VD_WORK_DONE ? CLI_OK : cli_complain("alert", err->msg, CLI_FAULT);
}

static int run(const struct opts *o, const struct cli_place *place)
{
    enum vd_work_action action = VD_WORK_ACKNOWLEDGE;
    struct vd_pg *pg = NULL;
    struct vd_err err = {0};
    int rc = cli_connect(place, VD_LINK_CONSOLE, "vedette-alert", &pg, &err);

    if (rc >= 0 && strcmp(o->verb, "list") == 0)
        rc = list(o, pg, &err) < 0 ? err.code : CLI_OK;
    else if (rc >= 0 && strcmp(o->verb, "show") == 0)
        rc = show(o, pg, &err);
    else if (rc >= 0 && vd_work_action_parse(o->verb, &action))
        rc = work(o, &place->cfg->work, pg, action, &err);
    vd_pg_close(&pg);
    return rc < 0 ? cli_complain("alert", err.msg, CLI_FAILED) : rc;
}

static bool take_option(struct opts *o, int c)
{
    const struct {
        int c;
        const char **text;
    } texts[] = {{'c', &o->config}, {'s', &o->state}, {'a', &o->actor}, {'S', &o->severity},
                 {'C', &o->camera}, {'A', &o->area},  {'d', &o->as},    {'r', &o->reason},
                 {'t', &o->to},     {'f', &o->span}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].c == c) {
            *texts[i].text = optarg;
            return true;
        }
    if (c == 'v')
        return vd_str_int64(optarg, &o->version) && o->version >= 1;
    o->is_json = o->is_json || c == 'j';
    o->is_all = o->is_all || c == 'l';
    o->is_urgent = o->is_urgent || c == 'u';
    return c == 'j' || c == 'l' || c == 'u';
}

static int parse(struct opts *o, int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},  {"state", required_argument, NULL, 's'},
        {"actor", required_argument, NULL, 'a'},   {"severity", required_argument, NULL, 'S'},
        {"camera", required_argument, NULL, 'C'},  {"area", required_argument, NULL, 'A'},
        {"as", required_argument, NULL, 'd'},      {"reason", required_argument, NULL, 'r'},
        {"version", required_argument, NULL, 'v'}, {"json", no_argument, NULL, 'j'},
        {"to", required_argument, NULL, 't'},      {"for", required_argument, NULL, 'f'},
        {"all", no_argument, NULL, 'l'},           {"urgent", no_argument, NULL, 'u'},
        {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0}};
    enum vd_work_action action;
    int c, wants;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h')
            return fputs(HELP, stdout) < 0 ? CLI_FAILED : CLI_OK;
        if (!take_option(o, c))
            return c == '?' ? CLI_USAGE
                            : cli_complain("alert", "--version takes a number", CLI_USAGE);
    }
    o->verb = optind < argc ? argv[optind++] : "";
    if (strcmp(o->verb, "list") != 0 && strcmp(o->verb, "show") != 0 &&
        !vd_work_action_parse(o->verb, &action))
        return cli_complain("alert", "no such verb; --help names them", CLI_USAGE);
    if (o->severity != NULL && strcmp(o->severity, "red") != 0 &&
        strcmp(o->severity, "yellow") != 0 && strcmp(o->severity, "green") != 0)
        return cli_complain("alert", "--severity takes red, yellow or green", CLI_USAGE);
    wants = strcmp(o->verb, "list") == 0 ? 0 : 1;
    if (argc - optind != wants)
        return cli_complain("alert", wants == 1 ? "which alert? Give its id" : "too many words",
                            CLI_USAGE);
    o->id = wants == 1 ? argv[optind] : NULL;
    return -1;
}

int main(int argc, char **argv)
{
    struct opts o = {0};
    struct cli_place place;
    struct vd_err err = {0};
    int rc = parse(&o, argc, argv);

    if (rc >= 0)
        return rc;
    vd_json_init();
    if (vd_crypto_init(&err) < 0 || cli_place_find(&place, o.config, o.state, &err) < 0)
        return cli_complain("alert", err.msg, CLI_FAILED);
    rc = run(&o, &place);
    cli_place_fini(&place);
    return rc;
}
