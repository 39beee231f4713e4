"""Prints core/io/unicode_data.h: the letters and numbers of Unicode, as Hugging Face's tokenizers see them (its regular
expressions know a newer Unicode than Python does, and tokens must come out alike).

    pip install tokenizers; python3 tests/parity/unicode_data.py > core/io/unicode_data.h
"""
import tokenizers
from tokenizers import Regex, pre_tokenizers


def ranges(pattern):
    split, out = pre_tokenizers.Split(Regex(pattern), "removed"), []
    for cp in range(0x110000):
        if 0xD800 <= cp < 0xE000 or split.pre_tokenize_str(chr(cp)):
            continue
        if out and out[-1][1] == cp - 1:
            out[-1][1] = cp
        else:
            out.append([cp, cp])
    return out


def table(name, pattern):
    rows = ["{0x%x, 0x%x}," % tuple(r) for r in ranges(pattern)]
    lines, line = [], "   "
    for r in rows:
        if len(line) + 1 + len(r) > 118:
            lines.append(line)
            line = "   "
        line += " " + r
    return "static const uint32_t %s[][2] = {\n%s\n};" % (name, "\n".join(lines + [line]))


print("/* Printed by tests/parity/unicode_data.py with tokenizers %s: first and last code point of each run.\n"
      " * Not for humans. */\n/* clang-format off */" % tokenizers.__version__)
print(table("letters", r"\p{L}"))
print(table("numbers", r"\p{N}"))
print(table("spaces", r"\s"))
print("/* clang-format on */")
