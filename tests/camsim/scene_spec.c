/* tests/camsim/scene_spec.c: a scene as one word, "gate+night+rain=50+seed=3". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/camsim/scene_place.h"

static const struct {
    const char *name;
    int level; /* by default */
    const char *help;
} withs[VD_WITH_N] = {
    [VD_WITH_NIGHT] = {"night", 100, "lamps and infrared, grey, gain noise"},
    [VD_WITH_NOISE] = {"noise", 100, "strong sensor noise"},
    [VD_WITH_RAIN] = {"rain", 100, "streaks of rain"},
    [VD_WITH_SNOW] = {"snow", 100, "flakes of snow"},
    [VD_WITH_SWAY] = {"sway", 100, "trees in the wind"},
    [VD_WITH_HEADLIGHTS] = {"headlights", 100, "beams of a car out of sight"},
    [VD_WITH_SWITCH] = {"switch", 100, "lamps go out and on again"},
    [VD_WITH_CLOUDS] = {"clouds", 100, "shadows of clouds"},
    [VD_WITH_INSECTS] = {"insects", 100, "insects at the infrared lamp"},
    [VD_WITH_SHAKE] = {"shake", 100, "the mast shakes"},
    [VD_WITH_FLICKER] = {"flicker", 100, "mains flicker in bands"},
    [VD_WITH_STEPS] = {"steps", 100, "exposure jumps"},
    [VD_WITH_COVER] = {"cover", 100, "tamper: lens covered at once"},
    [VD_WITH_COVERING] = {"covering", 100, "tamper: lens covered over 10 s"},
    [VD_WITH_DARK] = {"dark", 100, "tamper: no light at all"},
    [VD_WITH_BRIGHT] = {"bright", 100, "tamper: blinded"},
    [VD_WITH_DEFOCUS] = {"defocus", 12, "tamper: out of focus by N/1000 of the height"},
    [VD_WITH_TURN] = {"turn", 10, "tamper: turned by N degrees"},
    [VD_WITH_FREEZE] = {"freeze", 100, "tamper: the picture stands still"},
    [VD_WITH_BURST] = {"burst", 100, "tamper: bursts of noise"},
};

const char *vd_scene_place_name(int place)
{
    return place >= 0 && place < VD_PLACE_N ? vd_places[place].name : NULL;
}

const char *vd_scene_with_name(int with)
{
    return with >= 0 && with < VD_WITH_N ? withs[with].name : NULL;
}

const char *vd_scene_with_help(int with)
{
    return with >= 0 && with < VD_WITH_N ? withs[with].help : NULL;
}

static void defaults(struct vd_scene_spec *s)
{
    *s = (struct vd_scene_spec){
        .crossings = 3, .loop_s = 60, .width = 640, .height = 480, .fps = 10, .seed = 1};
    for (int i = 0; i < VD_WITH_N; i++)
        s->level[i] = withs[i].level;
}

static int number(const char *text, long min, long max, int *ret, struct vd_err *err)
{
    char *end;
    long n = strtol(text, &end, 10);

    if (end == text || *end != '\0' || n < min || n > max)
        return vd_err_set(err, VD_EINVAL, "scene: '%s' is not a number in %ld..%ld", text, min,
                          max);
    *ret = (int)n;
    return 0;
}

static int set_size(struct vd_scene_spec *s, const char *text, struct vd_err *err)
{
    int w, h, used = 0;

    if (sscanf(text, "%4dx%4d%n", &w, &h, &used) != 2 || text[used] != '\0' || w < 64 ||
        h < 64 || w > 8192 || h > 8192 || w % 2 != 0 || h % 2 != 0)
        return vd_err_set(err, VD_EINVAL, "scene: size '%s' is not WxH, even, 64..8192", text);
    s->width = w;
    s->height = h;
    return 0;
}

static int set_key(struct vd_scene_spec *s, const char *key, const char *value,
                   struct vd_err *err)
{
    int n = 0, rc;

    if (strcmp(key, "size") == 0)
        return set_size(s, value, err);
    if (strcmp(key, "crossings") == 0)
        return number(value, 0, VD_SCENE_CROSSINGS_MAX, &s->crossings, err);
    if (strcmp(key, "loop") == 0)
        return number(value, 4, 3600, &s->loop_s, err);
    if (strcmp(key, "fps") == 0)
        return number(value, 1, 60, &s->fps, err);
    if (strcmp(key, "seed") == 0) {
        rc = number(value, 0, 1000000, &n, err);
        s->seed = rc < 0 ? s->seed : (uint32_t)n;
        return rc;
    }
    for (int i = 0; i < VD_WITH_N; i++) {
        if (strcmp(key, withs[i].name) == 0) {
            s->with |= 1u << i;
            return number(value, 0, 1000, &s->level[i], err);
        }
    }
    return vd_err_set(err, VD_EINVAL, "scene: no setting '%s'", key);
}

static int set_word(struct vd_scene_spec *s, char *word, struct vd_err *err)
{
    char *value = strchr(word, '=');

    if (value != NULL) {
        *value = '\0';
        return set_key(s, word, value + 1, err);
    }
    if (strcmp(word, "quiet") == 0) {
        s->crossings = 0;
        return 0;
    }
    if (strcmp(word, "burn") == 0) {
        s->burn = true;
        return 0;
    }
    for (int i = 0; i < VD_WITH_N; i++) {
        if (strcmp(word, withs[i].name) == 0) {
            s->with |= 1u << i;
            return 0;
        }
    }
    return vd_err_set(err, VD_EINVAL, "scene: no word '%s'; `vedette-camsim scenes` lists them",
                      word);
}

int vd_scene_parse(struct vd_scene_spec *ret_spec, const char *text, struct vd_err *err)
{
    char copy[VD_SCENE_TEXT_MAX], *save = NULL, *word;
    struct vd_scene_spec s;
    int place, rc;

    defaults(&s);
    if (strlen(text) >= sizeof copy)
        return vd_err_set(err, VD_EINVAL, "scene: longer than %d bytes", VD_SCENE_TEXT_MAX - 1);
    memcpy(copy, text, strlen(text) + 1);
    word = strtok_r(copy, "+", &save);
    for (place = 0; place < VD_PLACE_N; place++)
        if (word != NULL && strcmp(word, vd_places[place].name) == 0)
            break;
    if (place == VD_PLACE_N)
        return vd_err_set(err, VD_EINVAL,
                          "scene: no place '%s'; `vedette-camsim scenes` lists them",
                          word != NULL ? word : "");
    s.place = (enum vd_place)place;
    while ((word = strtok_r(NULL, "+", &save)) != NULL)
        if ((rc = set_word(&s, word, err)) < 0)
            return rc;
    if (s.crossings * 6 > s.loop_s)
        return vd_err_set(err, VD_EINVAL, "scene: %d crossings need a loop of %d s at least",
                          s.crossings, s.crossings * 6);
    *ret_spec = s;
    return 0;
}

void vd_scene_format(const struct vd_scene_spec *spec, char text[VD_SCENE_TEXT_MAX])
{
    int at = snprintf(text, VD_SCENE_TEXT_MAX, "%s", vd_places[spec->place].name);

    for (int i = 0; i < VD_WITH_N; i++) {
        if (!(spec->with >> i & 1u) || at >= VD_SCENE_TEXT_MAX)
            continue;
        at += snprintf(text + at, (size_t)(VD_SCENE_TEXT_MAX - at), "+%s", withs[i].name);
        if (spec->level[i] != withs[i].level && at < VD_SCENE_TEXT_MAX)
            at += snprintf(text + at, (size_t)(VD_SCENE_TEXT_MAX - at), "=%d", spec->level[i]);
    }
    if (at < VD_SCENE_TEXT_MAX)
        snprintf(text + at, (size_t)(VD_SCENE_TEXT_MAX - at),
                 "+crossings=%d+loop=%d+fps=%d+seed=%u+size=%dx%d%s", spec->crossings,
                 spec->loop_s, spec->fps, (unsigned)spec->seed, spec->width, spec->height,
                 spec->burn ? "+burn" : "");
}
