"""openapi_check.py FILE: what is wrong with a description of an API, one line each.

Templates that differ only by a name, arguments that the path does not have, operations of one name, references that lead
nowhere, answers and bodies that are not described, schemas that are none. Where there is openapi-spec-validator the whole
document is held against OpenAPI 3.1, too.
openapi_check.py FILE PATH < ANSWER: whether what GET PATH answered is as described.
"""

import json
import re
import sys

import jsonschema


def operations(api):
    for path, methods in api["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def schemas(operation):
    for content in [operation.get("requestBody", {})] + list(operation["responses"].values()):
        for media in content.get("content", {}).values():
            yield media["schema"]


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def found(api, reference):
    node = api
    for step in reference.removeprefix("#/").split("/"):
        node = node.get(step) if isinstance(node, dict) else None
    return node is not None


def wrong_with(api):
    templates, names = {}, {}
    for path in api["paths"]:
        same = templates.setdefault(re.sub(r"\{[^}]*\}", "{}", path), path)
        if same != path:
            yield f"{path} is {same}"
    for path, method, operation in operations(api):
        what = f"{method} {path}"
        same = names.setdefault(operation["operationId"], what)
        if same != what:
            yield f"{what}: operationId is that of {same}"
        told = {p["name"] for p in operation.get("parameters", []) if p.get("in") == "path"}
        if told != set(re.findall(r"\{([^}]*)\}", path)):
            yield f"{what}: its path has not {told}"
        for schema in schemas(operation):
            if not schema:
                yield f"{what}: something is not described"
            try:
                jsonschema.Draft202012Validator.check_schema(schema)
            except jsonschema.SchemaError as e:
                yield f"{what}: {e.message}"
    for reference in set(references(api)):
        if not found(api, reference):
            yield f"{reference} leads nowhere"
    try:
        import openapi_spec_validator
    except ImportError:
        return
    validator = openapi_spec_validator.OpenAPIV31SpecValidator(api)
    for e in validator.iter_errors():
        yield f"{'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"


def unlike(api, path, answer):
    schema = api["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    for e in jsonschema.Draft202012Validator(schema).iter_errors(answer):
        yield f"{path}: {'/'.join(map(str, e.absolute_path))}: {e.message[:300]}"


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        api = json.load(f)
    lines = wrong_with(api) if len(sys.argv) == 2 else unlike(api, sys.argv[2], json.load(sys.stdin))
    print("\n".join(lines), end="")


main()
