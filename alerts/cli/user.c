/* alerts/cli/user.c: vedette-user: who may sign in. Passwords are made here and printed once;
 * none is ever taken from a command line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/cli/place.h"
#include "base/clock.h"
#include "base/crypto.h"
#include "base/str.h"
#include "storage/pg/log.h"
#include "storage/pg/users.h"

enum { PASSWORD_LEN = 16 };

struct opts {
    const char *config, *state, *role, *area, *verb, *name;
};

static const char *const roles[] = {"viewer", "operator", "supervisor", "technician",
                                    "administrator"};

static int usage(const char *problem)
{
    if (problem != NULL)
        fprintf(stderr, "vedette user: %s\n", problem);
    fprintf(stderr,
            "usage: vedette user add NAME [--role ROLE] [--area CODE]   prints the password\n"
            "       vedette user list\n"
            "       vedette user reset-password NAME                    prints a new password\n"
            "       vedette user disable NAME | enable NAME\n"
            "roles: viewer operator supervisor technician administrator\n"
            "With --config DIR and --state DIR. A new password ends that user's sessions.\n");
    return CLI_USAGE;
}

static int parse(struct opts *opts, int argc, char **argv)
{
    static const struct option known[] = {
        {"config", required_argument, NULL, 'c'}, {"state", required_argument, NULL, 's'},
        {"role", required_argument, NULL, 'r'},   {"area", required_argument, NULL, 'a'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int opt;

    *opts = (struct opts){.role = "operator"};
    opterr = 0;
    while ((opt = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (opt == 'c')
            opts->config = optarg;
        else if (opt == 's')
            opts->state = optarg;
        else if (opt == 'r')
            opts->role = optarg;
        else if (opt == 'a')
            opts->area = optarg;
        else
            return usage(opt == 'h' ? NULL : "unknown option");
    }
    if (optind >= argc)
        return usage("what shall be done?");
    opts->verb = argv[optind];
    opts->name = optind + 1 < argc ? argv[optind + 1] : NULL;
    return 0;
}

static void print_user(void *arg, const struct vd_user *user)
{
    char since[VD_TIME_TEXT];

    (void)arg;
    vd_time_format(user->created_us, since);
    printf("%-24s %-14s %-9s %.10s", user->name, user->role,
           user->disabled ? "disabled" : "enabled", since);
    for (int i = 0; i < user->n_areas; i++)
        printf(" %s", user->areas[i]);
    printf("\n");
}

/* Stores the user and what was done in the log, as one. */
static int store(struct vd_pg *pg, const struct vd_user *user, const char *action,
                 struct vd_err *err)
{
    struct vd_pg_log_entry entry = {"command-line", action, user->name, ""};
    int rc = vd_pg_begin(pg, err);

    if (rc < 0)
        return rc;
    if ((rc = vd_pg_user_store(pg, user, vd_clock_system.wall_us(vd_clock_system.self), err)) <
            0 ||
        (rc = vd_pg_log_append(pg, &entry, NULL, err)) < 0 || (rc = vd_pg_commit(pg, err)) < 0)
        vd_pg_rollback(pg);
    return rc;
}

static int store_with_password(struct vd_pg *pg, struct vd_user *user, const char *action,
                               struct vd_err *err)
{
    char password[PASSWORD_LEN + 1];
    int rc;

    vd_random_text(password, PASSWORD_LEN);
    rc = vd_password_hash(password, 0, 0, user->hash, err);
    if (rc == 0)
        rc = store(pg, user, action, err);
    if (rc >= 0)
        printf("%s\n", password);
    vd_secret_wipe(password, sizeof password);
    return rc;
}

/* Areas are of the configuration: a mistyped one would show its user nothing, and say nothing.
 */
static int check_new(const struct vd_config *cfg, const struct opts *opts, struct vd_err *err)
{
    bool is_role = false;

    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        is_role = is_role || strcmp(opts->role, roles[i]) == 0;
    if (!is_role)
        return vd_err_set(err, VD_EINVAL,
                          "role '%s' is not one of: viewer operator supervisor technician "
                          "administrator",
                          opts->role);
    if (opts->area != NULL && vd_config_area(cfg, opts->area) == NULL)
        return vd_err_set(err, VD_EINVAL, "area '%s' is not among the 'areas:' of vedette.yaml",
                          opts->area);
    return 0;
}

static int add(struct vd_pg *pg, const struct vd_config *cfg, const struct opts *opts,
               struct vd_err *err)
{
    struct vd_user user = {0}, other;
    int rc = check_new(cfg, opts, err);

    if (rc == 0)
        rc = vd_pg_user_get(pg, opts->name, &other, err);
    if (rc != 0)
        return rc < 0 ? rc : vd_err_set(err, VD_EINVAL, "there is a user '%s'", opts->name);
    if (!vd_str_copy(user.name, sizeof user.name, opts->name) ||
        !vd_str_copy(user.role, sizeof user.role, opts->role) ||
        !vd_str_is_utf8(opts->name, strlen(opts->name)))
        return vd_err_set(err, VD_EINVAL, "name or role is too long, or no UTF-8");
    if (opts->area != NULL) {
        user.n_areas = 1;
        if (!vd_str_copy(user.areas[0], sizeof user.areas[0], opts->area))
            return vd_err_set(err, VD_EINVAL, "the area's code is too long");
    }
    return store_with_password(pg, &user, "user.add", err);
}

static int change(struct vd_pg *pg, const struct opts *opts, struct vd_err *err)
{
    struct vd_user user;
    int rc = vd_pg_user_get(pg, opts->name, &user, err);

    if (rc <= 0)
        return rc < 0 ? rc : vd_err_set(err, VD_EINVAL, "there is no user '%s'", opts->name);
    if (strcmp(opts->verb, "reset-password") == 0)
        return store_with_password(pg, &user, "user.reset-password", err);
    user.disabled = strcmp(opts->verb, "disable") == 0;
    return store(pg, &user, user.disabled ? "user.disable" : "user.enable", err);
}

static int act(struct vd_pg *pg, const struct vd_config *cfg, const struct opts *opts,
               struct vd_err *err)
{
    if (strcmp(opts->verb, "list") == 0)
        return vd_pg_user_list(pg, print_user, NULL, err);
    if (strcmp(opts->verb, "add") == 0)
        return add(pg, cfg, opts, err);
    return change(pg, opts, err);
}

static bool is_known(const struct opts *opts)
{
    static const char *const verbs[] = {"add", "reset-password", "disable", "enable"};

    if (strcmp(opts->verb, "list") == 0)
        return opts->name == NULL;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (strcmp(opts->verb, verbs[i]) == 0)
            return opts->name != NULL && opts->name[0] != '\0';
    return false;
}

int main(int argc, char **argv)
{
    struct cli_place place = {0};
    struct vd_pg *pg = NULL;
    struct vd_err err = {0};
    struct opts opts;
    int rc = parse(&opts, argc, argv);

    if (rc != 0)
        return rc;
    if (!is_known(&opts))
        return usage("no such command, or a name is missing");
    if ((rc = vd_crypto_init(&err)) == 0 &&
        (rc = cli_place_find(&place, opts.config, opts.state, &err)) == 0 &&
        (rc = cli_connect(&place, VD_LINK_CONSOLE, "vedette-user", &pg, &err)) == 0)
        rc = act(pg, place.cfg, &opts, &err);
    if (rc < 0)
        rc = cli_complain("user", err.msg, err.code == VD_EINVAL ? CLI_FAULT : CLI_FAILED);
    else
        rc = CLI_OK;
    vd_pg_close(&pg);
    cli_place_fini(&place);
    return rc;
}
