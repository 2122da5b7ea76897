#!/usr/bin/env python3
"""embed_text.py - a text file as an array of C strings, one a line.

    embed_text.py FILE SYMBOL OUTPUT

Comments of a style sheet and blanks at line starts are left out.
"""
# SPDX-License-Identifier: Apache-2.0
import re
import sys


def main():
    """Writes OUTPUT."""
    source, symbol, output = sys.argv[1:]
    with open(source, encoding="utf-8") as file:
        text = re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    with open(output, "w", encoding="utf-8") as file:
        file.write(f"extern const char *const {symbol}[];\n"
                   f"const char *const {symbol}[] = {{\n")
        for line in lines:
            escaped = line.replace("\\", "\\\\").replace('"', '\\"')
            file.write(f'    "{escaped}\\n",\n')
        file.write("    0,\n};\n")


if __name__ == "__main__":
    main()
