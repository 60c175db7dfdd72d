"""No number in the frame loop is larger than a 32-bit board's: neither this PC nor the Unix MicroPython would notice.

On a board, bytecode handles ints from -2^30 to 2^30 - 1 without allocating, and viper's are 32 bit and wrap. So the
node's modules are loaded here a second time with a check around every value that they compute: a larger one, or a
float, is an error with its line. Then the node's tests are run on them, and the extremes of the real plans. The kernel
that means to wrap is made to wrap as it does on a board.
"""

from __future__ import annotations

import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import re
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pacerail.compile import compile_tables
from pacerail.model.planfile import load_plan
from pacerail.model.rail import even_rail
from pacerail.resources import folder

HERE = Path(__file__).parent
FIRMWARE = folder("firmware")
CHECKED = (
    "kernels", "clock", "ticks", "render", "node", "commands", "amend", "log", "wire", "gunpin", "shows",
    "shows_kernel",
)  # fmt: skip
WRAPPING = ("crc32",)  # viper functions that use all 32 bits
# at import, or with a key only (the signature allocates anyway), or for the host
FREE = ("_crc_table", "checksum", "hmac_sha256", "_genuine", "_identify")
TESTS = (
    "test_node_kernels", "test_node_clock", "test_node_states", "test_node_lights", "test_node_gun", "test_node_shows",
    "test_node_amend",
)  # fmt: skip


class TooLarge(AssertionError):
    """A value that a board would not hold, or only on the heap."""


def small(value: Any, line: int) -> Any:
    """A value that bytecode computed."""
    if (type(value) is int and not -(1 << 30) <= value < 1 << 30) or isinstance(value, float):
        raise TooLarge(f"line {line}: {value}")
    return value


def word(value: Any, line: int) -> Any:
    """A value that viper computed."""
    if (type(value) is int and not -(1 << 31) <= value < 1 << 31) or isinstance(value, float):
        raise TooLarge(f"line {line}: {value}")
    return value


def wrapped(value: Any, line: int) -> Any:
    """A value that viper computed where it means to wrap."""
    return (value + (1 << 31)) % (1 << 32) - (1 << 31) if type(value) is int else value


CHECKS: dict[str, Callable[[Any, int], Any]] = {"_small": small, "_word": word, "_wrapped": wrapped}


class Checker(ast.NodeTransformer):
    """Puts a check around every operation, item and call inside of functions."""

    def __init__(self) -> None:
        self.check = ""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name in FREE:
            return node
        outer = self.check
        viper = any(isinstance(d, ast.Attribute) and d.attr == "viper" for d in node.decorator_list)
        self.check = ("_wrapped" if node.name in WRAPPING else "_word") if viper else "_small"
        node.body = [self.visit(statement) for statement in node.body]
        self.check = outer
        return node

    def _around(self, node: ast.expr) -> ast.expr:
        if not self.check:
            return node
        name = ast.Name(self.check, ast.Load())
        return ast.copy_location(ast.Call(name, [node, ast.Constant(node.lineno)], []), node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        return self._around(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        return self._around(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return self._around(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return self._around(node) if type(node.value) in (int, float) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        return self._around(node) if isinstance(node.ctx, ast.Load) else node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        for part in ast.walk(target):
            ast.copy_location(part, node)
        whole = ast.copy_location(ast.BinOp(target, node.op, node.value), node)
        return self.visit(ast.copy_location(ast.Assign([node.target], whole), node))


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module of the node with its checks in it."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        tree = ast.parse(self.get_data(path))
        if fullname.rpartition(".")[2] in CHECKED:
            tree = ast.fix_missing_locations(Checker().visit(tree))
        return compile(tree, path, "exec")

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(CHECKS)
        super().exec_module(module)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the node's modules for `Loader`."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if fullname.split(".")[0] != "pacerail_node":
            return None
        place = FIRMWARE / Path(*fullname.split("."))
        if place.is_dir():
            return importlib.util.spec_from_file_location(
                fullname, place / "__init__.py", loader=Loader(fullname, str(place / "__init__.py")),
                submodule_search_locations=[str(place)],
            )  # fmt: skip
        file = place.with_suffix(".py")
        return importlib.util.spec_from_file_location(fullname, file, loader=Loader(fullname, str(file)))


@pytest.fixture(scope="module")
def checked() -> Iterator[Callable[[str], ModuleType]]:
    """Imports modules on top of the checked firmware, beside the ones that are loaded already."""
    mine: dict[str, ModuleType] = {}

    def ours(name: str) -> bool:
        return name.split(".")[0] in ("pacerail_node", "node_fakes", *TESTS)

    def load(name: str) -> ModuleType:
        others = {key: sys.modules.pop(key) for key in list(sys.modules) if ours(key)}
        sys.modules.update(mine)
        sys.meta_path.insert(0, finder)
        try:
            return importlib.import_module(name)
        finally:
            sys.meta_path.remove(finder)
            mine.update({key: sys.modules.pop(key) for key in list(sys.modules) if ours(key)})
            sys.modules.update(others)

    finder = Finder()
    yield load


def names_of(module: str) -> list[str]:
    return re.findall(r"^def (test_\w+)\(\)", (HERE / f"{module}.py").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("module", "name"), [(module, name) for module in TESTS for name in names_of(module)])
def test_on_small_ints(module: str, name: str, checked: Callable[[str], ModuleType]) -> None:
    getattr(checked(module), name)()


def test_every_plan_is_drawn_with_small_ints(checked: Callable[[str], ModuleType]) -> None:
    """The first and the last board of the rail, from before the gun until 10,000 s after it, as the host draws them."""
    pacetable, render = checked("pacerail_node.pacetable"), checked("pacerail_node.render")
    plain = importlib.import_module("pacerail_node.render")
    rail = even_rail()
    lit = 0
    for path in sorted(folder("plans").glob("*.toml")):
        plan = load_plan(path, rail.track)
        tables = compile_tables(plan, rail)
        end = round(plan.end_s * 100_000)
        for blob in (tables[0], tables[-1]):
            table = pacetable.PaceTable(blob)
            here, there = render.Renderer(table), plain.Renderer(table)
            mine, its = bytearray(3 * table.pixels), bytearray(3 * table.pixels)
            times = [-50_000_000, -1, 0, 1, *range(0, end, end // 97 + 1), end - 1, end, end + 1, 999_999_999, 10**9]
            for race_10us in times:
                touched = here.draw(mine, race_10us)
                assert touched == there.draw(its, race_10us) and mine == its
                assert 0 <= here.quiet_ms(race_10us) <= render.NEVER_MS
                lit += touched > 0
    assert lit > 100


@pytest.mark.parametrize("fleet_s", [20_000, (1 << 30) - 20_000], ids=["soon after the host's start", "34 years after"])
def test_ten_thousand_metres_on_a_board_with_small_ints(fleet_s: int, checked: Callable[[str], ModuleType]) -> None:
    """Armed for three hours, then 27 minutes: wraps, holdover, crystals 80 ppm off, slews to and fro, a moved gun."""
    fakes, m = checked("node_fakes"), checked("pacerail_node.messages")
    rail = even_rail()
    plan = load_plan("10000m-27-00", rail.track)
    blob = compile_tables(plan, rail)[3]
    board = fakes.Board(pixels=150, start=(1 << 30) - 60_000_000)
    rate = 86_000  # 80 ppm
    begun = board.now

    def fleet_us(tick: int | None = None) -> int:
        gone = (board.now if tick is None else tick) - begun
        return fleet_s * 1_000_000 + gone + gone * rate // (1 << 30)

    def run_to(now: int, stride_us: int) -> None:
        while board.now < now:
            board.run(1)
            board.now = min(now, board.now + stride_us)
        board.run(1)

    board.line(fleet_us(), rate)
    assert board.upload(blob, 240)[0] == m.TABLE_END | m.REPLY
    board.done(m.ARM, bytes.fromhex(plan.hash))
    run_to(begun + 3 * 3600 * 1_000_000, 470_000_000)
    gun_us = fleet_us() + 2_000_000
    board.go(gun_us)
    gun = board.now + 2_000_000
    lit = 0
    for second in range(0, 1621, 45):
        run_to(gun + second * 1_000_000, 20_000_000)
        if second % 2:
            board.line(fleet_us() + (400, -700)[second % 4 // 2], rate + second)
            board.done(m.STATUS)
        board.done(m.SYNC)
        frames = board.run(260_000)
        for start, race_10us, _ in frames:
            seen_us = fleet_us(start + board.strip.wire_us) - gun_us
            assert abs(race_10us * 10 - seen_us) < 1500  # what the lines are made to differ by, and some slewing
        lit += any(any(frame[2]) for frame in frames)
    assert lit > 0
    board.go(gun_us - 300_000)
    run_to(gun + 1_700_000_000, 10_000_000)
    assert board.node.state == m.FINISHED
    board.done(m.LOG, struct.pack("<I", 0))


def test_the_check_sees_what_is_too_large() -> None:
    """Numbers, products, items and what functions return; in viper only what 32 bits do not hold."""
    source = """
def bytecode(a, b): return (a * b) - a * b
def viper_function(a, b): return (a * b) - a * b
def item(a): return a[0] > 0
def called(a): return max(a, 0) > 0
def grows(a):
    a += a
    return a > 0
def halved(a): return a / 2 > 0
def crc32(a): return a << 8
"""
    source = source.replace("def viper_f", "@micropython.viper\ndef viper_f")
    source = source.replace("def crc32", "@micropython.viper\ndef crc32")
    names: dict[str, Any] = dict(CHECKS)
    names["micropython"] = importlib.import_module("pacerail_node.plain").micropython
    tree = ast.fix_missing_locations(Checker().visit(ast.parse(source)))
    exec(compile(tree, "source", "exec"), names)
    big = 1 << 15
    assert names["bytecode"](big, big - 1) == 0
    assert names["viper_function"](big, 2 * big - 1) == 0
    assert names["item"]([5]) and names["called"](5) and names["grows"](5)
    assert names["crc32"](1 << 23) == -(1 << 31) and names["crc32"](1 << 24) == 0
    for name, arguments in (
        ("bytecode", (big, big)),
        ("bytecode", (-big, big + 1)),
        ("viper_function", (big, 2 * big)),
        ("item", ([1 << 30],)),
        ("called", (1 << 30,)),
        ("grows", (1 << 29,)),
        ("halved", (4,)),
    ):
        with pytest.raises(TooLarge):
            names[name](*arguments)
