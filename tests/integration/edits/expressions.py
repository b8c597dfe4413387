# SPDX-License-Identifier: Apache-2.0
"""Which arithmetic, index and bound expressions stand in emitted HLS text, and how each may be edited.

Looked at: executed lines of process functions and of the functions they call, the constant operation lists
they walk, and the wiring of the top function. Left out: declarations (arrays, streams, the numbers of
configuration structs), depths, pragmas, and clamps (the two selects that bound an exponent, page_column)."""
import dataclasses
import re

TOKEN = re.compile(r"""\s*(?:
    (?P<number>0x[0-9a-fA-F]+|\d+\.?\d*(?:e[+-]?\d+)?f?|INT64_C\(\d+\))
  | (?P<name>(?:static_cast<[\w:]+>)|(?:[A-Za-z_]\w*(?:(?:::|\.)[A-Za-z_]\w*)*))
  | (?P<operator>\+\+|--|\+=|<<|>>|<=|>=|==|!=|&&|\|\||->|[-+*/%<>=!?:;,&|~(){}\[\]])
)""", re.VERBOSE)

OPERATORS = {"+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "<": ["<="], ">": [">="], "==": ["!="], "<<": [">>"]}
PRIMARY = r"(?:[\w.:]+(?:\([^()]*\))?|\([^()]*\))"
LIST = re.compile(r"constexpr (?:st::issue|st::frame_source|int) \w+\[\] = \{")
STRUCT_FUNCTION = re.compile(r"static constexpr [\w:]+ \w+\([^)]*\) \{ return ")
ARRAY = re.compile(r"[\w:]+ \w+\[[\w:]+\];$")


@dataclasses.dataclass(frozen=True)
class Edit:
    line: int  # of the text, from 0
    kind: str
    process: str  # the function or list it stands in
    before: str
    after: str


    @property
    def group(self):
        """Arithmetic, index or bound."""
        word = self.kind.split()[0]
        return {"sign": "arithmetic", "swapped": "arithmetic", "list": "bound", "loop": "bound"}.get(word, word)


@dataclasses.dataclass
class Token:
    text: str
    start: int
    end: int
    type: str


def tokens_of(line):
    found, at = [], 0
    while match := TOKEN.match(line, at):
        kind = match.lastgroup
        found.append(Token(match.group(kind), match.start(kind), match.end(kind), kind))
        at = match.end()
    return found


def clamp_lines(lines):
    """`b = x < C; y = b ? C : x;` bounds x by C."""
    clamps = set()
    for i, line in enumerate(lines[:-1]):
        test = re.search(r"const bool (\w+) = (\w+) [<>] (.+);", line)
        if test and re.search(rf" = {test[1]} \? {re.escape(test[3])} : {test[2]};", lines[i + 1]):
            clamps |= {i, i + 1}
    return clamps


def functions_of(lines):
    """For each line the function or list it stands in; empty outside."""
    names, current = [], ""
    for line in lines:
        if start := re.match(r"(?:static void (\w+)\(|extern \"C\" void (\w+)\(|constexpr [\w:]+ (\w+)\[\] =|struct (\w+))", line):
            current = next(name for name in start.groups() if name)
        names.append(current)
        if line.startswith("}"):
            current = ""
    return names


def _number(text, delta):
    if text.startswith("INT64_C"):
        return f"INT64_C({int(text[8:-1]) + delta})"
    if text.endswith("f") and not text.startswith("0x"):
        return f"({text} {'+' if delta > 0 else '-'} 1.0f)"
    return str(int(text, 0) + delta)


def _brackets(tokens):
    """Pairs of [ and ] as token indices."""
    stack, pairs = [], []
    for i, token in enumerate(tokens):
        if token.text == "[":
            stack.append(i)
        elif token.text == "]" and stack:
            pairs.append((stack.pop(), i))
    return pairs


def _edits_of_line(line, whole_list):
    """(kind, edited line) for everything that may be changed in it."""
    body = line.lstrip()
    code = 0
    if header := re.match(r"\s*for \(", line):
        code = header.end()
    elif STRUCT_FUNCTION.search(line):
        code = STRUCT_FUNCTION.search(line).end()
    elif "=" in line and not whole_list:
        code = line.index("=") if re.match(r"\s*(?:const )?[\w:]+ \w+ =", line) else 0
    tokens = tokens_of(line)
    inside = [any(tokens[a].start < t.start < tokens[b].start for a, b in _brackets(tokens)) for t in tokens]

    # The numbers of a template: the first says how much is moved, the second declares a buffer.
    template = re.search(r"st::\w+<(\d+)[^>]*>", line)

    def replaced(start, end, text):
        return line[:start] + text + line[end:]

    for i, token in enumerate(tokens):
        if token.start < code or (template and template.start(1) <= token.start < template.end()):
            continue
        before = tokens[i - 1] if i else None
        after = tokens[i + 1] if i + 1 < len(tokens) else None
        where = "index" if inside[i] else "loop" if header else "arithmetic"
        binary = (before and after and (before.type in ("number", "name") or before.text in ")]")
                  and (after.type in ("number", "name") or after.text in "(-"))
        if token.text == "<" and before and before.text.startswith("st::"):
            binary = False  # a template's arguments
        if token.type == "number":
            kind = "bound" if where == "loop" or body.startswith("st::") or " words = " in line else where
            for delta in (1, -1):
                if before and before.text == "+=" and token.text == "1" and delta < 0:
                    continue  # for ever
                yield f"{'list' if whole_list else kind} constant", replaced(token.start, token.end, _number(token.text, delta))
        elif token.text in OPERATORS and binary:
            for other in OPERATORS[token.text]:
                yield f"{where} operator", replaced(token.start, token.end, other)
        elif token.text == "-" and before and before.text in ("=", "(") and after.type == "name":
            yield "sign", replaced(token.start, token.end, "")
        elif token.text in ("header.tokens", "header.logits", "words", "tokens") and (header or body.startswith("st::")):
            for delta in ("+ 1", "- 1"):
                yield "bound", replaced(token.start, token.end, f"{token.text} {delta}")
    for opening, closing in _brackets(tokens):
        if tokens[opening].start < code or closing == opening + 1:
            continue
        inner = line[tokens[opening].end:tokens[closing].start]
        for delta in ("+ 1", "- 1"):
            if not inner.isdigit():  # that is a constant
                yield "index", replaced(tokens[opening].end, tokens[closing].start, f"{inner} {delta}")
    for swap in re.finditer(rf"= ({PRIMARY}) ([-/]) ({PRIMARY});", line):
        yield "swapped operands", replaced(*swap.span(), f"= {swap[3]} {swap[2]} {swap[1]};")
    for select in re.finditer(r"\? (\w+) : (\w+);", line):
        yield "swapped operands", replaced(*select.span(), f"? {select[2]} : {select[1]};")
    if template:
        for delta in (1, -1):
            yield "bound constant", replaced(*template.span(1), str(int(template[1]) + delta))


def find_edits(text, executed):
    """All edits of `text`. `executed`: numbers (from 0) of the lines that a run passed."""
    lines = text.split("\n")
    clamps, functions = clamp_lines(lines), functions_of(lines)
    found, in_list = {}, False
    for number, line in enumerate(lines):
        if LIST.match(line):
            in_list = not line.endswith("};")
            editable = not in_list
            body = line.index("{")
        elif in_list:
            in_list = line != "};"
            editable, body = in_list, 0
        else:
            editable = number in executed and number not in clamps and not line.startswith(("#", "//"))
            editable &= not ARRAY.search(line) and "page_column" not in line
            # Streams are declared, pointers and streams are handed on.
            handed_on = ("  hls::", "  frame_stream", "  weight_stream", "static ", "}")
            editable &= functions[number] != "" and not line.startswith(handed_on)
            editable &= not line.endswith((",", ") {")) or "for (" in line
            # Numbers of a configuration are declarations, what its functions compute is not.
            editable &= "static constexpr" not in line or bool(STRUCT_FUNCTION.search(line))
            body = None
        if not editable:
            continue
        part = line if body is None else line[body:]
        for kind, edited in _edits_of_line(part, body is not None):
            after = edited if body is None else line[:body] + edited
            edit = Edit(number, kind, functions[number], line.strip(), after.strip())
            found.setdefault((number, after), (edit, after))
    return list(found.values())
