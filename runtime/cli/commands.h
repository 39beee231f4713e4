/* One row a command: COMMAND(name, arguments, fewest, most, options, brief). sdag_cli_<name> runs it. Expanded for
 * declarations and for the table from which parsing, help, completions and manual pages are read. A file of the same
 * name, cmd_<name>.c, holds it. options: names of the rows of options.h that it takes, separated by spaces. */
/* clang-format off */
COMMAND(run, "graph.yaml", 0, 1, "set threads out resume quiet no-progress plugin-path", "train, evaluate and predict: everything the file says")
COMMAND(check, "graph.yaml", 1, 1, "set quiet plugin-path no-plugins", "everything but the computing: all errors at once; opens no data")
COMMAND(viz, "graph.yaml", 1, 1, "set output format phase level plugin-path no-plugins", "draw the pipeline")
COMMAND(inspect, "[TYPE]", 0, 1, "plugins plugin-path", "the node types: ports, options, defaults, an example")
COMMAND(dump, "graph.yaml", 1, 1, "set stage phase plugin-path no-plugins", "print one stage of the compiler")
COMMAND(bench, "graph.yaml", 1, 1, "set threads phase steps warmup json plugin-path", "time the steps of a phase")
COMMAND(schema, "", 0, 0, "plugins plugin-path", "JSON Schema of the language, for editors")
COMMAND(new, "node NAME", 2, 2, "out quiet", "write a plugin to begin with: NAME is loss.mine, augment.mine, op.mine, ...")
COMMAND(test, "[PLUGIN]", 0, 1, "plugin-path quiet", "check the ops and node types of a plugin, or those that are built in")
