/* One row a command: COMMAND(name, arguments, fewest, most, options, brief). sdag_cli_<name> runs it. Expanded for
 * declarations and for the table from which parsing, help, completions and manual pages are read. A file of the same
 * name, cmd_<name>.c, holds it. options: names of the rows of options.h that it takes, separated by spaces; quiet,
 * verbose, color and help are taken by all. */
/* clang-format off */
COMMAND(run, "graph.yaml", 0, 1, "set threads out resume embedding no-report tensorboard plugin-path json no-progress", "train, evaluate and predict: everything the file says")
COMMAND(check, "graph.yaml", 1, 1, "set plugin-path no-plugins json", "everything but the computing: all errors at once; opens no data")
COMMAND(viz, "graph.yaml | [DIR]", 0, 1, "set output format phase level show run node collapse expand map plugin-path no-plugins", "draw the pipeline, or a map of those in a folder")
COMMAND(report, "DIR", 1, 1, "output", "write the page of a run, report.html, anew from its folder")
COMMAND(compare, "RUN...", 1, 1000, "output json", "several runs side by side: values, configs, curves; -o FILE: as a page")
COMMAND(sweep, "graph.yaml", 1, 1, "set out threads plugin-path json no-progress", "a run for every combination of the values that --set lists")
COMMAND(embed, "RUN [FILES...]", 1, INT_MAX, "node output csv skip-bad json threads plugin-path", "the features of new images, by an encoder of a run")
COMMAND(predict, "RUN [FILES...]", 1, INT_MAX, "node output skip-bad json threads plugin-path", "the classes of new images, by a classifier of a run")
COMMAND(export, "RUN", 1, 1, "node output no-preprocess json plugin-path", "a network of a run as an ONNX file")
COMMAND(explain, "graph.yaml KEY", 2, 2, "set plugin-path no-plugins json", "where a value comes from: the default, the files, names and --set")
COMMAND(fmt, "graph.yaml...", 1, 1000, "write check", "print a file in its normal form, comments and all")
COMMAND(inspect, "[TYPE]", 0, 1, "json markdown output plugins plugin-path", "the node types: ports, options, defaults, an example")
COMMAND(dump, "graph.yaml", 1, 1, "set stage phase plugin-path no-plugins", "print one stage of the compiler")
COMMAND(bench, "graph.yaml", 1, 1, "set threads phase steps warmup plugin-path json", "time the steps of a phase")
COMMAND(schema, "", 0, 0, "plugins plugin-path", "JSON Schema of the language, for editors")
COMMAND(new, "node NAME", 2, 2, "out", "write a plugin to begin with: NAME is loss.mine, augment.mine, op.mine, ...")
COMMAND(test, "[PLUGIN]", 0, 1, "plugin-path", "check the ops and node types of a plugin, or those that are built in")
COMMAND(samples, "DIR", 1, 1, "", "a folder of small pictures, to try things with")
COMMAND(doctor, "", 0, 0, "json", "what this machine and this build have: libraries, processor, memory, disk")
COMMAND(completion, "bash|zsh|fish", 1, 1, "", "print the completions of a shell")
COMMAND(man, "DIR", 1, 1, "", "write the manual pages")
