/* Readers take and drop references to the snapshot that a writer replaces: nobody reads one
 * that is gone, and the last one out frees it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/load.h"

enum { READERS = 3, ROUNDS = 300 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* guards current */
static struct vd_config *current;

static struct vd_config *make(int round)
{
    char text[200];
    struct vd_config *cfg = NULL;

    snprintf(text, sizeof text,
             "areas: [{code: a, name: A}]\n"
             "cameras: [{id: gate, name: round-%d, area: a, url: 'rtsp://10.0.0.1/1'}]\n",
             round);
    if (vd_load_text(&cfg, text, strlen(text), NULL, NULL) < 0)
        abort();
    return cfg;
}

static void *read_it(void *arg)
{
    long *seen = arg;

    for (;;) {
        struct vd_config *mine;
        int round;

        pthread_mutex_lock(&lock);
        mine = vd_config_ref(current);
        pthread_mutex_unlock(&lock);
        if (sscanf(vd_config_camera(mine, "gate")->name, "round-%d", &round) != 1)
            abort();
        vd_config_unref(&mine);
        (*seen)++;
        if (round == ROUNDS)
            return NULL;
    }
}

int main(void)
{
    pthread_t readers[READERS];
    long seen[READERS] = {0};

    current = make(0);
    for (int i = 0; i < READERS; i++)
        if (pthread_create(&readers[i], NULL, read_it, &seen[i]) != 0)
            abort();
    for (int round = 1; round <= ROUNDS; round++) {
        struct vd_config *now = make(round), *was;

        pthread_mutex_lock(&lock);
        was = current;
        current = now;
        pthread_mutex_unlock(&lock);
        vd_config_unref(&was);
    }
    for (int i = 0; i < READERS; i++)
        pthread_join(readers[i], NULL);
    vd_config_unref(&current);
    printf("%ld, %ld and %ld reads over %d snapshots\n", seen[0], seen[1], seen[2], ROUNDS);
    return 0;
}
