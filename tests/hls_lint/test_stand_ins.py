# SPDX-License-Identifier: Apache-2.0
"""The declaration-only headers have no constructor and no method that AMD's lack (vitis_headers.yaml)."""
import json
import pathlib
import re
import subprocess

import pytest
import yaml

import lint

HERE = pathlib.Path(__file__).parent
KNOWN = yaml.safe_load((HERE / "vitis_headers.yaml").read_text())
FOLDERS = ["tests/hls_lint/include", "compiler/schedule/vitis"]
METHODS = ("CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl", "CXXConversionDecl")


def declarations(folder, *headers):
    """Of each class that is defined there: its public methods, as clang lists them."""
    text = "".join(f"#include <{header}>\n" for header in headers)
    done = subprocess.run([lint.CLANG, "-std=c++14", "-fsyntax-only", "-Xclang", "-ast-dump=json", "-isystem", str(folder),
                           "-x", "c++", "-"], input=text, capture_output=True, text=True, check=True)
    classes = {}

    def visit(node, scope):
        kind, name = node.get("kind"), node.get("name")
        if kind == "NamespaceDecl":
            scope = [*scope, name]
        elif kind in ("CXXRecordDecl", "ClassTemplatePartialSpecializationDecl") and name and node.get("completeDefinition"):
            key = "::".join([*scope, name])
            arguments = [argument for argument in node.get("inner", []) if argument["kind"] == "TemplateArgument"]
            if arguments:
                key += "<" + ", ".join(re.sub(r"type-parameter-\d+-\d+", "BLOCK", argument.get("type", {}).get("qualType", ""))
                                       or str(argument.get("value")) for argument in arguments) + ">"
            classes[key] = public_methods(node)
            return
        for child in node.get("inner", []):
            visit(child, scope)

    visit(json.loads(done.stdout), [])
    return classes


def public_methods(record):
    access, methods = "private" if record["tagUsed"] == "class" else "public", []
    for node in record.get("inner", []):
        if node["kind"] == "AccessSpecDecl":
            access = node["access"]
        wanted = node["kind"] in METHODS and access == "public"
        if wanted and not node.get("isImplicit") and not node.get("explicitlyDeleted"):
            methods.append((node["kind"], node["name"], node["type"]["qualType"]))
    return methods


def signature(kind, name, type_):
    """`void read(T &)` of ("CXXMethodDecl", "read", "void (T &) const")."""
    result, arguments = re.fullmatch(r"(.*?) ?(\([^()]*\))(?: const)?", type_).groups()
    if kind == "CXXConversionDecl":
        return f"operator {result}{arguments}"
    # Constructors carry their class' template arguments.
    return f"{result} {name}{arguments}" if kind == "CXXMethodDecl" else re.sub(r"<[^()]*>", "", name, count=1) + arguments


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("header", ["hls_stream.h", "hls_streamofblocks.h"])
def test_streams_have_what_is_documented(folder, header):
    classes = declarations(lint.ROOT / folder, header)
    found = {name: methods for name, methods in classes.items() if name.startswith("hls::")}
    assert found, classes
    for name, methods in found.items():
        # The depth of a stream changes nothing but the depth; a stream of blocks has constructors of its own.
        known = KNOWN["classes"].get(name) or KNOWN["classes"][re.sub(r"<.*", "", name)]
        extra = {signature(*method) for method in methods} - set(known["methods"])
        assert not extra, f"{folder}/{header}: {name} has {sorted(extra)}, which AMD's header lacks"


def test_a_name_for_a_stream_of_blocks_is_found_out(tmp_path):
    text = (HERE / "include/hls_streamofblocks.h").read_text()
    assert "  stream_of_blocks();\n" in text
    (tmp_path / "hls_streamofblocks.h").write_text(
        text.replace("  stream_of_blocks();\n", "  explicit stream_of_blocks(const char* name = 0);\n"))
    methods = declarations(tmp_path, "hls_streamofblocks.h")["hls::stream_of_blocks"]
    assert {signature(*method) for method in methods} == {"stream_of_blocks(const char *)"}


def test_ap_uint_has_what_amd_s_has(tmp_path):
    classes = declarations(HERE / "include", "ap_int.h")
    known = KNOWN["ap_uint"]
    names = {"ap_uint": known["methods"], "st_lint::bit_range": known["bit_range"]}
    assert set(classes) == set(names)
    checks = []
    for name, methods in classes.items():
        for _, method, _ in methods:
            entry = names[name][re.sub(r"<.*>", "", method) if method.startswith("ap_uint") else method]
            checks.append((entry["expression"], entry["type"]))
    lines = [f"  {{ {type_} value = ({expression}); (void)value; }}" for expression, type_ in checks]
    text = "#include <ap_int.h>\n#include <stdint.h>\nvoid check(ap_uint<512> x, const ap_uint<512> y) {\n" + "\n".join(lines)
    source = tmp_path / "check.cpp"
    source.write_text(text + "\n}\n")
    lint.compile_against_amd(source, tmp_path)
    source.write_text(text + "\n  x.no_such_method();\n}\n")
    with pytest.raises(AssertionError, match="no_such_method"):
        lint.compile_against_amd(source, tmp_path)


def test_type_check_fails_for_what_the_stand_in_alone_would_take(tmp_path):
    """AMD's `range` gives a reference that has no `to_anything`; a design that asks for it is refused."""
    artifact = tmp_path / "artifact"
    (artifact / "hls").mkdir(parents=True)
    text = (HERE / "good/minimal.cpp").read_text()
    (artifact / "hls/design.cpp").write_text(text)
    lint.type_check(artifact / "hls/design.cpp")
    (artifact / "hls/design.cpp").write_text(text.replace("memory[i] = in.read();", "memory[i] = in.read().to_anything();"))
    with pytest.raises(AssertionError, match="to_anything"):
        lint.type_check(artifact / "hls/design.cpp")
