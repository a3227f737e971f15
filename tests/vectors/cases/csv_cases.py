"""CSV files, each about one thing. Files are kept as bytes: line endings and the byte order
mark are part of what is tested."""

from collections.abc import Iterator

from oracle.csv_text import read_csv
from oracle.model import Failure, Series

HEAD = "timestamp,open,high,low,close,volume"
STAMPS = ("2024-03-01T00:00:00Z", "2024-03-01T00:01:00Z", "2024-03-01T00:03:00Z")
PRICES = ("1.1,1.3,1.05,1.2,10", "1.2,1.25,1.125,1.15,11.5", "1.15,1.5,1.1,1.4375,12")
S0 = 1709251200


def table(stamps: tuple[str, ...] = STAMPS, head: str = HEAD, end: str = "\n") -> str:
    rows = [f"{stamp},{prices}" for stamp, prices in zip(stamps, PRICES, strict=True)]
    return end.join([head, *rows]) + end


def integers(factor: int, by: int = 0, sign: str = "") -> str:
    return table(tuple(f"{sign}{(S0 + s) * factor + by}" for s in (0, 60, 180)))


def with_cell(cell: str, column: int, line: int = 3) -> str:
    """The plain table with one cell replaced; line 1 is the header."""
    lines = table().splitlines()
    cells = lines[line - 1].split(",")
    cells[column] = cell
    lines[line - 1] = ",".join(cells)
    return "\n".join(lines) + "\n"


def with_line(text: str, line: int) -> str:
    """The plain table with one more line before the given one."""
    lines = table().splitlines()
    lines.insert(line - 1, text)
    return "\n".join(lines) + "\n"


def random_numbers(rows: int) -> str:
    """Decimals of every length and size, so that a shortcut in reading them shows."""
    state = 2024

    def draw(below: int) -> int:
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % below

    def number() -> str:
        digits = "".join(str(draw(10)) for _ in range(1 + draw(28)))
        point = draw(len(digits) + 1)
        text = f"{'-' * (draw(4) == 0)}{digits[:point]}.{digits[point:]}"
        return text + (f"e{draw(560) - 300}" if draw(2) else "")

    lines = [f"{60 * row},{','.join(number() for _ in range(5))}" for row in range(rows)]
    return "\n".join([HEAD, *lines, "1709251200,1,1,1,1,1"]) + "\n"


FILES: dict[str, str] = {
    "plain": table(),
    "crlf": table(end="\r\n"),
    "no_newline_at_end": table().rstrip("\n"),
    "bom": "\ufeff" + table(),
    "bom_crlf_quoted": "\ufeff" + table(head=HEAD.replace("timestamp", '"timestamp"'), end="\r\n"),
    "blank_lines": "\n\n" + table().replace("\n", "\n\n") + "\n",
    "blank_lines_crlf": "\r\n" + table(end="\r\n\r\n") + "\r\n",
    "spaces_and_tabs": table(head=" timestamp ,\topen, high\t,low,close , volume ")
    .replace("1.25", " \t1.25 ")
    .replace(STAMPS[1], f"  {STAMPS[1]}\t"),
    "quoted": table(head='"timestamp","open","high",low,"close",volume')
    .replace("1.125", '"1.125"')
    .replace(STAMPS[2], f'"{STAMPS[2]}"'),
    "quoted_spaces": table().replace("1.125", '" 1.125 "'),
    "header_time": table(head=HEAD.replace("timestamp", "time")),
    "header_datetime": table(head=HEAD.replace("timestamp", "datetime")),
    "header_date": table(head=HEAD.replace("timestamp", "date")),
    "header_utc_time": table(head=HEAD.replace("timestamp", "UTC time")),
    "header_case": table(head="TimeStamp,OPEN,High,lOW,Close,VOLUME"),
    "header_date_case": table(head="Date,Open,High,Low,Close,Volume"),
    "header_index": table(head=HEAD.replace("timestamp", "")),
    "header_index_quoted": table(head=HEAD.replace("timestamp", '""')),
    "header_index_spaces": table(head=HEAD.replace("timestamp", " ")),
    "column_order": "volume,close,low,high,open,time\n"
    + "".join(
        ",".join([*reversed(prices.split(",")), stamp]) + "\n"
        for stamp, prices in zip(STAMPS, PRICES, strict=True)
    ),
    "extra_columns": "symbol,timestamp,open,note,high,low,close,volume,,note\n"
    + 'X,2024-03-01T00:00:00Z,1.1,"a, ""b""\nc",1.3,1.05,1.2,10,,\n'
    + "X,2024-03-01T00:01:00Z,1.2,nan,1.25,1.125,1.15,11.5,,x\n"
    + "X,2024-03-01T00:03:00Z,1.15,\u20ac,1.5,1.1,1.4375,12,1,2\n",
    "no_volume": "\n".join(line.rpartition(",")[0] for line in table().splitlines()) + "\n",
    "volume_missing": HEAD
    + "\n2024-03-01,1.1,1.3,1.05,1.2,\n2024-03-02,1.2,1.25,1.125,1.15,nan\n"
    + "2024-03-03,1.15,1.5,1.1,1.4375, \n2024-03-04,1,1,1,1,0\n",
    "space_stamps": table(("2024-03-01 00:00", "2024-03-01 00:01:00", "2024-03-01 00:03:00.000000")),
    "offset_stamps": table(
        ("2024-03-01T02:00:00+02:00", "2024-02-29 18:31-0530", "2024-03-01T00:03:00.000Z")
    ),
    "dates": table(("2024-03-01", "2024-03-02", "2024-03-04")),
    "old_dates": table(("0001-01-01", "1900-02-28", "1969-12-31")),
    "microseconds": integers(1_000_000),
    "microseconds_odd": integers(1_000_000, 123_457),
    "seconds": integers(1),
    "milliseconds": integers(1000),
    "milliseconds_odd": integers(1000, 7),
    "nanoseconds": integers(1_000_000_000, 5000),
    "nanoseconds_too_fine": integers(1_000_000_000, 5001),
    "signed_integers": integers(1_000_000, sign="+"),
    "integers_from_before_epoch": table(("-60000000", "0", "1709251200000000")),
    "first_of_1971": table(("0", "31535999999999", "31536000000000")),
    "last_of_1970": table(("0", "60000000", "31535999999999")),
    "seconds_negative": table(("-5", "-3", "0")),
    "integer_too_large": table(("1709251200000000", "1709251260000000", "9223372036854775808")),
    "seconds_overflow": table(("1709251200", "1709251260", "9223372036855")),
    "text_after_integer": table(("1709251200000000", "2024-03-01T00:01:00Z", "1709251380000000")),
    "integer_after_text": table((STAMPS[0], "1709251260000000", STAMPS[2])),
    "fractional_integer": table(("1709251200.5", "1709251260.5", "1709251380.5")),
    "stamp_empty_first": with_cell("", 0, 2),
    "stamp_empty": with_cell("", 0, 3),
    "stamp_bad": with_cell("2024-02-30", 0, 4),
    "stamp_too_fine": with_cell("2024-03-01T00:01:00.1234567", 0, 3),
    "order_repeated": integers(1_000_000).replace("1709251260", "1709251200"),
    "order_backwards": integers(1_000_000).replace("1709251380", "1709251259"),
    "order_backwards_text": table((STAMPS[1], STAMPS[0], STAMPS[2])),
    "empty_file": "",
    "only_blank_lines": "\n\r\n\n",
    "only_bom": "\ufeff",
    "header_only": HEAD + "\n",
    "header_only_no_newline": HEAD,
    "header_only_no_volume": "timestamp,open,high,low,close\n\n",
    "missing_close": table(head=HEAD.replace("close", "settle")),
    "missing_time": table(head=HEAD.replace("timestamp", "when")),
    "index_not_first": "\n".join(f"x,{line}" for line in table(head=HEAD[9:]).splitlines()) + "\n",
    "twice_close": table(head=HEAD.replace("volume", "close")),
    "twice_volume": table(head=HEAD + ",volume").replace("10\n", "10,10\n"),
    "twice_time": table(head=HEAD.replace("volume", "datetime")),
    "index_and_timestamp": table(head="," + HEAD).replace("2024", "0,2024"),
    "date_and_time": "date,time,open,high,low,close\n2024-03-01,00:00,1,1,1,1\n",
    "short_row": with_line("2024-03-01T00:00:30Z,1,1,1,1", 3),
    "long_row": with_line("2024-03-01T00:00:30Z,1,1,1,1,1,", 3),
    "white_line": with_line("  ", 3),
    "bad_after_blank_lines": "\n" + table().replace("\n", "\n\n").replace("1.25", "1.2.5"),
    "bad_after_quoted_newline": 'note,timestamp,open,high,low,close\n"one\ntwo\nthree",'
    + "2024-03-01,1,1,1,1\nx,2024-03-02,1,bad,1,1\n",
    "bad_crlf": table(end="\r\n").replace("1.4375", "1,4375"),
    # A quote inside an unquoted name is text: the header ends where its line does.
    "quote_in_header": 'time,open,high,low,close,5"\n2020-01-01,1,1,1,1,6"\n'
    + "2020-01-02,2,2,2,2,7\n2020-01-03,3,3,3,3,8\n",
    "newline_in_header": 'time,open,high,low,close,"a ""b""\nc"\n'
    + "2020-01-01,1,1,1,1,6\n2020-01-02,2,2,2,x,7\n",
    "quote_never_closed_in_header": 'time,open,high,low,close,"a\n2020-01-01,1,1,1,1,6\n',
    "quote_never_closed": "timestamp,open,high,low,close,note\n2024-03-01,1,1,1,1,a\n"
    + '2024-03-02,1,1,1,1,"b\n2024-03-03,1,1,1,1,c\n',
    "number_forms": "timestamp,open,high,low,close,volume\n"
    + "2024-03-01,+1.,.5,-.25,1e0,1E+2\n2024-03-02,007,1e-2,-1.5E1,00.10,0e99999\n"
    + "2024-03-03,-0,-0.0,+0,0.,-0e5\n",
    "number_rounding": "timestamp,open,high,low,close,volume\n"
    + "2024-03-01,9007199254740993,9007199254740993.0000000000000000001,5e-324,"
    + "2.4703282292062328e-324,2.4703282292062327e-324\n"
    + "2024-03-02,1.7976931348623157e308,1.7976931348623158e308,2.2250738585072011e-308,"
    + "0.1000000000000000055511151231257827021181583404541015625,1e-400\n"
    + "2024-03-03,123456789012345678901234567890,1.00000000000000011102230246251565,"
    + "1.000000000000000111022302462515654042363166809082031251,8.41e21,"
    + "0.000000000000000000000000000000000000000000000000000000000000000000000001\n",
    "number_random": random_numbers(60),
    "price_overflow": with_cell("1e999", 2),
    "price_rounds_to_inf": with_cell("1.7976931348623159e308", 2),
    "price_inf": with_cell("-Infinity", 4),
    "volume_inf": with_cell("inf", 5),
    "price_missing": with_cell("", 3),
    "price_nan": with_cell("NaN", 1),
    "price_minus_nan": with_cell("-nan", 1),
    "price_inf_missing": with_cell("inf", 1).replace("1.5,1.1", ",1.1"),
    "crlf_cut": table(end="\r\n").removesuffix("\n"),
    "crlf_cut_quoted": table(end="\r\n").removesuffix("\r\n").rpartition(",")[0] + ',"7"\r',
    "crlf_cut_empty_line": table(end="\r\n") + "\r",
    "crlf_cut_header": HEAD + "\r",
    "cr_inside_is_text": table().replace("\n", "\r", 2),
}
BAD_NUMBERS = {
    "hex": "0x1p0",
    "hex_integer": "0x10",
    "underscore": "1_000",
    "comma": '"1,5"',
    "word": "abc",
    "null": "null",
    "na": "N/A",
    "dot": ".",
    "sign": "-",
    "two_signs": "--1",
    "no_exponent": "1e",
    "exponent_alone": "e5",
    "exponent_sign": "1e+",
    "exponent_fraction": "1e1.5",
    "trailing": "1.5x",
    "inner_space": "1 5",
    "inner_space_sign": "- 1",
    "suffix_f": "1.5f",
    "suffix_d": "1.5d0",
    "true": "true",
    "infinit": "infinit",
    "nan_payload": "nan(1)",
    "percent": "5%",
    "currency": "$5",
    "arabic": "\u0661",
}
OPTIONS: dict[str, tuple[dict[str, object], ...]] = {
    "seconds": ({}, {"unit": "s"}, {"unit": "ms"}),
    "milliseconds": ({}, {"unit": "ms"}, {"unit": "s"}),
    "milliseconds_odd": ({"unit": "ms"},),
    "microseconds": ({}, {"unit": "us"}),
    "number_random": ({"unit": "s"},),
    "nanoseconds": ({"unit": "ns"},),
    "nanoseconds_too_fine": ({"unit": "ns"},),
    "seconds_overflow": ({"unit": "s"},),
    "seconds_negative": ({}, {"unit": "s"}),
    "plain": ({}, {"unit": "s"}, {"check": "full"}, {"check": "order"}, {"check": "none"}),
    "order_backwards": ({}, {"check": "order"}),
    "price_missing": ({}, {"allow_missing": True}, {"allow_missing": False}, {"check": "order"}),
    "price_nan": ({}, {"allow_missing": True}, {"check": "none"}),
    "price_minus_nan": ({}, {"allow_missing": True}),
    "price_inf": ({}, {"allow_missing": True}, {"check": "order"}),
    "price_overflow": ({}, {"allow_missing": True}),
    "price_inf_missing": ({"allow_missing": True},),
}


def files() -> dict[str, bytes]:
    bad = {f"number_{name}": with_cell(text, 2) for name, text in BAD_NUMBERS.items()}
    bad["volume_word"] = with_cell("many", 5)
    return {name: text.encode("utf-8") for name, text in {**FILES, **bad}.items()}


def outcomes() -> Iterator[tuple[str, str, str, Series | Failure]]:
    """(case, file, args, what reading it gives)."""
    for name, data in files().items():
        for options in OPTIONS.get(name, ({},)):
            shown = {k: str(v).lower() if isinstance(v, bool) else v for k, v in options.items()}
            args = " ".join(f"{key}={value}" for key, value in shown.items()) or "-"
            case = "+".join([name, *(f"{key}={value}" for key, value in shown.items())])
            try:
                yield case, f"{name}.csv", args, read_csv(data, **options)  # type: ignore[arg-type]
            except Failure as failure:
                yield case, f"{name}.csv", args, failure
