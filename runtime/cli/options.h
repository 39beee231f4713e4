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
TEXT(level, "level", 0, "L", "nodes, shapes (nodes and the sizes on their wires) or ops; default: nodes")
TEXT(output, "output", 'o', "FILE", "write here instead of standard output")
TEXT(node, "node", 0, "PHASE.NODE", "a node of a run, or one of its outputs; default: the last encoder or classifier")
TEXT(csv, "csv", 0, "FILE", "the same as a table, one line a sample")
SWITCH(skip_bad, "skip-bad", 0, "warn of images that cannot be read, and leave their line empty")
SWITCH(no_preprocess, "no-preprocess", 0, "the network alone: it takes numbers that are normalised already")
NUMBER(steps, "steps", 'n', 1, 1000000, "N", "steps that are timed; default 20")
NUMBER(warmup, "warmup", 0, 0, 1000000, "N", "steps before them; default 3")
SWITCH(json, "json", 0, "one JSON object")
SWITCH(quiet, "quiet", 'q', "messages only when something is wrong")
SWITCH(no_progress, "no-progress", 0, "no bar, even on a terminal")
SWITCH(help, "help", 'h', "this text")
