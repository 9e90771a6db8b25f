"""What a strict schema must be, before a model is held to it."""

from typing import Any

_DEEPEST = 10


class SchemaError(Exception):
    """The schema is none that strict mode takes; the message is the vendor's."""


def check_format(text: Any) -> None:
    """Check the ``text`` of a request.

    Raises:
        SchemaError: a strict schema that leaves something open.
    """
    form = text.get("format") if isinstance(text, dict) else None
    if not isinstance(form, dict) or form.get("type") != "json_schema" or not form.get("strict"):
        return
    name, schema = form.get("name"), form.get("schema")
    if not isinstance(name, str) or not isinstance(schema, dict):
        raise SchemaError("Missing required parameter: 'text.format.name' or 'text.format.schema'.")
    if schema.get("type") != "object":
        raise SchemaError(f"Invalid schema for response_format '{name}': schema must be of type \"object\".")
    _check(schema, name, ())


def _check(schema: Any, name: str, context: tuple[str, ...]) -> None:
    if not isinstance(schema, dict):
        return
    if len(context) > 2 * _DEEPEST:
        raise SchemaError(f"Invalid schema for response_format '{name}': it is nested too deeply.")
    if schema.get("type") == "object" or "properties" in schema:
        _check_object(schema, name, context)
    for group in ("properties", "$defs"):
        for key, inner in (schema.get(group) or {}).items():
            _check(inner, name, (*context, group, key))
    for inner in schema.get("anyOf") or []:
        _check(inner, name, (*context, "anyOf"))
    _check(schema.get("items"), name, (*context, "items"))


def _check_object(schema: dict[str, Any], name: str, context: tuple[str, ...]) -> None:
    where = f"Invalid schema for response_format '{name}': In context={context},"
    if schema.get("additionalProperties") is not False:
        raise SchemaError(f"{where} 'additionalProperties' is required to be supplied and to be false.")
    missing = set(schema.get("properties") or {}) - set(schema.get("required") or [])
    if missing:
        raise SchemaError(
            f"{where} 'required' is required to be supplied and to be an array including every key in properties. "
            f"Missing '{min(missing)}'."
        )
