/* A PostgreSQL of a test's own for scripts: prints its socket folder, then obeys lines on its
 * standard input: start, stop, crash, pause, go on. Ends with its input. */
#include <stdio.h>
#include <string.h>

#include "tests/support/pg_tmp.h"

static struct pg_tmp pg;

static void obey(const char *line)
{
    if (strcmp(line, "start") == 0)
        pg_tmp_start(&pg);
    else if (strcmp(line, "stop") == 0)
        pg_tmp_stop(&pg);
    else if (strcmp(line, "crash") == 0)
        pg_tmp_crash(&pg);
    else if (strcmp(line, "pause") == 0)
        pg_tmp_signal(&pg, SIGSTOP);
    else if (strcmp(line, "go on") == 0)
        pg_tmp_signal(&pg, SIGCONT);
    puts("done");
    (void)fflush(stdout);
}

int main(void)
{
    char line[64];

    pg_tmp_open(&pg);
    puts(pg.dir);
    (void)fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        obey(line);
    }
    pg_tmp_close(&pg);
    return 0;
}
