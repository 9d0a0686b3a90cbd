/* tests/camsim/commands.h: the verbs of vedette-camsim besides serving. */
#ifndef VD_TESTS_CAMSIM_COMMANDS_H
#define VD_TESTS_CAMSIM_COMMANDS_H

#include <stddef.h>

/* Each takes the words after the verb and returns an exit status. */
int command_render(int argc, char **argv);
int command_list_scenes(void);
int command_list_faults(void);

/* Sends "verb words…" to the simulator and prints its answer. */
int command_ask(const char *verb, int argc, char **argv);

/* Where the simulator on this port is asked. */
void control_path(int port, char *path, size_t size);

#endif
