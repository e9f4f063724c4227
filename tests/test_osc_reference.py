"""The OSC reference is that of the table, and the guides name addresses that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from perform.content import shaders
from perform.listing import listed
from perform.osc_reference import BEGIN, END, page, whole

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture(scope="module")
def made() -> str:
    return page()


def test_the_reference_is_up_to_date(made: str) -> None:
    text = (DOCS / "osc.md").read_text("utf-8")
    kept = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert kept == made.strip(), "make it anew: python -m perform.osc_reference"
    assert whole(f"before {BEGIN} old {END} after") == f"before {BEGIN}\n{made}\n{END} after"


def test_every_parameter_of_a_show_and_every_shader_is_in_it(made: str) -> None:
    said = set(re.findall(r"`/perform/([^`]+)`", made))
    for row in listed("params"):
        path = re.sub(r"^(macro|route)/\d+", r"\1/N", row["name"])
        path = re.sub(r"^deck/[b-d]/", "deck/a/", path).replace("master/fx/", "deck/a/fx/")
        path = re.sub(r"^deck/a/fx/[^/]+/(bypass|wet|solo)$", r"deck/a/fx/NAME/\1", path)
        assert path in said, row["name"]
    for kind, title in (("generators", "shader:{}"), ("effects", "{}")):
        for name in shaders(kind):
            assert f"`{title.format(name)}`" in made


@pytest.mark.parametrize("guide", ["touchdesigner.md", "resolume.md", "osc.md"])
def test_the_guides_name_addresses_that_there_are(guide: str, made: str) -> None:
    text = (DOCS / guide).read_text("utf-8").partition(BEGIN)[0]
    said = set(re.findall(r"`/perform/([^`]+)`", made))
    for address in re.findall(r"/?perform/([a-z][\w/]*\w)", text):
        path = re.sub(r"(/norm)?(/at/\w+)?$", "", address)
        path = re.sub(r"^deck/[b-d]/", "deck/a/", re.sub(r"^macro/\d", "macro/N", path)).replace(
            "master/fx/", "deck/a/fx/"
        )
        whole_path = path.rpartition("/")[0] if re.search(r"/[rgbaxy]$", path) and path not in said else path
        known = path in said or whole_path in said or any(known.startswith(path + "/") for known in said)
        assert known, f"{guide} names /perform/{address}, which is not there"
