#!/usr/bin/env python3
"""Builds target/goxel.mcpb, a bundle that desktop hosts install by a click, and target/server.json for the registry of
servers, and checks both against their schemas. mcpb.py PROGRAMS TARGET [SCHEMA]

The manifest is checked by the bundle format's own tool from npm, server.json by the rules of the registry and against its
schema: the file SCHEMA, or what can be fetched. What cannot be checked here is said by name.
"""

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from pathlib import Path

SCHEMA = "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"
ABOUT = "Voxel modelling for agents: build, look, slice, inspect, undo, export"


def version(programs: Path) -> str:
    return subprocess.run([programs / "goxel-mcp", "--version"], check=True, capture_output=True, text=True).stdout.split()[1]


def tools(programs: Path) -> list:
    """The tools as the program itself lists them."""
    ask = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}) + "\n"
    answer = subprocess.run([programs / "goxel-mcp"], input=ask, check=True, capture_output=True, text=True).stdout
    listed = json.loads(answer)["result"]["tools"]
    return [{"name": tool["name"], "description": tool["description"].split(". ")[0].split(": one")[0]} for tool in listed]


def manifest(programs: Path) -> dict:
    system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
    return {
        "manifest_version": "0.3",
        "name": "goxel-mcp",
        "display_name": "Goxel",
        "version": version(programs),
        "description": ABOUT,
        "author": {"name": "The goxel-daemon maintainers"},
        "license": "MIT OR Apache-2.0",
        "keywords": ["voxel", "3d", "modelling", "goxel"],
        "server": {
            "type": "binary",
            "entry_point": "server/goxel-mcp",
            "mcp_config": {
                "command": "${__dirname}/server/goxel-mcp",
                "args": ["--spawn", "--root", "${user_config.root}"],
            },
        },
        "tools": tools(programs),
        "compatibility": {"platforms": [system]},
        "user_config": {
            "root": {
                "type": "directory",
                "title": "Directory of models",
                "description": "Files are read and written only beneath it",
                "required": True,
                "default": "${DOCUMENTS}",
            }
        },
    }


def server_json(programs: Path) -> dict:
    arguments = [
        {"type": "named", "name": "--spawn", "description": "Start the daemon when it is needed"},
        {"type": "named", "name": "--root", "description": "Files are read and written only beneath it",
         "format": "filepath", "isRequired": True},
    ]
    return {
        "$schema": SCHEMA,
        "name": "io.github.goxel-daemon/goxel-mcp",
        "title": "Goxel",
        "description": ABOUT,
        "version": version(programs),
        "packages": [{
            "registryType": "cargo",
            "registryBaseUrl": "https://crates.io",
            "identifier": "goxel-daemon",
            "version": version(programs),
            "transport": {"type": "stdio"},
            "packageArguments": arguments,
        }],
    }


def check_manifest(path: Path) -> None:
    if shutil.which("npx") is None:
        print("skipped: no npm (the check of the manifest)")
        return
    subprocess.run(["npx", "--yes", "@anthropic-ai/mcpb@2.1.2", "validate", str(path)], check=True)


def check_rules(document: dict) -> None:
    """What the registry's schema asks of the members that are here, whether or not it can be fetched."""
    assert re.fullmatch("[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", document["name"]) and len(document["name"]) <= 200
    assert 1 <= len(document["description"]) <= 100 and 1 <= len(document["title"]) <= 100
    assert re.fullmatch(r"\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?", document["version"])
    for package in document["packages"]:
        assert package["registryType"] and package["identifier"] and package["transport"] == {"type": "stdio"}
        assert package["version"] == document["version"]
        for argument in package["packageArguments"]:
            assert argument["type"] == "named" and argument["name"].startswith("--"), argument
            assert argument.get("format", "string") in ["string", "number", "boolean", "filepath"], argument


def check_server_json(document: dict, schema: Path | None) -> None:
    check_rules(document)
    try:
        import jsonschema
    except ImportError:
        print("skipped: no jsonschema of PyPI (the check of server.json)")
        return
    try:
        if schema is None:
            with urllib.request.urlopen(SCHEMA, timeout=10) as answer:
                rules = json.load(answer)
        else:
            rules = json.loads(schema.read_text())
    except OSError as error:
        print(f"skipped: the registry's schema cannot be fetched: {error} (the check of server.json)")
        return
    jsonschema.validate(document, rules)
    print("server.json is as the registry's schema asks")


def main() -> None:
    programs, target = Path(sys.argv[1]), Path(sys.argv[2])
    document = server_json(programs)
    (target / "server.json").write_text(json.dumps(document, indent=2) + "\n")
    check_server_json(document, Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "manifest.json"
        path.write_text(json.dumps(manifest(programs), indent=2) + "\n")
        check_manifest(path)
        with zipfile.ZipFile(target / "goxel.mcpb", "w", zipfile.ZIP_DEFLATED) as bundle:
            bundle.write(path, "manifest.json")
            for name in ["goxel-mcp", "goxel-daemon"]:
                entry = zipfile.ZipInfo(f"server/{name}", (2026, 1, 1, 0, 0, 0))
                entry.external_attr = 0o100755 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                bundle.writestr(entry, (programs / name).read_bytes())
    print(f"{target / 'goxel.mcpb'} and {target / 'server.json'}")


main()
