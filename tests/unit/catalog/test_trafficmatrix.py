"""A user's traffic matrix: what it says, and every fault by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from bentpipe.catalog.trafficmatrix import Demand, read_traffic_matrix
from bentpipe.errors import InputError

ENDS = ("kyiv", "lviv", "frankfurt")


def read(tmp_path: Path, text: str) -> tuple[Demand, ...]:
    path = tmp_path / "traffic.csv"
    path.write_text(text, encoding="utf-8")
    return read_traffic_matrix(path, ENDS)


def faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    return [f"{fault.where}: {fault.what} {fault.value} {fault.remedy}" for fault in caught.value.faults]


@pytest.mark.parametrize(
    "text",
    [
        "from,to,mbit_s\nkyiv,lviv,1.5\nlviv,kyiv,0\nKyiv,Frankfurt,20000\n",
        "# comment\n\nSource;Destination;Mbps\nkyiv;lviv;1,5\nlviv;kyiv;0\nkyiv;frankfurt;20000\n",
        "to\tfrom\tmbit_s\tnote\nlviv\tkyiv\t1.5\tbusy\nkyiv\tlviv\t0\t\nfrankfurt\tkyiv\t20000\t\n",
    ],
)
def test_what_it_says(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == (
        Demand("kyiv", "lviv", 1_500_000),
        Demand("lviv", "kyiv", 0),
        Demand("kyiv", "frankfurt", 20_000_000_000),
    )


def test_every_fault_is_told_with_its_line(tmp_path: Path) -> None:
    told = faults(
        tmp_path,
        "from,to,mbit_s\n"  # 1
        "kyiv,odesa,1\n"  # 2
        "kyiv,KYIV,1\n"  # 3
        "kyiv,lviv,1\n"
        "kyiv,lviv,2\n"  # 5
        "lviv,kyiv,many\n"  # 6
        "lviv,frankfurt,-1\n"  # 7
        "frankfurt,lviv,1e10\n"  # 8
        "frankfurt,kyiv,\n"  # 9
        "frankfurt,kyiv\n",  # 10
    )
    for line, words in (
        (2, "no such site, gateway or point of presence odesa"),
        (3, "traffic of an end with itself kyiv"),
        (5, "the pair stands twice in the file kyiv to lviv see line 4"),
        (6, "mbit_s: "),
        (7, "mbit_s: "),
        (8, "mbit_s: "),
        (9, "mbit_s: "),
        (10, "wrong number of columns"),
    ):
        assert any(f"traffic.csv:{line}:" in one and words in one for one in told), (line, told)
    assert len(told) == 8


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("from,to,mbit_s\n", "no traffic in the file"),
        ("", "the file is empty"),
        ("from,mbit_s\nkyiv,1\n", "to"),
        ("from,to,mbit_s,colour\nkyiv,lviv,1,red\n", "colour"),
    ],
)
def test_files_without_sense_are_refused(tmp_path: Path, text: str, words: str) -> None:
    assert any(words in one for one in faults(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"away\.csv"):
        read_traffic_matrix(tmp_path / "away.csv", ENDS)


def test_the_ends_that_may_be_named_are_not_all_listed(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("from,to,mbit_s\nx,site-1,1\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_traffic_matrix(path, [f"site-{i}" for i in range(500)])
    assert len(caught.value.faults[0].allowed) < 400
