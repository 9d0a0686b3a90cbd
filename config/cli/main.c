/* The one command people type. It knows the verbs of this room; any other is a program of its
 * own, vedette-<verb>, beside this one. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "config/cli/cli.h"
#include "config/keys.h"

#ifndef VD_VERSION
#define VD_VERSION "0"
#endif

static vd_cli_fn help;
static vd_cli_fn version;

static const struct vd_verb verbs[] = {
    {"check", vd_cli_check, "[--config DIR] [--no-secrets]",
     "Check the configuration and print every problem of every file."},
    {"config-reference", vd_cli_reference, "[--markdown]", "Print the manual of every key."},
    {"camera", vd_cli_camera, "list|show|add|probe|remove …",
     "Tend the cameras of the configuration."},
    {"help", help, "", "Print this."},
    {"version", version, "", "Print the version."},
};
enum { N_VERBS = sizeof verbs / sizeof verbs[0] };

/* Programs that are other verbs, and what they do; they live in other rooms. */
static const struct {
    const char *name, *help;
} others[] = {
    {"up", "Start and supervise all of Vedette on this machine."},
    {"watch", "Show alerts in this terminal as they come."},
    {"key", "Make a pair of keys for the bus over the network, or show the public one."},
    {"events", "Print events, also as they come (--follow), as JSON (--json)."},
    {"alert", "List, show and acknowledge alerts."},
    {"rules", "Try the rules on recorded events: what they raise, and why not."},
    {"user", "Tend the users of the console."},
    {"verify", "Prove that no event is missing."},
    {"analyze", "Run the detector over a recorded file."},
    {"probe", "Open a stream and say what is there."},
};

static int version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("vedette " VD_VERSION);
    return VD_CLI_DONE;
}

static int help(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("Vedette watches fixed cameras and brings what happens to those who must act.\n");
    vd_cli_help(verbs, N_VERBS, "vedette");
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        char path[VD_CONFIG_PATH_MAX];

        if (vd_cli_program(others[i].name, path))
            printf("  vedette %s …\n      %s\n", others[i].name, others[i].help);
    }
    return VD_CLI_DONE;
}

/* A verb is a word, never a path. */
static bool is_word(const char *verb)
{
    return verb[0] != '\0' && verb[0] != '-' &&
           strspn(verb, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(verb);
}

/* Becomes vedette-<verb>. Returns only when it cannot. */
static int run_other(char **argv)
{
    char path[VD_CONFIG_PATH_MAX];

    if (!is_word(argv[1]))
        return vd_cli_fail(VD_CLI_USAGE, "'%s' is no command; 'vedette help' lists them",
                           argv[1]);
    if (vd_cli_program(argv[1], path)) {
        (void)execv(path, argv + 1);
        return vd_cli_fail(VD_CLI_FAILED, "'%s': %s", path, strerror(errno));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i].name, argv[1]) == 0)
            return vd_cli_fail(VD_CLI_FAILED, "the program vedette-%s is not installed",
                               argv[1]);
        if (vd_text_near(argv[1], others[i].name))
            return vd_cli_fail(VD_CLI_USAGE, "'%s' is no command; did you mean 'vedette %s'?",
                               argv[1], others[i].name);
    }
    return vd_cli_fail(VD_CLI_USAGE, "'%s' is no command; 'vedette help' lists them", argv[1]);
}

static const char *plain_name(const char *option)
{
    if (strcmp(option, "--help") == 0 || strcmp(option, "-h") == 0)
        return "help";
    if (strcmp(option, "--version") == 0 || strcmp(option, "-V") == 0)
        return "version";
    return NULL;
}

int main(int argc, char **argv)
{
    struct vd_err err = {0};
    int rc;

    if (argc < 2)
        return vd_cli_fail(VD_CLI_USAGE, "what shall it do? 'vedette help' lists the commands");
    if (plain_name(argv[1]) != NULL)
        return plain_name(argv[1])[0] == 'h' ? help(0, NULL) : version(0, NULL);
    if (vd_crypto_init(&err) < 0)
        return vd_cli_fail(VD_CLI_FAILED, "%s", err.msg);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (strcmp(others[i].name, argv[1]) == 0)
            return run_other(argv);
    rc = vd_cli_dispatch(verbs, N_VERBS, "vedette", argc, argv);
    if (rc < 0)
        rc = run_other(argv);
    if (fflush(stdout) != 0 || ferror(stdout))
        return vd_cli_fail(VD_CLI_FAILED, "standard output: %s", strerror(errno));
    return rc;
}
