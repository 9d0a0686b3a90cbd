#include "alerts/api/session.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/str.h"

struct slot {
    bool is_used;
    struct vd_who who;
    int64_t confirmed_us, used_us, touched_us; /* mono */
};

struct vd_sessions {
    pthread_mutex_t mutex; /* guards slots */
    struct slot slots[VD_SESSIONS_MAX];
};

struct vd_sessions *vd_sessions_new(void)
{
    struct vd_sessions *sessions = calloc(1, sizeof *sessions);

    if (sessions != NULL)
        pthread_mutex_init(&sessions->mutex, NULL);
    return sessions;
}

void vd_sessions_free(struct vd_sessions **sessions)
{
    if (*sessions == NULL)
        return;
    pthread_mutex_destroy(&(*sessions)->mutex);
    free(*sessions);
    *sessions = NULL;
}

/* The tokens here are hashes of secrets: comparing them early-out tells nothing. */
static struct slot *find(struct vd_sessions *sessions, const uint8_t token[VD_HASH_BYTES])
{
    for (size_t i = 0; i < VD_SESSIONS_MAX; i++)
        if (sessions->slots[i].is_used &&
            memcmp(sessions->slots[i].who.token, token, VD_HASH_BYTES) == 0)
            return &sessions->slots[i];
    return NULL;
}

enum vd_session_state vd_sessions_get(struct vd_sessions *sessions,
                                      const uint8_t token[VD_HASH_BYTES], int64_t mono_us,
                                      int64_t wall_us, struct vd_who *ret_who,
                                      int64_t *ret_confirmed_us, bool *ret_touch)
{
    enum vd_session_state state = VD_SESSION_NONE;
    struct slot *slot;

    *ret_touch = false;
    pthread_mutex_lock(&sessions->mutex);
    slot = find(sessions, token);
    if (slot != NULL) {
        *ret_who = slot->who;
        *ret_confirmed_us = slot->confirmed_us;
        if (wall_us >= slot->who.expires_us || mono_us - slot->used_us > VD_SESSION_IDLE_US) {
            slot->is_used = false;
            state = VD_SESSION_OVER;
        } else {
            slot->used_us = mono_us;
            *ret_touch = mono_us - slot->touched_us > VD_SESSION_TOUCH_US;
            if (*ret_touch)
                slot->touched_us = mono_us;
            state = mono_us - slot->confirmed_us <= VD_SESSION_FRESH_US ? VD_SESSION_GOOD
                                                                        : VD_SESSION_STALE;
        }
    }
    pthread_mutex_unlock(&sessions->mutex);
    return state;
}

void vd_sessions_put(struct vd_sessions *sessions, const struct vd_who *who, int64_t mono_us)
{
    struct slot *slot;

    pthread_mutex_lock(&sessions->mutex);
    slot = find(sessions, who->token);
    if (slot == NULL) {
        slot = &sessions->slots[0];
        for (size_t i = 0; i < VD_SESSIONS_MAX && slot->is_used; i++)
            if (!sessions->slots[i].is_used || sessions->slots[i].used_us < slot->used_us)
                slot = &sessions->slots[i];
        *slot = (struct slot){.is_used = true, .touched_us = mono_us};
    }
    slot->who = *who;
    slot->confirmed_us = mono_us;
    slot->used_us = mono_us;
    pthread_mutex_unlock(&sessions->mutex);
}

void vd_sessions_confirm(struct vd_sessions *sessions, const struct vd_who *who,
                         int64_t mono_us)
{
    struct slot *slot;

    pthread_mutex_lock(&sessions->mutex);
    slot = find(sessions, who->token);
    if (slot != NULL) {
        slot->who = *who;
        slot->confirmed_us = mono_us;
    }
    pthread_mutex_unlock(&sessions->mutex);
}

void vd_sessions_each(struct vd_sessions *sessions, int64_t mono_us,
                      bool (*fn)(void *arg, const uint8_t token[VD_HASH_BYTES]), void *arg)
{
    uint8_t token[VD_HASH_BYTES];
    bool goes_on = true;

    for (size_t i = 0; goes_on && i < VD_SESSIONS_MAX; i++) {
        bool is_used;

        pthread_mutex_lock(&sessions->mutex);
        is_used = sessions->slots[i].is_used &&
                  mono_us - sessions->slots[i].used_us <= VD_SESSION_TOUCH_US;
        memcpy(token, sessions->slots[i].who.token, sizeof token);
        pthread_mutex_unlock(&sessions->mutex);
        if (is_used)
            goes_on = fn(arg, token);
    }
}

void vd_sessions_drop(struct vd_sessions *sessions, const uint8_t token[VD_HASH_BYTES])
{
    struct slot *slot;

    pthread_mutex_lock(&sessions->mutex);
    slot = find(sessions, token);
    if (slot != NULL)
        memset(slot, 0, sizeof *slot);
    pthread_mutex_unlock(&sessions->mutex);
}

void vd_who_of(const struct vd_session *session, const struct vd_user *user,
               struct vd_who *ret_who)
{
    int n = user->n_areas < VD_SESSION_AREA_MAX ? user->n_areas : VD_SESSION_AREA_MAX;

    memset(ret_who, 0, sizeof *ret_who);
    memcpy(ret_who->token, session->token, sizeof ret_who->token);
    vd_str_copy(ret_who->name, sizeof ret_who->name, user->name);
    vd_str_copy(ret_who->role, sizeof ret_who->role, user->role);
    vd_str_copy(ret_who->csrf, sizeof ret_who->csrf, session->csrf);
    for (int i = 0; i < n; i++)
        vd_str_copy(ret_who->areas[i], sizeof ret_who->areas[i], user->areas[i]);
    ret_who->n_areas = n;
    ret_who->created_us = session->created_us;
    ret_who->expires_us = session->expires_us;
}

bool vd_who_sees(const struct vd_who *who, const char *area)
{
    for (int i = 0; i < who->n_areas; i++)
        if (vd_area_within(area, who->areas[i]))
            return true;
    return who->n_areas == 0;
}

bool vd_who_sees_alike(const struct vd_who *a, const struct vd_who *b)
{
    bool is_alike = a->n_areas == b->n_areas;

    for (int i = 0; is_alike && i < a->n_areas; i++)
        is_alike = strcmp(a->areas[i], b->areas[i]) == 0;
    return is_alike;
}

bool vd_who_acts(const struct vd_who *who)
{
    return strcmp(who->role, "viewer") != 0;
}
