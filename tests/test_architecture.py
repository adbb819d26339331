"""The house's plan, held against the code: imports point one way, rooms are small, each says what it is for."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "daemon"

#: Rooms from the ground up; a module may import from its own layer (without circles) and from those below it.
#: A room has a layer to itself, so that no two rooms can import from each other.
LAYERS = (
    {"errors", "__init__"},
    {"sandbox"},
    {"clock", "cores", "events", "names", "retry", "signs", "states"},
    {"pace"},
    {"media"},
    {"config"},
    {"files", "source"},
    {"money"},
    {"atlas"},
    {"catalogue"},
    {"inbox"},
    {"results"},
    {"table"},
    {"stages"},
    {"gates"},
    {"people"},
    {"notify"},
    {"check"},
    {"work"},
    {"web"},
    {"service"},
    {"reports"},
    {"setup"},
    {"cli"},
    {"__main__"},
)


def _modules() -> dict[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


def _imports(path: Path) -> set[str]:
    """Every module of ours that `path` imports, wherever in the file, for types or not."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {
                f"{node.module}.{alias.name}" if f"{node.module}.{alias.name}" in MODULES else node.module
                for alias in node.names
            }
    return {name for name in found if name in MODULES}


def _layer(module: str) -> int:
    room = [*module.split("."), "__init__"][1]
    return next(number for number, rooms in enumerate(LAYERS) if room in rooms)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module: str) -> None:
    up = [other for other in _imports(MODULES[module]) if other != "daemon" and _layer(other) > _layer(module)]
    assert not up, f"{module} imports from above: {up}"


def test_there_are_no_circles() -> None:
    graph = {name: _imports(path) - {name, "daemon"} for name, path in MODULES.items()}
    while leaves := [name for name, uses in graph.items() if not uses & graph.keys()]:
        for name in leaves:
            del graph[name]
    assert not graph, f"these import each other in a circle: {sorted(graph)}"


@pytest.mark.parametrize("module", MODULES)
def test_rooms_are_small_and_say_what_they_are_for(module: str) -> None:
    text = MODULES[module].read_text()
    assert len(text.splitlines()) <= 300, f"{module} is too long: divide it"
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, f"{module} does not say what it is for"
    assert docstring.splitlines()[0].endswith((".", ":", "!", "`")), f"{module}: its first line is no sentence"
