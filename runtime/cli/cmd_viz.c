/* ssldag viz: the pipeline as a picture. The format follows from --format, or from the name of the output. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/base/file.h"
#include "runtime/cli/cli.h"
#include "runtime/cli/pipelines.h"
#include "viz/field.h"
#include "viz/viz.h"

static const struct {
    const char *name, *endings[2];
    bool binary;
} formats[] = {
    [SDAG_VIZ_SVG] = {"svg", {".svg"}, false},
    [SDAG_VIZ_PNG] = {"png", {".png"}, true},
    [SDAG_VIZ_PDF] = {"pdf", {".pdf"}, true},
    [SDAG_VIZ_DOT] = {"dot", {".dot", ".gv"}, false},
    [SDAG_VIZ_MERMAID] = {"mermaid", {".mmd", ".mermaid"}, false},
};
enum { FORMATS = sizeof formats / sizeof *formats };

static const char *const levels[] = {"nodes", "shapes", "ops", NULL};

static const char *format_name(const void *ctx, int i)
{
    (void)ctx;
    return i < FORMATS ? formats[i].name : NULL;
}

static const char *level_name(const void *ctx, int i)
{
    (void)ctx;
    return levels[i];
}

static const char *map_name(const void *ctx, int i)
{
    (void)ctx;
    return sdag_field_names[i];
}

static const char *show_name(const void *ctx, int i)
{
    static const char *const shows[] = {"shapes", "time", "bytes", NULL};
    (void)ctx;
    return shows[i];
}

static sdag_status refuse(sdag_cli *c, const char *option, const char *known, const char *given,
                          const char *(*each)(const void *ctx, int i))
{
    const char *near = sdag_nearest(given, each, NULL);
    return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--%s takes %s, not '%.40s'%s%s%s", option, known, given,
                     near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static bool ends_with(const char *path, const char *ending)
{
    size_t n = strlen(path), m = ending ? strlen(ending) : 0;
    return m && n > m && strcasecmp(path + n - m, ending) == 0;
}

static sdag_status read_format(sdag_viz_format *out, sdag_cli *c)
{
    for (int i = 0; i < FORMATS; i++) {
        bool same = c->format ? !strcmp(c->format, formats[i].name)
                              : c->output && (ends_with(c->output, formats[i].endings[0]) ||
                                              ends_with(c->output, formats[i].endings[1]));
        if (!same) continue;
        *out = (sdag_viz_format)i;
        return SDAG_OK;
    }
    if (c->format) return refuse(c, "format", "svg, png, pdf, dot or mermaid", c->format, format_name);
    if (c->output)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC,
                         "'%s' ends in none of .svg, .png, .pdf, .dot, .gv, .mmd and .mermaid: give --format",
                         c->output);
    *out = SDAG_VIZ_SVG;
    return SDAG_OK;
}

static sdag_status read_level(sdag_viz_options *o, sdag_cli *c)
{
    if (c->node) o->ops = true;
    if (!c->level) return SDAG_OK;
    bool nodes = !strcmp(c->level, "nodes"), shapes = !strcmp(c->level, "shapes"), ops = !strcmp(c->level, "ops");
    if (!nodes && !shapes && !ops) return refuse(c, "level", "nodes, shapes or ops", c->level, level_name);
    if (c->node && !ops) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--node goes with --level ops");
    if (shapes) o->shapes = SDAG_VIZ_SHAPES_WIRES;
    o->ops = ops;
    return SDAG_OK;
}

static sdag_status read_show(sdag_viz_options *o, sdag_cli *c)
{
    if (!c->show)
        return c->run ? sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--run goes with --show time or bytes") : SDAG_OK;
    if (!strcmp(c->show, "shapes")) o->shapes = SDAG_VIZ_SHAPES_WIRES;
    else if (!strcmp(c->show, "time")) o->heat = SDAG_VIZ_HEAT_TIME;
    else if (!strcmp(c->show, "bytes")) o->heat = SDAG_VIZ_HEAT_BYTES;
    else return refuse(c, "show", "shapes, time or bytes", c->show, show_name);
    if (o->heat && !c->run)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--show %s needs --run DIR, the folder of a run", c->show);
    if (!o->heat && c->run) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--run goes with --show time or bytes");
    if (o->ops) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--show does not go with operations");
    o->run = c->run;
    return SDAG_OK;
}

static sdag_status read_folds(sdag_viz_options *o, sdag_cli *c)
{
    o->collapse = c->collapse;
    o->expand = c->expand;
    o->node = c->node;
    if ((c->collapse || c->expand) && o->ops)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--collapse and --expand do not go with operations");
    return SDAG_OK;
}

static sdag_status write_out(sdag_cli *c, const char *text, size_t len)
{
    if (fwrite(text, 1, len, stdout) == len && !fflush(stdout)) return SDAG_OK;
    return sdag_fail(c->log, SDAG_IO, SDAG_NOLOC, "standard output: %s", strerror(errno));
}

/* --map M [DIR]: a map of the field, from the pipelines of a folder. */
static sdag_status draw_map(sdag_cli *c, sdag_viz_format format)
{
    sdag_field_entry *list;
    char *text;
    size_t len;
    int map = 0, n;
    while (map < SDAG_FIELD_MAPS && strcmp(sdag_field_names[map], c->map)) map++;
    if (map == SDAG_FIELD_MAPS) return refuse(c, "map", "workflow, methods, contrastive or pretext", c->map, map_name);
    if (c->phase || c->level || c->show || c->run || c->node || c->collapse || c->expand || c->n_sets)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "--map goes with -o and --format alone");
    const char *dir = c->n_args ? c->args[0] : sdag_cli_examples(c);
    if (!dir)
        return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "the examples are not beside the program: name their folder");
    sdag_status status = sdag_cli_pipelines(&list, &n, c, dir, c->output ? sdag_path_dir(c->arena, c->output) : "");
    if (!status) status = sdag_field_text(&text, &len, c->arena, c->log, (sdag_field_map)map, list, n, format);
    if (status) return status;
    return c->output ? sdag_viz_write(c->log, c->output, text, len) : write_out(c, text, len);
}

static sdag_status write_picture(sdag_cli *c, const sdag_viz_options *o_)
{
    sdag_viz_options o = *o_;
    sdag_graph *g;
    char *text;
    size_t len;
    if (c->n_args == 0) return sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC, "viz: give a pipeline, or --map");
    sdag_status status = sdag_cli_load(&g, NULL, c, c->args[0]);
    if (status) return status;
    int32_t phase = c->phase ? sdag_cli_phase(c, g) : -1;
    if (c->phase && phase < 0) return SDAG_USAGE;
    o.only_phase_plus1 = phase + 1;
    if (c->output) return sdag_viz_file(c->arena, c->log, g, c->output, &o);
    status = sdag_viz_text(&text, &len, c->arena, c->log, g, &o);
    return status ? status : write_out(c, text, len);
}

sdag_status sdag_cli_viz(sdag_cli *c)
{
    sdag_viz_options o = {.format = SDAG_VIZ_SVG, .shapes = SDAG_VIZ_SHAPES_TIPS};
    if (c->output && !strcmp(c->output, "-")) c->output = NULL;
    sdag_status status = read_format(&o.format, c);
    if (!status) status = read_level(&o, c);
    if (!status) status = read_show(&o, c);
    if (!status) status = read_folds(&o, c);
    if (!status && !c->output && formats[o.format].binary && isatty(STDOUT_FILENO))
        status =
            sdag_fail(c->log, SDAG_USAGE, SDAG_NOLOC,
                      "%s is not for a terminal: give -o FILE, or send the output elsewhere", formats[o.format].name);
    if (status) return status;
    return c->map ? draw_map(c, o.format) : write_picture(c, &o);
}
