#!/usr/bin/env python3
"""The JSON Schema of the language, checked by a validator that is not ours: it is a valid schema of draft 7, it accepts
every pipeline of examples/, and it refuses those files of tests/bad whose fault a schema can see (the list in
tests/bad/schema_refuses.txt; all others it accepts, but for those that are no YAML).
usage: schema_check.py PROGRAM ROOT [--list]      --list: prints what belongs into schema_refuses.txt
exit code 77: the packages python3-jsonschema or python3-yaml are not there, nothing was checked"""
import json
import pathlib
import re
import subprocess
import sys

try:
    import jsonschema
    import yaml
except ImportError as e:
    print(f"schema_check: skipped: {e} (Debian: python3-jsonschema python3-yaml)")
    sys.exit(77)


class Core(yaml.SafeLoader):
    """YAML 1.2 core, as editors read it: `no` is a word, 1e-3 a number; a key that stands twice is an error."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in [
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("merge", r"^<<$", "<"),
]:
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first) + [""])


def number(loader, node):
    return float(loader.construct_scalar(node))


def whole(loader, node):
    return int(loader.construct_scalar(node))


Core.add_constructor("tag:yaml.org,2002:float", number)
Core.add_constructor("tag:yaml.org,2002:int", whole)


def load(path):
    try:
        return yaml.load(path.read_bytes().decode("utf-8-sig"), Core)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        return None


NODE = "version: 1\nphases: {p: {nodes: {x: %s}}}"
SHORT = {  # what no example shows: a text, and whether it is accepted
    NODE % "{type: optimizer.adamw, in: loss, lr: {cosine: [1e-3, 0], warmup: 2 epochs}}": True,
    NODE % "{type: optimizer.adamw, in: loss, lr: {cosine: [1e-3, $end], warmup: $n}}": True,
    NODE % "{type: optimizer.adamw, in: loss, lr: {cosine: [1e-3]}}": False,
    NODE % "{type: optimizer.adamw, in: loss, lr: {cosine: [1, 0], linear: [1, 0]}}": False,
    NODE % "{type: optimizer.adamw, in: loss, lr: null}": False,
    NODE % "{type: optimizer.adamw, in: loss, lr: '${2 * rate}'}": True,
    NODE % "{type: encoder.mlp, in: x, widths: [$width, '${width / 2}', 8]}": True,
    NODE % "{type: encoder.mlp, in: x, widths: [0]}": False,
    NODE % "{type: module.block, in: x, anything: 1}": True,
    NODE % "{type: module., in: x}": False,
    NODE % "{type: expr, in: {x: a}, formula: mean(x)}": True,
    NODE % "{type: expr, in: {x: a}, formul: mean(x)}": False,
    NODE % "{use: p.x, in: y, freeze: true}": True,
    NODE % "{type: probe.knn, of: a, bank: b, query: c, every: 3}": False,
    "version: 1\nphases: {p: {epochs: 1, steps: 2, nodes: {x: {use: a.b}}}}": False,
    "extends: a.yaml\nphases: {p: {nodes: {x: {lr: null}, y: null}}, q: null}": True,
    "extends: a.yaml\nphases: {p: {nodes: {x: {type: optimizer.adamw, lr: null}}}}": True,
    "extends: a.yaml\nphases: {p: {nodes: {x: {type: optimizer.adamw, lrr: 1}}}}": False,
    "extends: a.yaml\nphases: {p: {nods: {}}}": False,
    "extends: 3": False,
    "version: 1\nplugins: [./a.so]\nphases: {p: {nodes: {x: {type: loss.mine, any: 1}}}}": True,
    "version: 1\nplugins: [./a.so]\nphases: {p: {nods: {}}}": False,
    NODE % "{type: loss.mine}": False,
}


def check_short(validator):
    wrong = 0
    for text, accepted in SHORT.items():
        if validator.is_valid(yaml.load(text, Core)) != accepted:
            print(f"{'refused' if accepted else 'accepted'}, and should not be: {text}")
            wrong += 1
    return wrong


def main():
    program, root = sys.argv[1], pathlib.Path(sys.argv[2])
    schema = json.loads(subprocess.run([program, "schema"], check=True, capture_output=True).stdout)
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    wrong = check_short(validator)
    for path in sorted(root.glob("examples/**/*.yaml")):
        line = path.read_text().splitlines()[0].split("$schema=")
        here = len(line) == 2 and (path.parent / line[1]).exists()
        # the file of the tutorial is typed by its reader into a folder of his own
        if path.parent.name != "tutorial" and not here:
            print(f"{path}: the first line must say where the schema is, for editors")
            wrong += 1
        errors = sorted(validator.iter_errors(load(path)), key=lambda e: len(e.path))
        if errors:
            print(f"{path}: refused: {'.'.join(map(str, errors[0].path))}: {errors[0].message[:200]}")
            wrong += 1
    table = root / "tests/bad/schema_refuses.txt"
    expected = set() if "--list" in sys.argv else set(table.read_text().split())
    found = set()
    for path in sorted(root.glob("tests/bad/*.yaml")):
        tree = load(path)
        if tree is not None and not validator.is_valid(tree):
            found.add(path.name)
    if "--list" in sys.argv:
        print("\n".join(sorted(found)))
        return 0
    for name in sorted(expected - found):
        print(f"tests/bad/{name}: the schema accepts it")
        wrong += 1
    for name in sorted(found - expected):
        print(f"tests/bad/{name}: the schema refuses it; if it should, add it to {table}")
        wrong += 1
    print(f"{len(found)} of the bad files are refused by the schema")
    return 1 if wrong else 0


sys.exit(main())
