#include "config/keys.h"

#include <stdio.h>
#include <string.h>

enum { WORD_MAX = 63 };

const struct vd_key *vd_keys_find(const struct vd_keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->n; i++)
        if (strcmp(keys->rows[i].name, name) == 0)
            return &keys->rows[i];
    return NULL;
}

int vd_names_count(const char *names)
{
    int n = 1;

    for (; *names != '\0'; names++)
        n += *names == ' ';
    return n;
}

int vd_names_find(const char *names, const char *name)
{
    size_t len = strlen(name);

    for (int i = 0;; i++) {
        size_t n = strcspn(names, " ");

        if (n == len && memcmp(names, name, n) == 0)
            return i;
        if (names[n] == '\0')
            return -1;
        names += n + 1;
    }
}

void vd_names_word(const char *names, int i, char *ret_word, size_t room)
{
    for (; i > 0; i--)
        names += strcspn(names, " ") + 1;
    (void)snprintf(ret_word, room, "%.*s", (int)strcspn(names, " "), names);
}

static int min3(int a, int b, int c)
{
    int least = a < b ? a : b;

    return least < c ? least : c;
}

int vd_text_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int *before = rows[0], *above = rows[1], *row = rows[2];
    int n = (int)strnlen(b, WORD_MAX), m = (int)strnlen(a, WORD_MAX);

    for (int j = 0; j <= n; j++)
        above[j] = j;
    memset(before, 0, sizeof rows[0]);
    for (int i = 1; i <= m; i++) {
        int *oldest = before;

        row[0] = i;
        for (int j = 1; j <= n; j++) {
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < row[j])
                row[j] = before[j - 2] + 1;
        }
        before = above;
        above = row;
        row = oldest;
    }
    return above[n];
}

bool vd_text_near(const char *a, const char *b)
{
    int len = (int)strnlen(b, WORD_MAX);
    int most = len <= 3 ? 1 : len <= 6 ? 2 : 3;
    int distance = vd_text_distance(a, b);

    return distance <= most && distance < len;
}

struct synonym {
    const char *word, *key, *why;
};

/* What people bring from elsewhere, and what it is called here. */
static const struct synonym *synonym(const struct vd_keys *keys, const char *word)
{
    static const char own_file[] = " (a password lives in a file of its own)";
    static const struct synonym table[] = {
        {"password", "password_file", own_file},
        {"pass", "password_file", own_file},
        {"username", "user", ""},
        {"login", "user", ""},
        {"uri", "url", ""},
        {"rtsp", "url", ""},
        {"stream", "url", ""},
        {"source", "url", ""},
        {"sub_url", "detect_url", ""},
        {"substream", "detect_url", ""},
        {"protocol", "transport", ""},
        {"points", "polygon", ""},
        {"coordinates", "polygon", ""},
        {"conditions", "when", ""},
        {"cooldown", "group", ""},
        {"throttle", "group", ""},
        {"port", "listen", ""},
        {"bind", "listen", ""},
        {"address", "listen", ""},
        {"certificate", "cert", ""},
        {"timezone", "zone", ""},
        {"tz", "zone", ""},
        {"time", "daily", ""},
        {"between", "daily", ""},
        {"message", "action", ""},
        {"instruction", "action", ""},
        {"title", "name", ""},
        {"label", "tags", ""},
        {"labels", "tags", ""},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i].word, word) == 0 && vd_keys_find(keys, table[i].key) != NULL)
            return &table[i];
    return NULL;
}

static const struct vd_key *nearest(const struct vd_keys *keys, const char *name)
{
    const struct vd_key *best = NULL;
    int least = WORD_MAX;

    for (size_t i = 0; i < keys->n; i++) {
        int distance = vd_text_distance(name, keys->rows[i].name);

        if (distance < least && vd_text_near(name, keys->rows[i].name)) {
            least = distance;
            best = &keys->rows[i];
        }
    }
    return best;
}

/* The map among keys that knows the name. */
static const struct vd_key *home(const struct vd_keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->n; i++)
        if (keys->rows[i].sub != NULL && vd_keys_find(keys->rows[i].sub, name) != NULL)
            return &keys->rows[i];
    return NULL;
}

void vd_keys_advise(const struct vd_keys *keys, const char *name, char *ret_text, size_t room)
{
    const struct vd_key *owner = home(keys, name), *near = nearest(keys, name);
    const struct synonym *same = synonym(keys, name);

    ret_text[0] = '\0';
    if (same != NULL)
        (void)snprintf(ret_text, room, "; here it is '%s'%s", same->key, same->why);
    else if (owner != NULL)
        (void)snprintf(ret_text, room, "; it belongs %s '%s:'",
                       owner->type == VD_KEY_LIST ? "to an item of" : "under", owner->name);
    else if (near != NULL)
        (void)snprintf(ret_text, room, "; did you mean '%s'?", near->name);
}
