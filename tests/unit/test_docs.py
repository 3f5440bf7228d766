"""The documents say what is: their commands, options, targets, links, files and tables are held to the code."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from drivers.catalog import catalog, find
from edge.config.file import COMMON, load, settings_from
from provisioning.main import group
from tests import profile_table, sensor_table

ROOT = Path(__file__).resolve().parent.parent.parent
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
PICTURES = ROOT / "docs" / "pictures"
PHOTO_BYTES = 150_000
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\s*(?:sudo )?(?:\S*/)?minshan +(\S.*)")


def named(page: Path) -> str:
    """Return a page as a person names it."""
    return str(page.relative_to(ROOT))


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a language ("" for commands)."""
    return [text for kind, text in FENCE.findall(page.read_text(encoding="utf-8")) if kind == language]


def command_lines(page: Path) -> Iterator[str]:
    """Return every `minshan ...` of a page, in its blocks (joined where a line goes on) and between backticks."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(page, ""):
        yield from (found[1] for line in block.replace("\\\n", " ").splitlines() if (found := COMMAND.search(line)))
    for inline in re.findall(r"`((?:sudo )?(?:\S*/)?minshan [^`]+)`", FENCE.sub("", text)):
        found = COMMAND.search(inline)
        if found:
            yield found[1]


def wrong_words(line: str) -> str | None:
    """Return what is wrong with the words of a `minshan` command line: an unknown command or option."""
    words = shlex.split(line.split("#", maxsplit=1)[0].replace("…", "x"))
    command: click.Command = group()
    context = click.Context(command)
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            below = command.get_command(context, word)
            if below is not None:
                command = below
            elif not any(isinstance(param, click.Argument) for param in command.params):  # remote STATION picture
                return f"no command {word!r} in `minshan {line}`"
        elif word.startswith("--"):
            known = {name for param in [*group().params, *command.params] for name in param.opts} | {"--help"}
            if word.partition("=")[0] not in known:
                return f"no option {word} in `minshan {line}`"
    return None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    """A person who copies a command out of a document is not told that there is none."""
    wrong = [fault for line in command_lines(page) if (fault := wrong_words(line))]
    assert not wrong, "; ".join(wrong)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    """`make X` in a document is a target of the Makefile, and what ARGS hands on is right too."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    code = "\n".join([*blocks(page, ""), *re.findall(r"`([^`\n]+)`", FENCE.sub("", text))])
    named_ones = set(re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", code, re.MULTILINE))
    assert named_ones <= targets, f"no target {', '.join(sorted(named_ones - targets))}"
    for arguments in re.findall(r'make run ARGS="([^"]*)"', code):
        assert wrong_words(f"demo {arguments}") is None


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    """A link between documents leads to a file that is there."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)]
    near = [link for link in links if link and "://" not in link]
    missing = [link for link in near if not (page.parent / link).exists()]
    assert not missing, ", ".join(missing)


def toml_of(first: str) -> list[Any]:
    """Return the TOML blocks of all pages that begin with a table."""
    found = [(page, text) for page in PAGES for text in blocks(page, "toml") if text.startswith(first)]
    return [pytest.param(text, id=f"{named(page)}-{place}") for place, (page, text) in enumerate(found, 1)]


@pytest.mark.parametrize("text", toml_of("[station]"))
def test_an_examples_file_is_a_stations_file(text: str, tmp_path: Path) -> None:
    """A station.toml printed in a document loads as it stands."""
    (tmp_path / "station.toml").write_text(text, encoding="utf-8")
    assert load(tmp_path / "station.toml").station.id


@pytest.mark.parametrize("text", toml_of("[[sensor]]"))
def test_an_examples_sensor_is_one(text: str) -> None:
    """A sensor printed in a document is taken by its driver."""
    for sensor in tomllib.loads(text)["sensor"]:
        own = {key: value for key, value in sensor.items() if key not in COMMON}
        info = find(sensor["driver"])
        assert isinstance(settings_from(info, own), info.settings)


def test_the_two_readmes_name_the_same_commands() -> None:
    """Who reads Chinese is told to do the same as who reads English."""
    english, chinese = ([re.sub(r'"[^"]*"', '""', line) for line in command_lines(page)] for page in READMES)
    assert {re.sub(r"\s*#.*", "", line) for line in english} == {re.sub(r"\s*#.*", "", line) for line in chinese}


CHINESE_PAGES = sorted(page for page in (ROOT / "docs").rglob("*.zh-CN.md"))


def twin_of(page: Path) -> Path:
    """Return the English page of a Chinese one."""
    return page.with_name(page.name.replace(".zh-CN", ""))


def skeleton(page: Path) -> list[str]:
    """Return what a page shares with its translation: headings, items, tables by rows and columns, code, links."""
    found = []
    text = page.read_text(encoding="utf-8")
    for kind, block in FENCE.findall(text):
        found.append(kind if kind == "text" else f"{kind}: " + re.sub(r" *#.*", "", block))  # a screen is translated
    for line in FENCE.sub("", text).splitlines():
        if line.startswith("|"):
            found.append(f"row of {line.count('|')}")
        elif begins := re.match(r"#+ |- ", line):
            found.append(begins[0])
    links = re.findall(r"\]\(([^)]+)\)", FENCE.sub("", text))
    words = set(re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))
    return [*found, *sorted(link.replace(".zh-CN", "") for link in links), *sorted(words)]


def figures(page: Path) -> list[list[str]]:
    """Return the figures of each section and each row of a table, sorted."""
    text = re.sub(r"(?i)pm(2[.p]5|10|1)", "", page.read_text(encoding="utf-8"))  # names, no figures
    parts = re.split(r"^(?:#+ .*|\|.*\|)$", text, flags=re.MULTILINE)
    rows = re.findall(r"^\|.*\|$", text, re.MULTILINE)
    return [sorted(re.findall(r"\d+(?:[.,]\d+)*", part)) for part in (*parts, *rows)]


def test_what_a_technician_needs_is_there_in_chinese() -> None:
    """Each page about sensors, how Minshan measures and the wire contract have their Chinese page."""
    wanted = [page for page in (ROOT / "docs" / "sensors").glob("*.md") if not page.name.endswith(".zh-CN.md")]
    wanted += [ROOT / "docs" / "measuring.md", ROOT / "docs" / "wire-contract" / "README.md"]
    missing = [named(page) for page in wanted if page.with_name(f"{page.stem}.zh-CN.md") not in CHINESE_PAGES]
    assert not missing, ", ".join(missing)


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=named)
def test_a_chinese_page_says_the_same(page: Path) -> None:
    """Headings, items, tables, code, links and every figure of a page are those of its English twin."""
    assert skeleton(page) == skeleton(twin_of(page))
    assert figures(page) == figures(twin_of(page))


@pytest.mark.parametrize("page", [READMES[1], *CHINESE_PAGES], ids=named)
def test_chinese_pages_use_the_fields_words(page: Path) -> None:
    """No word that the glossary rules out stands in a Chinese page."""
    rows = [line.split("|") for line in (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").splitlines()]
    ruled_out = {word.strip() for row in rows if len(row) == 6 for word in row[3].split("，") if word.strip()}
    text = page.read_text(encoding="utf-8")
    found = [word for word in ruled_out - {"not · 不用", "---"} if word in text]
    assert len(ruled_out) > 10
    assert not found, ", ".join(found)


def test_the_first_screen_says_what_it_is() -> None:
    """Both names, a picture of the running table, the two commands and the state of things stand at the top."""
    for page in READMES:
        top = page.read_text(encoding="utf-8")[:4500]
        for word in ("Minshan", "岷山", "docs/pictures/demo", "make run", "make test", "BME280", "0.1.0"):
            assert word in top, f"{page.name}: {word}"


def test_every_driver_has_its_page() -> None:
    """Each driver of ours is explained in docs/sensors/, and its page shows how to set it."""
    for name in catalog():
        page = ROOT / "docs" / "sensors" / f"{name}.md"
        assert page.exists(), f"docs/sensors/{name}.md is missing"
        assert f'driver = "{name}"' in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("language", sensor_table.PAGES)
def test_the_table_of_sensors_is_what_the_drivers_do(language: str) -> None:
    """The tables of docs/sensors/ are what the drivers do on trial; `python -m tests.sensor_table` writes them."""
    page = sensor_table.PAGES[language].read_text(encoding="utf-8")
    assert page == sensor_table.put_in(page, sensor_table.table(language))


@pytest.mark.parametrize("language", profile_table.PAGES)
def test_the_table_of_profiles_is_what_they_say(language: str) -> None:
    """Each built-in profile has its row: what it gives, what nobody has confirmed; `python -m tests.profile_table`."""
    page = profile_table.PAGES[language].read_text(encoding="utf-8")
    assert page.count(profile_table.BEGIN) == 1
    assert page == sensor_table.put_in(page, profile_table.table(language), profile_table.BEGIN)


def test_the_changelog_knows_the_version() -> None:
    """The version that is built has its entry."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_pictures_fetch_nothing_and_are_small() -> None:
    """No picture asks the network for a font or a script, and the photo is small enough for a slow line."""
    for picture in PICTURES.glob("*.svg"):
        text = picture.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        text = re.sub(r"(<text[^>]*>)[^<]*", r"\1", text)  # an address that is shown is not fetched
        assert "://" not in text and "<script" not in text, picture.name
    assert (PICTURES / "orchard.jpg").stat().st_size < PHOTO_BYTES


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the example package of docs/adding-a-sensor.md by pip into a folder of its own. Return the folder."""
    folder = tmp_path_factory.mktemp("leaf-stick")
    page = (ROOT / "docs" / "adding-a-sensor.md").read_text(encoding="utf-8")
    for _, text in FENCE.findall(page):
        found = re.match(r"# (\S+\.(?:py|toml))\n", text)
        if found:
            file = folder / found[1]
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
    (folder / "leaf_stick" / "__init__.py").touch()
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(folder / "installed"), str(folder)], check=True, timeout=100)
    shutil.rmtree(folder / "leaf_stick")  # what is found from here on is what was installed
    return folder


def ran(package: Path, *words: str) -> str:
    """Return what a command prints where the package is installed."""
    env = os.environ | {"PYTHONPATH": f"{package / 'installed'}:{ROOT}", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=package, env=env, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_example_driver_is_found_and_keeps_the_contract(package: Path) -> None:
    """What adding-a-sensor.md builds is found by its entry point, and passes the suite as the page says."""
    assert "leaf-stick  (serial)" in ran(package, "provisioning.main", "sensors")
    assert "✗" not in ran(package, "provisioning.main", "sensors", "test", "leaf-stick")


def test_the_example_packages_own_tests_pass(package: Path) -> None:
    """The tests that adding-a-sensor.md shows are run as they stand there."""
    assert "passed" in ran(package, "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(package), "tests")


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=named)
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    """A newcomer who follows a page to a module finds it; the changelog may name what is gone."""
    there = [f"/{path}" for path in subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()]
    modules = re.findall(r"`([a-z0-9_./-]+\.py)(?:::\w+)?`", FENCE.sub("", page.read_text(encoding="utf-8")))
    assert [module for module in modules if not any(path.endswith(f"/{module}") for path in there)] == []
