/* vedette verify: nothing missing, nothing twice: sources against their numbers and the spools
 * that still hold some, the feed against its positions, the log against its hashes and what was
 * signed of them. */
#include <dirent.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/cli/place.h"
#include "alerts/workflow/seal.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/str.h"
#include "storage/pg/events.h"
#include "storage/pg/log.h"
#include "storage/spool/spool.h"

enum { AUDIT_DEADLINE_MS = 30 * 60 * 1000 };

static const char HELP[] =
    "usage: vedette verify [--config DIR] [--state DIR] [--quiet] [--log-key HEX]\n"
    "Audits what is stored: each source's numbers, first to last, against the spools that are\n"
    "there; the positions of the feed; each alert against its last message; the chain of the\n"
    "log, and its signed heads. --log-key: the public key that an auditor noted, in place of\n"
    "the one in the state folder. Exit status 1 if anything is missing, twice or changed, 3 "
    "if\n"
    "it could not be looked at.\n";

/* A source in a spool that is there. */
struct held {
    struct held *next;
    char source[VD_SPOOL_SOURCE_MAX + 1];
    int64_t first, last;
    bool is_seen; /* the database knows it */
};

struct audit {
    bool is_quiet, is_out_of_memory;
    const char *key; /* NULL: that in the state folder */
    struct held *held;
    int faults, sources;
    int64_t stored, unsent, quarantined;
};

/* ---- spools ---- */

static void take_head(void *arg, const struct vd_spool_head *head)
{
    struct audit *audit = arg;
    struct held *h = calloc(1, sizeof *h);

    if (h == NULL) {
        audit->is_out_of_memory = true;
        return;
    }
    (void)vd_str_copy(h->source, sizeof h->source, head->source);
    h->first = head->first;
    h->last = head->last;
    h->next = audit->held;
    audit->held = h;
}

static bool is_spool(const char *name)
{
    size_t len = strlen(name);

    return len > 3 && strcmp(name + len - 3, ".db") == 0;
}

/* Before the database: what is sent meanwhile is then seen there. */
static int look_into_spools(struct audit *audit, const char *state)
{
    char folder[VD_PATH_MAX], path[VD_PATH_MAX];
    struct vd_err err = {0};
    struct dirent *entry;
    DIR *dir;
    int rc = 0;

    if (vd_fs_join(folder, sizeof folder, state, "spool", &err) < 0)
        return cli_complain("verify", err.msg, -1);
    dir = opendir(folder);
    if (dir == NULL)
        return 0; /* no workers on this machine */
    while (rc >= 0 && (entry = readdir(dir)) != NULL) {
        if (!is_spool(entry->d_name) ||
            vd_fs_join(path, sizeof path, folder, entry->d_name, &err) < 0)
            continue;
        if (vd_spool_peek(path, take_head, audit, &err) < 0)
            rc = cli_complain("verify", err.msg, -1);
        else if (audit->is_out_of_memory)
            rc = cli_complain("verify", "out of memory", -1);
    }
    (void)closedir(dir);
    return rc;
}

static struct held *held_of(const struct audit *audit, const char *source)
{
    struct held *h = audit->held;

    while (h != NULL && strcmp(h->source, source) != 0)
        h = h->next;
    return h;
}

/* ---- sources ---- */

static const char HEAD[] = "%-58s %9s %9s %9s %6s %6s %6s %7s  %s\n";
static const char ROW[] = "%-58s %9" PRId64 " %9" PRId64 " %9" PRId64 " %6" PRId64 " %6" PRId64
                          " %6" PRId64 " %7" PRId64 "  %s\n";

static void judge(struct audit *audit, const struct vd_pg_audit *a, const struct held *h)
{
    int64_t unsent = h != NULL && h->last > a->last ? h->last - a->last : 0;
    bool is_hole = h != NULL && h->first > a->last + 1 && h->last > a->last;
    char what[160] = "";
    size_t len = 0;

    if (a->missing != 0)
        (void)vd_str_add(what, sizeof what, &len, "MISSING %" PRId64 " from %" PRId64 "; ",
                         a->missing, a->first_gap);
    if (a->duplicates != 0)
        (void)vd_str_add(what, sizeof what, &len, "TWICE %" PRId64 "; ", a->duplicates);
    if (a->beyond != 0)
        (void)vd_str_add(what, sizeof what, &len, "BEYOND THE LAST %" PRId64 "; ", a->beyond);
    if (is_hole)
        (void)vd_str_add(what, sizeof what, &len, "LOST %" PRId64 " to %" PRId64 "; ",
                         a->last + 1, h->first - 1);
    audit->faults += len > 0;
    audit->sources++;
    audit->stored += a->stored;
    audit->unsent += unsent;
    audit->quarantined += a->quarantined;
    if (!audit->is_quiet || len > 0)
        printf(ROW, a->source, a->floor + 1, a->last, a->stored, a->missing, a->duplicates,
               a->quarantined, unsent, len > 0 ? what : "ok");
}

static void take_source(void *arg, const struct vd_pg_audit *a)
{
    struct audit *audit = arg;
    struct held *h = held_of(audit, a->source);

    if (h != NULL)
        h->is_seen = true;
    judge(audit, a, h);
}

/* Sources that the database never heard of: all of theirs is still to be sent. */
static void judge_unseen(struct audit *audit)
{
    for (const struct held *h = audit->held; h != NULL; h = h->next) {
        struct vd_pg_audit a = {0};

        if (h->is_seen || h->last == 0)
            continue;
        (void)vd_str_copy(a.source, sizeof a.source, h->source);
        judge(audit, &a, h);
    }
}

/* ---- feed and log ---- */

static int audit_feed(struct audit *audit, struct vd_pg *pg, struct vd_err *err)
{
    struct vd_pg_feed_audit a;
    int rc = vd_pg_audit_feed(pg, &a, err);

    if (rc < 0)
        return rc;
    audit->faults += rc > 0;
    printf("feed: positions %" PRId64 " to %" PRId64 ", %" PRId64 " stored, %" PRId64
           " missing, %" PRId64 " twice: %s\n",
           a.floor, a.last, a.stored, a.missing, a.duplicates, rc > 0 ? "FAULT" : "ok");
    return 0;
}

struct untrue {
    struct audit *audit;
    int64_t n;
};

static void take_untrue(void *arg, const char *alert, const char *field)
{
    struct untrue *u = arg;

    if (u->n++ == 0)
        u->audit->faults++;
    printf("alert %s: its '%s' IS NOT what its last message says\n", alert, field);
}

static int audit_alerts(struct audit *audit, struct vd_pg *pg, struct vd_err *err)
{
    struct untrue untrue = {.audit = audit};
    int64_t n = vd_pg_audit_alerts(pg, take_untrue, &untrue, err);

    if (n < 0)
        return (int)n;
    printf("alerts: %" PRId64 " held against their last message, %" PRId64 " differ: %s\n", n,
           untrue.n, untrue.n > 0 ? "FAULT" : "ok");
    return 0;
}

static int audit_log(struct audit *audit, struct vd_pg *pg, struct vd_err *err)
{
    struct vd_pg_log_head head;
    char hash[2 * VD_LOG_HASH + 1];
    int64_t bad = 0;
    int rc = vd_pg_log_verify(pg, &bad, &head, err);

    if (rc < 0)
        return rc;
    audit->faults += bad != 0;
    vd_hex(head.hash, VD_LOG_HASH, hash);
    if (bad != 0)
        printf("log: entry %" PRId64 " DOES NOT FIT the chain\n", bad);
    else
        printf("log: %" PRId64 " entries, head %.16s…: ok\n", head.n, hash);
    return 0;
}

static void take_hash(void *arg, const struct vd_pg_log_row *row)
{
    memcpy(arg, row->hash, VD_LOG_HASH);
}

/* One signed head against the log. Returns 1: it fits, 0: told why not. */
static int audit_seal(struct vd_pg *pg, const uint8_t *public_key, const char *line,
                      struct vd_err *err)
{
    uint8_t hash[VD_LOG_HASH] = {0};
    struct vd_pg_log_head head;
    int64_t at_us;
    char at[VD_TIME_TEXT];
    int rc = vd_seal_read(public_key, line, &head, &at_us, err);

    if (rc < 0) {
        printf("log: %s\n", err->msg);
        return 0;
    }
    vd_time_format(at_us, at);
    rc = vd_pg_log_read(pg, head.n - 1, NULL, 1, take_hash, hash, err);
    if (rc < 0)
        return rc;
    if (rc == 1 && memcmp(hash, head.hash, VD_LOG_HASH) == 0)
        return 1;
    printf("log: entry %" PRId64 ", signed at %s, %s\n", head.n, at,
           rc == 0 ? "IS NOT THERE any more" : "IS NOT what was signed");
    return 0;
}

/* Every line of the file of signed heads. */
static int audit_seals(struct audit *audit, struct vd_pg *pg, const char *text,
                       const uint8_t *public_key, struct vd_err *err)
{
    char line[VD_SEAL_LINE + 1];
    int good = 0, all = 0, rc;

    for (const char *end; (end = strchr(text, '\n')) != NULL; text = end + 1) {
        (void)snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        all++;
        rc = audit_seal(pg, public_key, line, err);
        if (rc < 0)
            return rc;
        good += rc;
    }
    if (*text != '\0') /* a line that a crash cut */
        printf("log: the last signed head is not whole\n");
    audit->faults += good < all;
    printf("log: %d signed heads, %d fit: %s\n", all, good, good < all ? "FAULT" : "ok");
    return 0;
}

/* The file and the key's public half lie outside of the database; key overrides the latter. */
static int audit_signatures(struct audit *audit, struct vd_pg *pg, const char *state,
                            struct vd_err *err)
{
    enum { HEADS_MAX = 64 * 1024 * 1024 };
    char path[VD_PATH_MAX], *heads = NULL, *key = NULL;
    uint8_t public_key[VD_SIGN_PUBLIC];
    size_t len;
    int rc = vd_fs_join(path, sizeof path, state, VD_SEAL_FILE, err);

    if (rc >= 0 && access(path, F_OK) != 0) {
        printf("log: no signed heads in '%s'\n", path);
        return 0;
    }
    if (rc >= 0)
        rc = vd_fs_read(path, HEADS_MAX, &heads, &len, err);
    if (rc >= 0 && audit->key == NULL) {
        rc = vd_fs_join(path, sizeof path, state, VD_SEAL_PUBLIC, err);
        if (rc >= 0)
            rc = vd_fs_read(path, 2 * VD_SIGN_PUBLIC + 1, &key, &len, err);
        if (rc >= 0)
            key[strcspn(key, "\n")] = '\0';
    }
    if (rc >= 0 && !vd_unhex(audit->key != NULL ? audit->key : key, public_key, VD_SIGN_PUBLIC))
        rc = vd_err_set(err, VD_EINVAL, "the public key is no %d hexadecimal digits",
                        2 * VD_SIGN_PUBLIC);
    if (rc >= 0)
        rc = audit_seals(audit, pg, heads, public_key, err);
    free(heads);
    free(key);
    return rc;
}

static int verify(struct audit *audit, const struct cli_place *place)
{
    struct vd_pg *pg = NULL;
    struct vd_err err = {0};
    int rc = cli_connect(place, VD_LINK_READER, "vedette-verify", &pg, &err);

    if (rc >= 0) {
        vd_pg_set_deadline(pg, AUDIT_DEADLINE_MS);
        if (!audit->is_quiet)
            printf(HEAD, "source", "first", "last", "stored", "gaps", "twice", "quar.",
                   "unsent", "");
        rc = vd_pg_audit_sources(pg, take_source, audit, &err);
    }
    if (rc >= 0) {
        judge_unseen(audit);
        printf("sources: %d, %" PRId64 " messages stored, %" PRId64 " in quarantine, %" PRId64
               " still in spools: %s\n",
               audit->sources, audit->stored, audit->quarantined, audit->unsent,
               audit->faults > 0 ? "FAULT" : "ok");
        rc = audit_feed(audit, pg, &err);
    }
    if (rc >= 0)
        rc = audit_alerts(audit, pg, &err);
    if (rc >= 0)
        rc = audit_log(audit, pg, &err);
    if (rc >= 0)
        rc = audit_signatures(audit, pg, place->state, &err);
    vd_pg_close(&pg);
    if (rc < 0)
        return cli_complain("verify", err.msg, CLI_FAILED);
    return audit->faults > 0 ? CLI_FAULT : CLI_OK;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"state", required_argument, NULL, 's'},
        {"quiet", no_argument, NULL, 'q'},        {"log-key", required_argument, NULL, 'k'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    const char *config = NULL, *state = NULL;
    struct audit audit = {0};
    struct cli_place place;
    struct vd_err err = {0};
    int c, status;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h')
            return fputs(HELP, stdout) < 0 ? CLI_FAILED : CLI_OK;
        if (c == '?')
            return CLI_USAGE;
        config = c == 'c' ? optarg : config;
        state = c == 's' ? optarg : state;
        audit.key = c == 'k' ? optarg : audit.key;
        audit.is_quiet = audit.is_quiet || c == 'q';
    }
    if (optind < argc)
        return cli_complain("verify", "takes no arguments; --help tells how", CLI_USAGE);
    vd_json_init();
    if (vd_crypto_init(&err) < 0 || cli_place_find(&place, config, state, &err) < 0)
        return cli_complain("verify", err.msg, CLI_FAILED);
    status = look_into_spools(&audit, place.state) < 0 ? CLI_FAILED : verify(&audit, &place);
    while (audit.held != NULL) {
        struct held *next = audit.held->next;

        free(audit.held);
        audit.held = next;
    }
    cli_place_fini(&place);
    return status;
}
