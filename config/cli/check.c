/* vedette check, vedette config-reference. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "config/cli/cli.h"
#include "config/print.h"

static const char *plural(int n, const char *one, const char *many)
{
    return n == 1 ? one : many;
}

static void print_good(const char *folder, const struct vd_config *cfg)
{
    printf("%s: good: %d %s, %d %s, %d %s; revision %.12s\n", folder, cfg->n_areas,
           plural(cfg->n_areas, "area", "areas"), cfg->n_cameras,
           plural(cfg->n_cameras, "camera", "cameras"), cfg->n_rules,
           plural(cfg->n_rules, "rule", "rules"), cfg->revision);
}

/* Problems are what was asked for: they go to stdout, one a line, for editors and pipes. */
static int check(const char *folder, unsigned secrets)
{
    struct vd_problems problems = {0};
    struct vd_config *cfg = NULL;
    struct vd_err err = {0};
    int rc = vd_config_load(&cfg, folder, secrets, &problems, &err);
    int n = vd_problems_count(&problems), status = VD_CLI_DONE;

    vd_problems_print(&problems, folder, stdout);
    if (rc == 0 && secrets != VD_CONFIG_SECRETS_NONE)
        vd_cli_note_unreadable(folder, cfg);
    if (rc == 0)
        print_good(folder, cfg);
    else if (n > 0)
        status = vd_cli_fail(VD_CLI_FAILED, "%d %s in '%s'", n,
                             plural(n, "problem", "problems"), folder);
    else
        status = vd_cli_fail(VD_CLI_FAILED, "%s", err.msg);
    vd_problems_fini(&problems);
    vd_config_unref(&cfg);
    return status;
}

int vd_cli_check(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"state", required_argument, NULL, 's'},
                                            {"no-secrets", no_argument, NULL, 'n'},
                                            {NULL, 0, NULL, 0}};
    const char *config = NULL, *state = NULL;
    unsigned secrets = VD_CONFIG_SECRETS_ALL;
    char folder[VD_CONFIG_PATH_MAX];
    int option, rc;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 'c')
            config = optarg;
        else if (option == 's')
            state = optarg;
        else if (option == 'n')
            secrets = VD_CONFIG_SECRETS_NONE;
        else
            return VD_CLI_USAGE;
    }
    if (optind < argc && config == NULL)
        config = argv[optind++];
    if (optind < argc)
        return vd_cli_fail(VD_CLI_USAGE, "check takes one folder, not also '%s'", argv[optind]);
    rc = vd_cli_folder(config, state, folder);
    return rc != 0 ? rc : check(folder, secrets);
}

int vd_cli_reference(int argc, char **argv)
{
    bool is_markdown = argc == 2 && strcmp(argv[1], "--markdown") == 0;

    if (argc > 1 && !is_markdown)
        return vd_cli_fail(VD_CLI_USAGE, "config-reference knows --markdown, not '%s'",
                           argv[1]);
    vd_print_manual(is_markdown, stdout);
    return VD_CLI_DONE;
}
