/* What the manual says beyond the tables: one row a command, "ssldag" for the program, "ssldag-graph" for the language.
 */
#include "runtime/cli/cli.h"

const sdag_cli_page sdag_cli_pages[] = {
    {"ssldag",
     "ssldag trains neural networks on images and text without labels. A pipeline is a YAML file: a directed acyclic "
     "graph of nodes in one or more phases. The program checks it, draws it, compiles it with its gradients to a "
     "static "
     "graph of tensor operations with a memory plan, and runs that on a thread pool.\n\n"
     "Results go to standard output, messages and the progress bar to standard error.",
     "ssldag check simclr.yaml # all errors at once, with their lines\n"
     "ssldag viz simclr.yaml -o simclr.svg # the picture\n"
     "ssldag run simclr.yaml --set epochs=5 # trains, evaluates and predicts"},
    {"ssldag-graph",
     "A file has the keys version (1), name, family, about, seed, let (named values, used as $name) and phases. A "
     "phase "
     "has epochs or steps, and nodes: name: {type: ..., in: ..., options}. The order of nodes does not matter.\n\n"
     "in: takes the name of a node, node.port, a list (a bundle of views, for which a node has one set of weights), or "
     "a "
     "map of ports. use: phase.node takes over a node of an earlier phase with its weights; freeze: true stops their "
     "training; weights: FILE.safetensors brings them from a file.\n\n"
     "modules: names graphs with params, in, nodes and out; {type: module.NAME, in: ..., parameters} is one of them as "
     "a single node. Layers to build them of are called layer.conv2d and so on.\n\n"
     "A number that may change in training takes a schedule: {cosine: [from, to], warmup: 2 epochs}, {linear: [from, "
     "to]}, {steps: 0.1, at: [10 epochs], factor: 0.1}. Durations are N steps or N epochs. Paths are relative to the "
     "file; paths after --set to the current directory.\n\n"
     "ssldag inspect TYPE lists ports, options, defaults, ranges and an example of a node type.",
     NULL},
    {"run",
     "Runs the phases in the order of the file, into a folder of its own: runs/NAME/TIME, or that of --out, which must "
     "be "
     "empty or new. It holds the effective pipeline (config.yaml), the picture (graph.svg), metrics.jsonl, "
     "summary.json, "
     "weights/PHASE.NODE.safetensors, checkpoints, and what sinks write.\n\n"
     "SIGINT and SIGTERM end the step at work, write a checkpoint and stop with exit status 75; --resume DIR goes on "
     "from "
     "there, also after a crash, and ends with the bits of a run that was never stopped. With --json, standard output "
     "is one JSON object: the folder, and the last value of each metric by phase.",
     "ssldag run simclr.yaml --set seed=2 --threads 2 # two threads; the bits do not depend on their number\n"
     "ssldag run --resume runs/simclr-digits/2026-11-26-101500 # goes on"},
    {"check",
     "Reads the file and compiles every phase and probe, without opening any data. Every error is reported with its "
     "line "
     "and column. With --json, standard output is one JSON object with the messages and what each phase will take.",
     "ssldag check simclr.yaml --set epochs=0 # says what is wrong with the value"},
    {"viz",
     "Draws the pipeline: phases as frames, nodes by their role, the weights that are handed from phase to phase as "
     "bold "
     "lines. The format follows from the name of the output or from --format; without --output it goes to standard "
     "output. The picture is inert whatever the file says.",
     "ssldag viz simclr.yaml -o simclr.svg # for a page\n"
     "ssldag viz simclr.yaml -f mermaid # for a README\n"
     "ssldag viz simclr.yaml --level ops --phase pretrain -o ops.pdf # every operation of the forward pass"},
    {"report",
     "A run writes report.html by itself; this writes it anew, from the files of its folder, also of a run that is "
     "still "
     "going on or was made by an older version. The page is one file that needs no network: the picture, the curves, "
     "what the model saw, the map of its features, the confusion matrix, times, memory and versions.",
     "ssldag report runs/simclr-digits/2026-11-26-101500 # rewrites its report.html"},
    {"compare",
     "Prints one table of the last values of several runs, and what differs in their pipelines; with --output it "
     "writes "
     "a page with their curves as well.",
     "ssldag compare runs/a runs/b -o compare.html # side by side"},
    {"sweep",
     "Runs the pipeline once for every combination of the values that the --set options list, one after another, each "
     "in "
     "a folder of its own. Typed again, it leaves out what is done and goes on with what was stopped. At the end there "
     "are a table, sweep.csv and sweep.html; over seeds it gives mean and standard deviation.",
     "ssldag sweep simclr.yaml --set optimizer.lr=[0.1,0.03] --set seed=[1,2,3] # six runs"},
    {"embed",
     "Puts images through an encoder of a run, with the preprocessing that its pipeline uses in inference, and writes "
     "their features: every image once.",
     "ssldag embed runs/photos photos/ -o features.npy --csv features.csv # of a folder"},
    {"predict",
     "Puts images through a classifier of a run and writes a table: file, class, probability, and the probabilities of "
     "all classes.",
     "ssldag predict runs/photos new/ -o predictions.csv # of a folder"},
    {"export", "Writes a network of a run as an ONNX file, preprocessing included, with a free number of images.",
     "ssldag export runs/photos -o photos.onnx # the last classifier"},
    {"explain",
     "Says where the value of a key comes from: the default of its type, the file and line, a name of let:, the file "
     "that is extended, and --set, in the order in which they count.",
     "ssldag explain simclr.yaml pretrain.optimizer.lr # and its range"},
    {"fmt",
     "Prints files in the normal form of YAML that this project uses. Comments, anchors, the order of keys and the "
     "choice "
     "of block and flow style stay; the parsed tree is the same, or nothing is written.",
     "ssldag fmt -w simclr.yaml # in place\n"
     "ssldag fmt --check *.yaml # exit status 1 when one would change"},
    {"new",
     "Writes a plugin to begin with: source, CMakeLists.txt, a pipeline, a test and a page. It builds and passes as it "
     "is, against an installed ssldag.",
     "ssldag new node loss.mine # into the folder mine"},
    {"test",
     "Checks the operations and node types of a plugin, or those that are built in: gradients against central "
     "differences, tiles against the whole, in place against a copy, NaN, shapes that are refused, tables and "
     "examples.",
     "ssldag test ./mine.so # a line a check"},
    {"samples", "Writes a folder of small pictures, by class, to try things with.",
     "ssldag samples photos # a few seconds"},
    {"inspect",
     "Without a type, the list of all; with one, its ports, options, defaults, ranges and an example. --json and "
     "--markdown give the same to programs and pages.",
     "ssldag inspect loss.nt_xent # all about one\n"
     "ssldag inspect graph.yaml:module.block # about a module of a file"},
    {"dump",
     "Prints one stage of the compiler: the values of the file (spec), the graph, the operations of the forward pass "
     "(ops), those with gradients and updates (train), where every tensor lies (plan), or what waits for what "
     "(schedule).",
     "ssldag dump simclr.yaml --stage train --phase pretrain # gradients included"},
    {"bench", "Runs some steps of one phase and prints the time of a step, by node and by kind of operation.",
     "ssldag bench simclr.yaml --steps 50 --json # for a program to read"},
    {"schema", "Prints a JSON Schema of the language, with which an editor completes and checks while you type.",
     "ssldag schema > ssldag.schema.json"},
    {"doctor",
     "Says what the program was built with and what it finds: libraries and their versions, the flavour and the core "
     "of "
     "the BLAS, the processor and the CPUs that may be used, memory and its limits, Graphviz and its plugins, free "
     "disk "
     "space. Things that will not work, or not well, are marked, with what helps. The exit status is 1 when something "
     "will not work.",
     "ssldag doctor --json # to attach to a report of an error"},
    {"completion",
     "Prints a script for a shell. It completes commands, options, node types, and the phases and keys of the file on "
     "the "
     "line, by asking the program.",
     "source <(ssldag completion bash) # for this bash\n"
     "ssldag completion fish > ~/.config/fish/completions/ssldag.fish # for every fish"},
    {"man", "Writes ssldag.1, a page a command, and ssldag-graph.5 into a folder.",
     "ssldag man /usr/local/share/man/man1 # for one who has no package"},
    {0},
};
