"""Writes tests/unit/core/io/: two small tokenizers, tokenizer.json and tokenizer_pairs.json, and tokenizer_values.h, what
Hugging Face's tokenizers make of some texts with them. Run from the root:

    pip install tokenizers; python3 tests/parity/tokenizer_values.py

The second has what the first has not: merges as pairs, a space put before the text, added tokens that take white space
along, one that is looked for after the others, and one that begins like another.
"""
import json
import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

OUT = "tests/unit/core/io/"
TRAINING = [open("LICENSE").read(), "Grüße aus Köln, schöne Grüße. Éric a été là. " * 4, "he'll they're I've it's we'd " * 5,
            "    if (x) {\n        return 2026;\n    }\n" * 4, "日本語のテキスト。日本語です。" * 3]
TEXTS = [
    "", " ", "  ", "\n", "a", "The Software is provided \"as is\", without warranty of any kind.",
    "he'll they're I've it's we'd I'm don't 'sudden 'LL ''s '", "two  spaces   three    four ", " \n\n  lines\n \t tab\tend \n",
    "    if (x) {\n        return 2026;\n    }\n", "Grüße, été; na\u00efve caf\u00e9", "日本語のテキスト", "emoji 😀😀 family 👨‍👩‍👧!",
    "digits 123 ١٢٣ ⅷ ½ x²", "spaces\u00a0nbsp\u2003em\u3000wide\u2028line\x85nel", "combining e\u0301 a\u0300\u0300", "\x00nul\x00\x00 \x7f\x1f",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "of of ofof thethe Software,Software", "\ufeffbom \ufffd \U0010ffff \u0378",
    "<|endoftext|>", "one<|endoftext|>two <|endoftext|> three<|endoftext|><|endoftext|>", "<|endoftext|", "a <mask> b", " <mask><mask>  ",
    "x\n<mask>\ny", "<mask", "[PAD] the [PAD]  the", "the PADDED<pad><pad>>", "<pad>>end", "x <norm> y <|endoftext|><norm>",
]


def train(prefix, added):
    t = Tokenizer(models.BPE())
    t.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix)
    t.decoder, t.post_processor = decoders.ByteLevel(), processors.ByteLevel(trim_offsets=False)
    t.train_from_iterator(TRAINING, trainers.BpeTrainer(vocab_size=360, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                                                         special_tokens=["<|endoftext|>"]))
    t.add_tokens(added)
    return t


def c_text(raw):
    return '"' + "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else "\\%03o" % b for b in raw) + '"'


tables = {"tokenizer": train(False, []),
          "tokenizer_pairs": train(True, [AddedToken("<mask>", lstrip=True, special=True, normalized=False), AddedToken("<pad>", rstrip=True, special=True, normalized=False),
                                          AddedToken("<pad>>", special=True, normalized=False), AddedToken("<norm>", normalized=True)])}
print_lines = ["/* Printed by tests/parity/tokenizer_values.py with tokenizers %s. */" % tokenizers.__version__, "/* clang-format off */",
               "typedef struct tokenized { const char *text; int n_text, n; int32_t tokens[96]; } tokenized;"]
for name, t in tables.items():
    file = json.loads(t.to_str())
    if name == "tokenizer":
        file["model"]["merges"] = [" ".join(m) for m in file["model"]["merges"]]
    text = json.dumps(file, ensure_ascii=False, separators=(",", ":")).replace(',"vocab"', ',\n"vocab"').replace(',"merges"', ',\n"merges"')
    open(OUT + name + ".json", "w").write(text + "\n")
    t = Tokenizer.from_file(OUT + name + ".json")
    print_lines.append("static const tokenized %s[] = {" % name)
    for x in TEXTS:
        ids = t.encode(x, add_special_tokens=False).ids
        raw = x.encode()
        print_lines.append("    {%s, %d, %d, {%s}}," % (c_text(raw), len(raw), len(ids), ", ".join(map(str, ids)) or "0"))
    print_lines.append("};")
print_lines.append("/* clang-format on */")
open(OUT + "tokenizer_values.h", "w").write("\n".join(print_lines) + "\n")
