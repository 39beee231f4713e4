/* One row a command: COMMAND(name, arguments, fewest, most, options, brief). sdag_cli_<name> runs it. Expanded for
 * declarations and for the table from which parsing, help, completions and manual pages are read. A file of the same
 * name, cmd_<name>.c, holds it. options: names of the rows of options.h that it takes, separated by spaces; quiet,
 * verbose, color and help are taken by all. */
/* clang-format off */
COMMAND(run, "graph.yaml", 0, 1, "set threads out resume json no-progress", "train, evaluate and predict: everything the file says")
COMMAND(check, "graph.yaml", 1, 1, "set json", "everything but the computing: all errors at once; opens no data")
COMMAND(viz, "graph.yaml", 1, 1, "set output format phase level", "draw the pipeline")
COMMAND(run, "graph.yaml", 0, 1, "set threads out resume quiet no-progress", "train, evaluate and predict: everything the file says")
COMMAND(run, "graph.yaml", 0, 1, "set threads out resume quiet no-progress no-report embedding", "train, evaluate and predict: everything the file says")
COMMAND(check, "graph.yaml", 1, 1, "set quiet", "everything but the computing: all errors at once; opens no data")
COMMAND(viz, "graph.yaml", 0, 1, "set output format phase level show run node collapse expand map", "draw the pipeline, or with --map DIR those in a folder")
COMMAND(inspect, "[TYPE]", 0, 1, "", "the node types: ports, options, defaults, an example")
COMMAND(dump, "graph.yaml", 1, 1, "set stage phase", "print one stage of the compiler")
COMMAND(bench, "graph.yaml", 1, 1, "set threads phase steps warmup json", "time the steps of a phase")
COMMAND(schema, "", 0, 0, "", "JSON Schema of the language, for editors")
COMMAND(doctor, "", 0, 0, "json", "what this machine and this build have: libraries, processor, memory, disk")
COMMAND(completion, "bash|zsh|fish", 1, 1, "", "print the completions of a shell")
COMMAND(man, "DIR", 1, 1, "", "write the manual pages")
