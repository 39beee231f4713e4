#include "tests/support/run_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/temp.h"

#define LINE(step, loss, rank)                                                                                   \
    "{\"phase\":\"pretrain\",\"step\":" #step ",\"epoch\":1,\"loss\":" #loss                                     \
    ",\"images_per_s\":1200.5,\"wait_for_data\":0.01,\"optimizer.lr\":0.001}\n"                                  \
    "{\"phase\":\"pretrain\",\"step\":" #step ",\"epoch\":1,\"metric\":\"loss\",\"value\":" #loss "}\n"          \
    "{\"phase\":\"pretrain\",\"step\":" #step ",\"epoch\":1,\"metric\":\"collapse.spread\",\"value\":0.75}\n"    \
    "{\"phase\":\"pretrain\",\"step\":" #step ",\"epoch\":1,\"metric\":\"collapse.rank\",\"value\":" #rank "}\n" \
    "{\"phase\":\"pretrain\",\"step\":" #step ",\"epoch\":1,\"metric\":\"probe %s\",\"value\":0.5}\n"

const run_file run_files[] = {
    {"config.yaml",
     "# the effective pipeline\nversion: 1\nname: \"digits %s\"\nfamily: contrastive\nabout: \"about %s\"\nphases:\n"
     "  pretrain:\n    epochs: 3\n    nodes:\n      loss: {type: loss.nt_xent, temperature: 0.5, note: \"%s\"}\n"
     "  predict:\n    nodes: {}\n"},
    {"graph.svg",
     "<?xml version=\"1.0\"?>\n<svg width=\"10pt\" height=\"10pt\" viewBox=\"0 0 10 10\" "
     "xmlns=\"http://www.w3.org/2000/svg\"><g id=\"graph0\"><text x=\"1\" y=\"2\">digits</text></g></svg>\n"},
    {"metrics.jsonl", LINE(1, 5.25, 3) LINE(2, 4.5, 6) LINE(3, 4.125, 9)},
    {"summary.json",
     "{\"name\": \"digits %s\", \"seed\": 1, \"phases\": {\"pretrain\": {\"loss\": 4.125, \"collapse.spread\": 0.75, "
     "\"collapse.rank\": 9, \"probe %s\": 0.5, \"seconds\": 1.5}, \"predict\": {\"accuracy\": 0.96, \"seconds\": "
     "0.5}}}"},
    {"timing.json",
     "{\"phases\": {\"pretrain\": {\"steps\": 3, \"threads\": 2, \"step_s\": 0.0123, \"nodes\": {\"encoder %s\": "
     "{\"seconds\": 0.004, \"bytes\": 4096, \"ops\": 3}, \"loss\": {\"seconds\": 0.001, \"bytes\": 64, \"ops\": 2}}, "
     "\"kinds\": {\"conv2d\": {\"seconds\": 0.003, \"ops\": 2}}}}}"},
    {"report/state.json",
     "{\"state\": \"done\", \"phase\": \"predict\", \"step\": 2, \"steps\": 0, \"epoch\": 0, \"elapsed_s\": 2.5, "
     "\"written\": 1795600000, \"message\": \"%s\"}"},
    {"report/plan.json",
     "{\"pretrain\": {\"bytes\": 8192, \"ops\": 10, \"unshared_bytes\": 12288, \"values\": [[0, 4096, 0, 4, \"encoder "
     "%s\"], [4096, 4096, 2, 9, \"loss\"], [0, 2048, 5, 9, \"projector\"]]}}"},
    {"report/views.json",
     "[{\"phase\": \"pretrain\", \"node\": \"view_i\", \"title\": \"first %s\", \"file\": \"views.png\", \"columns\": "
     "1, "
     "\"rows\": 1}, {\"phase\": \"pretrain\", \"node\": \"away\", \"title\": \"away\", \"file\": \"../secret.png\"}]"},
    {"report/embedding.json",
     "[{\"phase\": \"pretrain\", \"node\": \"encoder\", \"method\": \"pca\", \"moments\": [{\"epoch\": 1, \"step\": 1, "
     "\"xy\": [[0, 0], [1, 1], [2, 0]]}, {\"epoch\": 3, \"step\": 3, \"xy\": [[0, 0], [5, 5], [-5, 5]]}], \"labels\": "
     "[0, 1, 1], \"classes\": [\"zero\", \"one %s\"]}]"},
    {"report/confusion.json",
     "[{\"phase\": \"predict\", \"node\": \"accuracy\", \"classes\": [\"zero\", \"one %s\"], \"counts\": [[45, 5], [2, "
     "48]]}]"},
    {"report/env.json",
     "{\"ssldag\": \"0.1.0\", \"libraries\": {\"OpenBLAS\": \"0.3.21 %s\"}, \"threads\": 2, \"started\": 1795600000, "
     "\"command\": [\"ssldag\", \"run\", \"%s\"], \"debug\": false}"},
    {NULL, NULL},
};

/* 1 x 1, grey. */
static const unsigned char png[] = {0x89, 'P',  'N',  'G',  0x0d, 0x0a, 0x1a, 0x0a, 0,    0,    0,    0x0d, 'I',  'H',
                                    'D',  'R',  0,    0,    0,    1,    0,    0,    0,    1,    8,    0,    0,    0,
                                    0,    0x3a, 0x7e, 0x9b, 0x55, 0,    0,    0,    0x0a, 'I',  'D',  'A',  'T',  0x78,
                                    0x9c, 0x63, 0x68, 0,    0,    0,    0x82, 0,    0x81, 0x77, 0xcd, 0x72, 0xb6, 0,
                                    0,    0,    0,    'I',  'E',  'N',  'D',  0xae, 0x42, 0x60, 0x82};

static void write_file(const char *dir, const run_file *f, const char *word)
{
    char name[256], *text = calloc(1, 16 * (strlen(f->text) + 1) + 64 * strlen(word)), *to = text;
    if (!text) exit(1);
    for (const char *p = f->text; *p;) {
        if (strncmp(p, "%s", 2) == 0) to = stpcpy(to, word), p += 2;
        else *to++ = *p++;
    }
    snprintf(name, sizeof name, "%s/%s", dir, f->name);
    temp_write(name, text, (size_t)(to - text));
    free(text);
}

void run_folder_write(const char *dir, const char *word)
{
    char name[256];
    for (const run_file *f = run_files; f->name; f++) write_file(dir, f, word);
    snprintf(name, sizeof name, "%s/report/views.png", dir);
    temp_write(name, png, sizeof png);
}
