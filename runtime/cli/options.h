/* One row an option of the command line; a name may be given by several commands (commands.h says by which).
 *   TEXT(field, name, letter, value, help)             const char *field; not empty when given, NULL otherwise
 *   NUMBER(field, name, letter, lo, hi, value, help)   int field; 0 when not given, unless main gives another default
 *   SWITCH(field, name, letter, help)                  bool field
 *   SETS(name, letter, value, help)                    KEY=VALUE, may be repeated
 * Expanded for the fields of sdag_cli and for the table. letter: one character, or 0. */
/* clang-format off */
SETS("set", 's', "KEY=VALUE", "change one value of the file: --set epochs=5; may be repeated")
NUMBER(threads, "threads", 't', 1, 255, "N", "worker threads; default: the CPUs that may be used")
TEXT(out, "out", 0, "DIR", "where the run writes; default: runs/NAME/TIME")
TEXT(resume, "resume", 0, "DIR", "continue the run in DIR from its last checkpoint")
TEXT(stage, "stage", 0, "S", "spec, graph, ops, train, plan or schedule")
TEXT(phase, "phase", 'p', "NAME", "one phase of the file")
TEXT(format, "format", 'f', "F", "svg, png, dot, pdf or mermaid; default: by the name of the output")
TEXT(level, "level", 0, "L", "nodes, shapes (as --show shapes) or ops; default: nodes")
TEXT(show, "show", 0, "S", "shapes on the wires; or with --run, time or bytes of every node as colour")
TEXT(run, "run", 0, "DIR", "the run whose timing.json is shown")
TEXT(node, "node", 0, "NAME", "the operations of this node alone: encoder, or pretrain.encoder")
TEXT(collapse, "collapse", 0, "NAMES", "draw phases as one box each: names with commas between, or all")
TEXT(expand, "expand", 0, "NAMES", "draw modules as their nodes, encoders as their blocks: names, or all")
TEXT(map, "map", 0, "M", "no pipeline but a map of those in a folder: workflow, methods, contrastive or pretext")
TEXT(output, "output", 'o', "FILE", "write here instead of standard output")
NUMBER(steps, "steps", 'n', 1, 1000000, "N", "steps that are timed; default 20")
NUMBER(warmup, "warmup", 0, 0, 1000000, "N", "steps before them; default 3")
SWITCH(json, "json", 0, "one JSON object")
SWITCH(quiet, "quiet", 'q', "messages only when something is wrong")
SWITCH(no_progress, "no-progress", 0, "no bar, even on a terminal")
SWITCH(verbose, "verbose", 'v', "say what is done: files, stages, sizes")
TEXT(color, "color", 0, "WHEN", "auto (on a terminal, unless NO_COLOR is set), always or never")
SWITCH(no_report, "no-report", 0, "keep nothing for a report: no pictures, no maps of features, no timing")
TEXT(embedding, "embedding", 0, "WAY", "maps of features in the report by pca or tsne; default: pca")
SWITCH(help, "help", 'h', "this text")
