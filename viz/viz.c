#include "viz/viz.h"

#include "core/base/file.h"
#include "viz/picture.h"

sdag_status sdag_picture_write(char **out, size_t *len, const sdag_picture *p, sdag_log *log, sdag_viz_format format)
{
    sdag_str text = {.a = p->a};
    if (format != SDAG_VIZ_MERMAID) return sdag_picture_draw(out, len, p, log, format);
    sdag_picture_mermaid(&text, p);
    *out = text.at;
    *len = text.n;
    return SDAG_OK;
}

sdag_status sdag_viz_text(char **out, size_t *len, sdag_arena *a, sdag_log *log, const sdag_graph *g,
                          const sdag_viz_options *o)
{
    sdag_picture p;
    sdag_picture_init(&p, a, o->format);
    sdag_picture_title(&p, g);
    sdag_status status = o->ops ? sdag_picture_ops(&p, log, g, o) : sdag_picture_nodes(&p, log, g, o);
    return status ? status : sdag_picture_write(out, len, &p, log, o->format);
}

sdag_status sdag_viz_file(sdag_arena *a, sdag_log *log, const sdag_graph *g, const char *path,
                          const sdag_viz_options *o)
{
    char *text;
    size_t len;
    sdag_status status = sdag_viz_text(&text, &len, a, log, g, o);
    return status ? status : sdag_viz_write(log, path, text, len);
}

sdag_status sdag_viz_write(sdag_log *log, const char *path, const char *text, size_t len)
{
    sdag_outfile file;
    sdag_status status = sdag_out_open(&file, log, path);
    if (status) return status;
    sdag_out_write(&file, text, len);
    return sdag_out_commit(&file, log);
}
