"""The README's first steps work as they are written, in a fresh virtual environment with the built wheel."""

import ast
import importlib
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

from .support.load import send
from .support.servers import TESTS, settings
from .support.services import Services, answers, free_port
from .support.wait import until

README = (TESTS.parent / "README.md").read_text()


def blocks(language: str) -> list[str]:
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return found


def test_the_first_steps(services: Services, tmp_path: Path) -> None:
    (wheel,) = (TESTS.parent / "dist").glob("*.whl")
    install, start = blocks("sh")
    folder = tmp_path / "venv"
    venv.create(folder, with_pip=True)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    locked = TESTS.parent / "constraints" / f"{version}.txt"
    # The commands of the README with the wheel in the place of the name.
    env = {**settings(services, "unused"), "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "VIRTUAL_ENV": str(folder)}
    env |= {"PIP_CONSTRAINT": str(locked)} if locked.exists() else {}
    env.pop("PYTHONPATH", None)
    command = install.replace("'monlight[", f"-q --disable-pip-version-check '{wheel}[")
    assert str(wheel) in command
    subprocess.run(["bash", "-ec", command], env=env, cwd=tmp_path, check=True, timeout=180)

    (tmp_path / "app.py").write_text(blocks("python")[0])
    port = free_port()
    server = subprocess.Popen(["bash", "-c", f"exec {start.replace('8000', str(port))}"], env=env, cwd=tmp_path)
    try:
        until("it answers", lambda: server.poll() is not None or answers(f"http://127.0.0.1:{port}/items/1"))
        send(f"http://127.0.0.1:{port}", [("GET", "/items/0"), ("GET", "/items/7"), ("GET", "/items/0")])
    finally:
        server.terminate()
        server.wait(20)

    group = services.group("my-app")
    assert (group["exception_type"], group["count"], group["environment"]) == ("ZeroDivisionError", 2, "production")
    counted = services.requests("my-app")
    assert counted["GET", "/items/{item}", "500"] == 2


def test_what_is_named_in_the_readme_is_there() -> None:
    named: set[tuple[str, str]] = set(re.findall(r"`(monlight(?:\.\w+)*)\.(\w+)\(", README))
    for code in blocks("python"):
        tree = ast.parse(f"async def readme():\n{re.sub(r'^', '    ', code, flags=re.MULTILINE)}")
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        named |= {(str(node.module), alias.name) for node in imports for alias in node.names}
    for calls, module in re.findall(r"((?:`\w+\(\w+\)`(?: and )?)+) from `([\w.]+)`", README):
        named |= {(module, name) for name in re.findall(r"`(\w+)\(", calls)}

    assert {module for module, _ in named} >= {
        "monlight",
        "monlight.testing",
        "monlight.integrations.flask",
        "monlight.integrations.process",
    }
    for module, name in named:
        assert hasattr(importlib.import_module(module), name), f"{module}.{name}"
