"""YAML as a recipe needs it: ``1e6`` is a number, and a key that stands twice is refused."""

from __future__ import annotations

import re
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """YAML 1.1, which PyYAML reads, takes ``1e6`` and ``1.0e6`` for text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"line {node.start_mark.line + 1}: {key!r} stands there twice")
        return super().construct_mapping(node, deep)


_EXPONENT = re.compile(r"^[-+]?[0-9][0-9_]*(\.[0-9]*)?[eE][-+]?[0-9]+$")
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _EXPONENT, list("-+0123456789"))


def load_yaml(text: str) -> dict[str, Any]:
    """The mapping in ``text``.

    Raises:
        ValueError: it is no mapping, or a key stands twice.
        yaml.YAMLError: it is not YAML.
    """
    content = yaml.load(text, _Loader)  # a SafeLoader
    if not isinstance(content, dict):
        raise ValueError("the file holds no recipe, expected keys such as `stages:`")
    return content
