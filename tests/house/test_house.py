"""The rules of the house. Each was broken once on purpose before it was trusted."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import app as house
from app.config import ROOT
from app.refusals import Refusal

ROOMS = {
    "accounts", "column", "comments", "courses", "letters", "mail", "memory", "pictures", "questions", "reviews",
    "text", "writing",
}  # fmt: skip
MAY_USE = {
    "text": set[str](),
    "accounts": {"text"},
    "letters": {"accounts", "text"},
    "mail": {"accounts", "text"},
    "comments": {"accounts", "letters", "mail", "text"},
    "memory": {"accounts", "comments", "courses", "letters", "text"},
    "pictures": {"text"},
    "questions": {"accounts", "letters", "mail", "text"},
    "courses": {"accounts", "letters", "mail", "text"},
    "writing": {"accounts", "letters", "text"},
    "reviews": {"accounts", "letters", "mail", "text"},
    "column": ROOMS,  # its settings are everybody's, and erasing a person is one verb for all rooms
}
"""Which rooms the rules of a room may use, besides their own."""
EDGE_FILES = {"views", "desk", "openings_desk", "forms", "feeds", "cards", "queue", "pruning_desk"}
EDGES = {"__init__", "cli", "forms", "posting", "returning", "serving", "web", "work"}
"""Files beside the rooms that know requests, processes or commands."""
OF_REQUESTS = {"flask", "flask_babel", "flask_limiter", "flask_login", "flask_wtf", "werkzeug", "wtforms", "markupsafe"}
COMMIT = {"cli", "posting", "returning", "work", "pages/answering", "pages/edition"}
"""Who commits besides views, desk and the queue. Before a page is made, changes of letters come true; the last one is
SQLite's connection itself, which counts commits."""

FILES = {
    path.relative_to(ROOT / "app").with_suffix("").as_posix(): path for path in sorted((ROOT / "app").rglob("*.py"))
}


def room(name: str) -> str:
    return name.split("/")[0] if "/" in name else ""


def is_rule(name: str) -> bool:
    """Is it a file of a room that decides something: no route, no form, no row."""
    return room(name) in ROOMS and Path(name).name not in EDGE_FILES | {"__init__", "models"}


RULES = [name for name in FILES if is_rule(name)]
MODELS = [name for name in FILES if Path(name).name == "models"]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(FILES[name].read_text())


def imports(name: str) -> Iterator[str]:
    """What a file imports, wherever it does: "letters/models" and "clock" of ours, "flask" of others'."""
    package = ["app", *name.split("/")[:-1]]
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            path = [*base, *(node.module or "").split(".")] if node.module else base
            if path[:1] != ["app"]:
                yield path[0]
                continue
            for alias in node.names:
                whole, inner = "/".join([*path[1:], alias.name]), "/".join(path[1:])
                yield whole if whole in FILES else inner if inner in FILES else inner + "/__init__"


def calls(name: str) -> Iterator[str]:
    """What a file calls, as it is written: "datetime.now", "session.commit"."""
    return (ast.unparse(node.func) for node in ast.walk(tree(name)) if isinstance(node, ast.Call))


def test_the_walk_sees_the_house() -> None:
    assert {"letters/publishing", "comments/moderation", "mail/delivery", "text/comment"} <= set(RULES)
    assert {"letters/models", "db", "refusals", "sqlalchemy"} <= set(imports("comments/moderation")) | set(
        imports("letters/models")
    ) | set(imports("letters/publishing"))
    assert "clock" in set(imports("work"))
    assert "session.commit" in set(calls("work"))


@pytest.mark.parametrize("name", RULES)
def test_rules_know_no_request_and_no_edge(name: str) -> None:
    used = set(imports(name))
    if name == "mail/messages":  # mails are written with templates, in the reader's language; this is the one place
        used -= {"flask", "flask_babel"}
    assert not used & OF_REQUESTS
    assert not used & EDGES
    assert not {one for one in used if Path(one).name in EDGE_FILES and one in FILES}


@pytest.mark.parametrize("name", RULES)
def test_rules_do_not_ask_the_clock(name: str) -> None:
    assert "clock" not in set(imports(name))


@pytest.mark.parametrize("name", RULES)
def test_imports_between_rooms_run_one_way(name: str) -> None:
    used = {room(one) for one in imports(name) if one in FILES} & ROOMS
    assert used <= MAY_USE[room(name)] | {room(name)}


@pytest.mark.parametrize("name", [name for name in FILES if room(name) == "text"])
def test_text_is_pure(name: str) -> None:
    assert {one for one in imports(name) if one in FILES and room(one) != "text"} == set()
    assert not set(imports(name)) & (OF_REQUESTS | {"sqlalchemy", "datetime", "time", "os"})


@pytest.mark.parametrize("name", ["letters/fridays", "clock", "accounts/passwords"])
def test_pure_files_import_nothing_of_ours(name: str) -> None:
    assert {one for one in imports(name) if one in FILES} == set()
    assert "sqlalchemy" not in set(imports(name))


@pytest.mark.parametrize("name", MODELS)
def test_rows_know_only_the_base_and_other_rows(name: str) -> None:
    ours = {one for one in imports(name) if one in FILES}
    assert {one for one in ours if one != "db" and Path(one).name != "models"} == set()
    assert not set(imports(name)) & OF_REQUESTS


@pytest.mark.parametrize("name", FILES)
def test_only_the_clock_asks_the_system_for_the_time(name: str) -> None:
    if name == "clock":
        return
    askers = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.localtime"}
    assert not {call for call in calls(name) if ".".join(call.split(".")[-2:]) in askers}


@pytest.mark.parametrize("name", FILES)
def test_only_edges_commit(name: str) -> None:
    if name in COMMIT or Path(name).name in ("views", "desk", "queue", "pruning_desk", "openings_desk"):
        return
    assert not {call for call in calls(name) if call.split(".")[-1] == "commit"}


@pytest.mark.parametrize("name", FILES)
def test_numbers_that_come_in_go_through_row_number(name: str) -> None:
    """`type=int` would take a number that no column can hold."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("get", "getlist"):
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            assert not any(isinstance(one, ast.Name) and one.id == "int" for one in given), node.lineno


def refusals(of: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for module in pkgutil.walk_packages(house.__path__, "app."):
        importlib.import_module(module.name)
    for one in of.__subclasses__():
        yield one
        yield from refusals(one)


def test_every_refusal_says_one_or_two_sentences_to_a_person() -> None:
    some = list(refusals())
    assert len(some) >= 15
    for refusal in some:
        sentence = refusal.sentence.fget(refusal.__new__(refusal))  # type: ignore[attr-defined]
        assert sentence == " ".join((refusal.__dict__.get("__doc__") or "").split()), refusal
        assert sentence[:1].isupper(), refusal
        assert sentence[-1:] in (".", "?"), refusal
        assert 3 <= len(sentence.split()) <= 30, refusal
        assert "`" not in sentence, refusal


def test_every_rule_that_can_refuse_says_so() -> None:
    for name in RULES:
        for node in tree(name).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            raised = [one.exc for one in ast.walk(node) if isinstance(one, ast.Raise) and one.exc]
            said = ast.get_docstring(node) or ""
            assert [one for one in raised if ast.unparse(one).split("(")[0] not in said] == [], f"{name}.{node.name}"
