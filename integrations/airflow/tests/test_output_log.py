"""Of what a job writes, the log shows every byte, or says how many it leaves out."""

import random

import pytest

from airflow_provider_agentd.agent.output_log import ENTRY_BYTES, TAIL_BYTES, OutputLog


def shown(data, sizes):
    log, entries, rest = OutputLog(), [], data
    while rest:
        size = next(sizes)
        entries += log.feed(rest[:size])
        rest = rest[size:]
    return [*entries, *log.close()], log


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", ""),
        (b"one\ntwo\n", "one\ntwo"),
        (b"no newline", "no newline"),
        (b"\n\nempty lines\n\n", "\n\nempty lines\n"),
        ("grüße, 日本\n".encode(), "grüße, 日本"),
        (b"not UTF-8: \xff\xfe\n", "not UTF-8: \\xff\\xfe"),
        (b"cut in a character: \xe6\x97", "cut in a character: \\xe6\\x97"),
        (b"progress\rprogress\r\n", "progress\rprogress\r"),
    ],
)
def test_every_byte_is_shown_however_it_comes(data, text):
    for size in (1, 2, 3, 7, 1000):
        entries, _ = shown(data, iter(lambda size=size: size, None))
        assert "\n".join(entries) == text


def test_long_output_comes_in_entries_of_whole_lines():
    chance = random.Random(18)
    data = b"".join(b"%06d %s\n" % (n, b"x" * chance.randrange(200)) for n in range(20_000))
    entries, log = shown(data, iter(lambda: chance.randrange(1, 300_000), None))
    assert "\n".join(entries) + "\n" == data.decode()
    assert max(map(len, entries)) <= ENTRY_BYTES
    assert log.offset == len(data)
    assert log.last_line.startswith("019999 ")


def test_a_line_longer_than_an_entry_says_that_it_goes_on():
    entries, _ = shown(b"y" * (3 * ENTRY_BYTES + 5) + b"\n", iter(lambda: 100_000, None))
    assert [entry.endswith(" [the line goes on]") for entry in entries] == [True, True, True, False]
    assert "".join(entry.removesuffix(" [the line goes on]") for entry in entries) == "y" * (3 * ENTRY_BYTES + 5)


def test_no_character_is_cut_where_a_line_goes_on():
    for start in range(4):
        for character in "éあ🙂":
            text = "y" * start + character * ENTRY_BYTES
            entries, _ = shown(text.encode() + b"\n", iter(lambda: 10_007, None))
            assert "".join(entry.removesuffix(" [the line goes on]") for entry in entries) == text


@pytest.mark.parametrize("limit", [None, 1_000_000])
def test_another_log_goes_on_where_one_stopped(limit):
    data = b"".join(b"line %d\n" % n for n in range(20_000)) + b"z" * 100_000 + b"\nthe end"
    first, entries = OutputLog(limit), []
    for size in (7, 70_000, 100_000, 90_001):
        entries += first.feed(data[first.offset : first.offset + size])
    assert first.shown < first.offset
    assert first.to_show(len(data)) == len(data) - first.offset
    second = OutputLog(limit, first.shown)
    entries += second.feed(data[second.offset :])
    entries += second.close()
    text = "".join(f"{entry}\n" for entry in entries).replace(" [the line goes on]\n", "")
    assert text == data.decode() + "\n"
    assert (second.shown, second.last_line) == (len(data), "the end")


@pytest.mark.parametrize(
    ("limit", "offset", "total", "to_show"),
    [
        (None, 0, 5_000_000, 5_000_000),
        (None, 4_999_000, 5_000_000, 1_000),
        (1_000_000, 0, 900_000, 900_000),
        (1_000_000, 0, 5_000_000, 1_000_000),
        (1_000_000, 900_000, 5_000_000, 100_000),
        (1_000_000, 1_000_000 - TAIL_BYTES, 5_000_000, TAIL_BYTES),
        (1_000_000, 4_990_000, 5_000_000, 10_000),
    ],
)
def test_what_is_to_be_shown_is_counted(limit, offset, total, to_show):
    assert OutputLog(limit, offset).to_show(total) == to_show


def test_what_is_left_out_is_counted():
    limit, total = 1_000_000, 5_000_000
    log = OutputLog(limit)
    while size := log.wanted(total):
        list(log.feed(b"z" * size))
    assert log.offset == limit - TAIL_BYTES
    assert log.surplus(total) == total - limit
    log.offset += total - limit
    assert log.wanted(total, ended=True) > 0
    while size := log.wanted(total, ended=True):
        list(log.feed(b"z" * size))
    assert log.offset == total


def test_what_fits_is_not_cut():
    log = OutputLog(1000)
    list(log.feed(b"z" * log.wanted(1000)))
    assert log.surplus(1000) == 0
    assert log.wanted(1000, ended=True) == 1000 - log.offset
