"""Inputs that once took minutes, gigabytes or an internal error: exit code, seconds and result.

    python -m benchmarks.outside_inputs [--simulator PATH/problem.py] [--seconds S] [NAME ...]

Makes every input in a folder of its own, gives it to the command line as a user would, and prints
a Markdown table. A kernel that is accepted goes through `vliwc check`, which compares its answers
with those of the reference interpreter (and of the original simulator, if one is named). The exit
code is 1 if an input does not end as it should: with the right exit code, in so many seconds of
processor time (user and system), with one clear line, and all files that it reads as they were.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
Contents = str | bytes
SIMULATOR = "SIMULATOR"
"""Stands for ``--simulator`` and its path in a command, or for nothing."""


@dataclass(frozen=True)
class Input:
    """Files, a command that reads them, and the exit code it should end with."""

    name: str
    command: Sequence[str]
    exit: int = 0
    files: dict[str, Contents] = field(default_factory=dict[str, "Contents"])
    prepare: Sequence[str] = ()
    """A command that runs before, and is not measured."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: the exit code, seconds of processor time, megabytes, its last line."""

    exit: int
    seconds: float
    megabytes: int
    line: str
    intact: bool


def lanes(body: str, arrays: str = "x: u32[n] in at 0; y: u32[n] out at n;") -> str:
    """A kernel with `body` in its parallel loop."""
    return f"kernel k(n) {{ memory {{ {arrays} }} parallel for i in 0 .. n {{ {body} }} }}\n"


def terms(count: int) -> str:
    """A flat sum."""
    return lanes(f"y[i] = {' + '.join(f'(x[i] >> {k % 32})' for k in range(count))};")


def backwards(step: str) -> str:
    """A scalar that reads a table forwards and backwards: more words than scratch has room for."""
    return f"""kernel k(m) {{
  memory {{ t: u32[m] in at 0; y: u32[1] out at m; }}
  var s = 1;
  for r in 0 .. m {{ {step} }}
  for r in 0 .. m {{ s = (s ^ t[m - 1 - r]) * 5; }}
  y[0] = s;
}}
"""


SHIFTS = lanes(
    "let v = x[i]; let c = x[n + i]; "
    + " ".join(
        f"y[{at} * n + i] = {word};"
        for at, word in enumerate(
            (
                *("v << 32", "v >> 32", "v << c", "v >> c", "v << 4294967295", "(v << 20) << 20"),
                *("(v >> 31) >> 1", "1 << (c % 40)", "v >> (c % 64)", "rotl(v, 33)", "rotr(v, c)"),
            )
        )
    ),
    "x: u32[2 * n] in at 0; y: u32[11 * n] out at 2 * n;",
)
MODULI = lanes(
    "let v = x[i]; y[i] = (-v) % 8; y[n + i] = (0 - 1) % 2 ** 32 % 7 + v; "
    "y[2 * n + i] = (v - 1) % 16; y[3 * n + i] = (-7 % 4) + v; "
    "y[4 * n + i] = -v / 4; y[5 * n + i] = (v * 8 - 4) % 8;",
    "x: u32[n] in at 0; y: u32[6 * n] out at n;",
)
REDUCTIONS = """kernel k(n, k) {
  memory { x: u32[n] in at 1; r: u32[k * 4 + 1] out at 1 + n; }
  var acc = 0;
  for j in 0 .. k {
    parallel for i in j .. n - j reduce sum a, min b, max c, xor d {
      for q in 0 .. j { reduce x[i] + q into a; reduce rotl(x[i], q) into b; }
      reduce (if x[i] % 3 == 0 then x[i] else 0) into c;
      reduce x[i] - acc into d;
    }
    acc = acc + a + b + c + d;
    r[4 * j] = a; r[4 * j + 1] = b; r[4 * j + 2] = c; r[4 * j + 3] = d;
  }
  r[4 * k] = acc;
}
"""
INCREMENT = lanes("y[i] = x[i] + 1;")
IN_PLACE = lanes("x[i] = x[i] + 1;", "x: u32[n] inout at 0;")
INDICES = (
    "kernel k(n) { memory { y: u32[1] out at 0; } "
    "parallel for i in 0 .. n reduce sum s { reduce i into s; } y[0] = s; }\n"
)
EMPTY = (
    "kernel k(n) { memory { x: u32[n] inout at 0; } var t = 1; "
    "for r in 0 .. 5000000 { let q = r * 2; } parallel for i in 0 .. n { x[i] = t; } }\n"
)
NESTED = (
    "kernel k(n) { memory { x: u32[n] inout at 0; } var t = 0; "
    + "".join(f"for r{k} in 0 .. 2 {{ " for k in range(30))
    + "t = t + 1; "
    + "} " * 30
    + "parallel for i in 0 .. n { x[i] = t; } }\n"
)
EITHER = lanes("assume x[i] < 16 || x[i] >= 0x80000000; y[i] = x[i] / 3;")
EITHER_OF_TWO = lanes(
    "assume x[i] < 2 || y[i] > 3; z[i] = if x[i] < 2 then 7 else 9;",
    "x: u32[n] in at 0; y: u32[n] in at n; z: u32[n] out at 2 * n;",
)
LOOP = json.dumps([{"flow": [["jump", 0]]}])
DEEP = "[" * 20_000 + "]" * 20_000
DIGITS = "9" * 6000
LONG_TASKS = "20 1\n2\n" + "".join(
    f"{1_000_000 if 0 < task < 19 else 0} 1 {f'1 {task + 2}' if task < 19 else 0}\n"
    for task in range(20)
)
"""A project in Patterson's form: tasks one after the other, each with its duration, what it uses of
the only resource, and how many follow."""


def kernel(name: str, text: Contents, *sizes: str, command: str = "check", **more: object) -> Input:
    """A kernel, bound to sizes."""
    options = [word for size in sizes for word in (("-D", size) if "=" in size else (size,))]
    cases = ["--cases", "3", SIMULATOR] if command == "check" else []
    code = more.get("exit", 0)
    assert isinstance(code, int)
    return Input(name, [command, "k.vk", *options, *cases], code, {"k.vk": text})


def refused(name: str, text: Contents, *sizes: str, command: str = "compile") -> Input:
    """A kernel that is refused."""
    return kernel(name, text, *sizes, command=command, exit=2)


def given(name: str, command: str, **files: Contents) -> Input:
    """A command that refuses its files, given as ``name_suffix``; there is always a kernel k.vk."""
    named = {key.replace("_", "."): value for key, value in files.items()}
    return Input(name, command.split(), 2, {"k.vk": IN_PLACE, "i.json": "[0, 0]", **named})


INPUTS = (
    *(kernel(f"counts of 32 and more, -O{o}", SHIFTS, "n=13", f"-O{o}") for o in (0, 1, 2)),
    *(
        kernel(f"`<< 4294967295`, -O{o}", lanes("y[i] = x[i] << 4294967295;"), "n=8", f"-O{o}")
        for o in (0, 2)
    ),
    *(
        kernel(f"a table forwards and backwards, {o}", backwards("s = (s + t[r]) * 3;"), "m=195", o)
        for o in ("-O1", "-O2")
    ),
    *(
        kernel(f"a sequence and back, {o}", backwards("s = s * 3 + t[r];"), "m=195", o)
        for o in ("-O1", "-O2")
    ),
    *(kernel(f"moduli of negative words, {o}", MODULI, "n=13", o) for o in ("-O1", "-O2")),
    *(
        kernel(f"reductions in reductions, {o}", REDUCTIONS, "n=17", "k=3", o)
        for o in ("-O1", "-O2")
    ),
    kernel("2^31 lanes", INCREMENT, "n=2147483648", command="compile"),
    refused("2^31 lanes, checked", INCREMENT, "n=2147483648", command="check"),
    kernel("a sum of 10^9 indices", INDICES, "n=1000000000", command="compile"),
    refused("a sum of 10^9 indices, checked", INDICES, "n=1000000000", command="check"),
    kernel("5 million empty trips", EMPTY, "n=16"),
    refused("30 loops in each other", NESTED, "n=16"),
    given(
        "10^9 words of scratch",
        "compile k.vk -D n=8 --machine m.toml",
        m_toml="scratch_words = 1000000000\n",
    ),
    given("10^11 seeds", "compare k.vk -D n=8 --seed 0:99999999999"),
    Input("a project of tasks of 10^6 cycles", ["schedule", "p.rcp"], 2, {"p.rcp": LONG_TASKS}),
    kernel("a sum of 100 terms, n=16", terms(100), "n=16"),
    kernel("a sum of 100 terms, n=128", terms(100), "n=128"),
    kernel("a sum of 5000 terms", terms(5000), "n=8", command="compile"),
    kernel("a sum of 12 500 terms", terms(12_500), "n=8", command="compile"),
    refused(
        "10 000 conditionals", lanes(f"y[i] = {'if x[i] == 1 then 1 else ' * 10_000} 2;"), "n=8"
    ),
    refused("10 000 parentheses", lanes(f"y[i] = {'(' * 10_000}x[i]{')' * 10_000};"), "n=8"),
    kernel("a disjunction assumed", EITHER, "n=16"),
    kernel("a disjunction of two words assumed", EITHER_OF_TWO, "n=16"),
    kernel("a mark before the text", "\ufeff" + IN_PLACE, "n=8"),
    given("seed 2^31", "compile k.vk -D n=8 --seed 2147483648"),
    *(
        given(f"deep JSON, `{command}`", f"{command} p.json", p_json=DEEP)
        for command in ("run --memory i.json", "export", "disasm", "schedule")
    ),
    given("deep JSON, image", "run p.json --memory d.json", p_json=LOOP, d_json=DEEP),
    given("deep JSON, `--hint`", "compile k.vk -D n=8 -O3 --hint p.json", p_json=DEEP),
    given("deep JSON, `.meta`", "asm p.s", p_s=f'.meta {{"a": {DEEP}}}\n{{ alu }}\n'),
    given(
        "deep JSON, key",
        "disasm p.json",
        p_json=f'[{{"alu": []}}, {{"debug": [["compare", 1, {DEEP}]]}}]',
    ),
    given("6000 digits, assembly", "asm p.s", p_s=f"{{ load const r3, {DIGITS} }}\n"),
    given("6000 digits, TOML", "compile k.vk -D n=8 --machine m.toml", m_toml=f"vlen = {DIGITS}\n"),
    given(
        "3 000 000 000 slots",
        "compile k.vk -D n=8 --machine m.toml",
        m_toml="[slots]\nalu = 3000000000\n",
    ),
    given(
        "10^12 words, program",
        "run p.json --memory i.json",
        p_json=json.dumps(
            {
                "format": "vliwc-program",
                "version": 1,
                "machine": {"scratch_words": 10**12},
                "bundles": [],
                "meta": {},
            }
        ),
    ),
    given("the output is the kernel", "compile k.vk -D n=8 -o k.vk"),
    given("a store of one byte", "compare k.vk -D n=8 --store a.txt", a_txt=b"x"),
    given("a store of 100 bytes", "compare k.vk -D n=8 --store a.txt", a_txt=b"my notes " * 11),
    given("`jump 0` without a limit", "run p.json --memory i.json", p_json=LOOP),
    given(
        "a simulator that exits", "check k.vk -D n=8 --simulator s.py", s_py="raise SystemExit\n"
    ),
    given("5000 digits, `-D`", f"compile k.vk -D n={'9' * 5000}"),
    Input(
        "a hint of another kernel",
        ["compile", "k.vk", *"-D n=8 -O3 --budget 2 --hint p.json".split()],
        2,
        {"k.vk": IN_PLACE, "o.vk": INCREMENT},
        ["compile", "o.vk", *"-D n=8 -O3 --budget 2 -o p.json".split()],
    ),
    given("an .rcp file that ends early", "schedule a.rcp", a_rcp="4 1\n2\n1"),
    Input(
        "a plug-in with the name of a scheduler",
        ["compile", "k.vk", "-D", "n=8", "--scheduler", "list"],
        0,
        {
            "k.vk": IN_PLACE,
            "intruder-1.0.dist-info/METADATA": "Name: intruder\nVersion: 1.0\n",
            "intruder-1.0.dist-info/entry_points.txt": "[vliwc.schedulers]\nlist = intruder:S\n",
            "intruder.py": "raise SystemExit('loaded')\n",
        },
    ),
)


def ended(each: Input, folder: Path, simulator: Path | None) -> Ended:
    """Make the files of an input and run its command."""
    for name, contents in each.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    environment = {**os.environ, "VLIWC_CACHE": "0", "PYTHONPATH": f"{REPOSITORY}:{folder}"}
    # Or each run would compile the compiler's own modules first.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    program = [sys.executable, "-m", "vliwc.cli"]
    if each.prepare:
        subprocess.run(
            [*program, *each.prepare],
            cwd=folder,
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
    command: list[str] = []
    for word in each.command:
        named = ["--simulator", str(simulator)] if simulator is not None else []
        command += named if word == SIMULATOR else [word]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [*program, *command],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    lines = [line for line in text.splitlines() if line.strip()]
    shown = next((line for line in lines if "error" in line or "cycles" in line), "")
    return Ended(
        exit=process.returncode,
        seconds=usage.ru_utime + usage.ru_stime,
        megabytes=usage.ru_maxrss // 1024,
        line=shown.strip(),
        intact="Traceback" not in text
        and all(path.read_bytes() == old for path, old in before.items()),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 if something did not end as it should."""
    parser = argparse.ArgumentParser(description="Inputs that once failed the user.")
    parser.add_argument(
        "names", nargs="*", help="only inputs with one of these texts in their name"
    )
    parser.add_argument("--simulator", type=Path, help="the original's problem.py")
    parser.add_argument("--seconds", type=float, default=2.0, help="processor time of each input")
    options = parser.parse_args(arguments)
    wrong: list[str] = []
    print("| input | command | exit code | seconds | MB | result |")
    print("| --- | --- | ---: | ---: | ---: | --- |")
    for each in INPUTS:
        if options.names and not any(name in each.name for name in options.names):
            continue
        with tempfile.TemporaryDirectory() as name:
            found = ended(each, Path(name), options.simulator)
        good = found.exit == each.exit and found.seconds <= options.seconds and found.intact
        if not good:
            wrong.append(each.name)
        cells = (
            each.name,
            f"`{shown(each.command)}`",
            f"{found.exit}",
            f"{found.seconds:.1f}",
            f"{found.megabytes}",
            cut(found.line),
        )
        print(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |", flush=True)
    print(f"\nnot as they should: {', '.join(wrong) or 'none'}")
    return 1 if wrong else 0


def shown(command: Sequence[str]) -> str:
    """A command as it is typed."""
    return " ".join(cut(word, 24) for word in command if word != SIMULATOR)


def cut(text: str, most: int = 100) -> str:
    """A text that fits into a cell."""
    return text if len(text) <= most else text[: most - 1] + "…"


if __name__ == "__main__":
    sys.exit(main())
