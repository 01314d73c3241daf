"""What a rule answers when it will not do what it is asked.

A refusal is named after what stands in the way, and its docstring is the sentence a person is shown, so it is
written for a person and translated like any text of a page (`extract` hands the docstrings to `pybabel`).
"""

import ast
from collections.abc import Iterator
from typing import IO, Any


class Refusal(Exception):
    """This cannot be done."""

    @property
    def sentence(self) -> str:
        """The English sentence for a person; edges translate it."""
        return " ".join((type(self).__doc__ or "").split())


def extract(
    fileobj: IO[bytes], keywords: Any, comment_tags: Any, options: Any
) -> Iterator[tuple[int, str, str | tuple[str, ...], list[str]]]:
    """Babel's extraction method for our Python: what `gettext` marks, and the docstrings of refusals.

    Yields (line, function, message, comments), as babel.messages.extract wants it.
    """
    from babel.messages.extract import extract_python  # only `make translations` needs it

    yield from extract_python(fileobj, keywords, comment_tags, options)  # type: ignore[misc]
    fileobj.seek(0)
    for node in ast.walk(ast.parse(fileobj.read())):
        if isinstance(node, ast.ClassDef) and any(isinstance(b, ast.Name) and b.id == "Refusal" for b in node.bases):
            yield node.lineno, "gettext", " ".join((ast.get_docstring(node) or "").split()), []
