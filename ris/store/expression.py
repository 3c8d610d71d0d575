"""What an expression says of items: `label == "cat" and width >= 1000`.

The text is read by Python's own parser and never run: it is translated, piece by piece, into
questions to the columns (`columns.py`), and what has no translation is refused. So a hostile text
can't name a file or a function, can't loop, and makes nothing larger than a column; how much it
asks is bounded too.

Why no SQL: on 200,000 rows a label, a number and part of a path take 1.2, 1.3 and 21 ms by Arrow's
kernels on one core; DuckDB 2.0 takes 4, 1.4 and 10 on two, SQLite 16, 24 and 23 after loading for
1.5 s (2026-11-23). DuckDB would bring 65 MB of engine into the server, which reads files, has
endless queries, and would have to be kept from both.
"""

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from ris.errors import RisError
from ris.store.columns import (
    Column,
    Columns,
    Condition,
    Literal,
    all_of,
    any_of,
    calculated,
    negated,
)

MAX_LENGTH = 4000  # characters
MAX_STEPS = 100  # comparisons, calculations, calls; one takes 2 to 100 ms at 1M rows

_STEPS = (ast.cmpop, ast.operator, ast.unaryop, ast.Call)
_COMPARISONS = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_TURNED_ROUND = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_CALCULATIONS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}

_Value = Column | Literal | tuple[Any, ...] | None
_T = TypeVar("_T")


def read(text: str, columns: Columns) -> Condition:
    """The condition that an expression states; docs/commands.md tells what it can say.

    Raises:
        RisError: It can't be understood: the message says what of it, the hint lists the columns.
    """
    try:
        return _Reader(text, columns.by_name).condition()
    except RisError as error:
        names = (name if name.isidentifier() else f"column[{name!r}]" for name in columns.by_name)
        example = 'label == "cat" and width >= 1000 and modified >= "2026-01-31"'
        hint = f"Columns: {', '.join(names)}. For example: `{example}`."
        raise RisError(error.message, hint) from error


class _Reader:
    """Reads one expression, by recursive descent through its syntax tree."""

    def __init__(self, text: str, columns: dict[str, Column]) -> None:
        self._text = text.strip()
        self._columns = columns

    def condition(self) -> Condition:
        if not self._text:
            raise RisError("The filter is empty.")
        if len(self._text) > MAX_LENGTH:
            raise RisError(
                f"The filter may have {MAX_LENGTH} characters, it has {len(self._text)}."
            )
        try:
            tree = ast.parse(self._text, mode="eval").body
        except SyntaxError as error:
            raise RisError(
                f"The filter can't be understood ({error.msg}, near character {error.offset}): "
                "it is written as in Python, with ==, !=, <, and, or, not, in."
            ) from error
        except (ValueError, MemoryError, RecursionError) as error:
            raise RisError("The filter can't be understood.") from error
        steps = sum(isinstance(node, _STEPS) for node in ast.walk(tree))
        if steps > MAX_STEPS:
            raise RisError(f"The filter may have {MAX_STEPS} steps, it has {steps}.")
        return self._condition(tree)

    def _condition(self, node: ast.expr) -> Condition:
        """What is true or false of an item."""
        match node:
            case ast.BoolOp(op=ast.And()):
                return all_of([self._condition(value) for value in node.values])
            case ast.BoolOp():
                return any_of([self._condition(value) for value in node.values])
            case ast.UnaryOp(op=ast.Not()):
                return negated(self._condition(node.operand))
            case ast.Compare():
                sides = [node.left, *node.comparators]
                pairs = zip(sides, node.ops, sides[1:], strict=False)
                return all_of([self._comparison(node, *pair) for pair in pairs])
            case ast.Call(func=ast.Attribute() as call, args=[argument], keywords=[]):
                column, text = self._value(call.value), self._value(argument)
                if call.attr in ("startswith", "endswith") and isinstance(column, Column):
                    return self._asked(node, column.part, call.attr, text)
            case ast.Name() | ast.Subscript():
                column = self._value(node)
                if isinstance(column, Column) and column.kind == "bool":
                    return column.of
        raise RisError(f"This is no condition: {self._source(node)}")

    def _comparison(
        self, node: ast.Compare, left: ast.expr, op: ast.cmpop, right: ast.expr
    ) -> Condition:
        one, other = self._value(left), self._value(right)
        if isinstance(op, ast.In | ast.NotIn):
            found = self._membership(node, one, other)
            return found if isinstance(op, ast.In) else negated(found)
        sign = {ast.Is: "==", ast.IsNot: "!="}.get(type(op)) or _COMPARISONS[type(op)]
        if not isinstance(one, Column):
            one, other, sign = other, one, _TURNED_ROUND.get(sign, sign)
        if not isinstance(one, Column):
            raise RisError(f"This is the same for every item: {self._source(node)}")
        if other is None and sign in ("==", "!="):
            return one.missing() if sign == "==" else negated(one.missing())
        if isinstance(op, ast.Is | ast.IsNot):
            raise RisError(f"After is there can only be None: {self._source(node)}")
        return self._asked(node, one.compared, sign, other)

    def _membership(self, node: ast.Compare, one: _Value, other: _Value) -> Condition:
        """`width in [64, 128]`, `"cat" in labels`, `"beach" in path`."""
        if isinstance(one, Column) and isinstance(other, tuple):
            return self._asked(node, one.among, other)
        if isinstance(other, Column) and not isinstance(one, Column):
            if other.kind == "labels":
                return self._asked(node, other.compared, "==", one)
            return self._asked(node, other.part, "contains", one)
        raise RisError(
            f"Expected a column in [a list], or a text in a column: {self._source(node)}"
        )

    def _value(self, node: ast.expr) -> _Value:
        match node:
            case ast.Constant(value=bool() | int() | float() | str() | None as value):
                return value
            case ast.Name(id=name):
                return self._column(name)
            case ast.Subscript(
                value=ast.Name(id="column"), slice=ast.Constant(value=str() as name)
            ):
                return self._column(name)
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                if all(isinstance(item, ast.Constant | ast.UnaryOp) for item in items):
                    return tuple(self._value(item) for item in items)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() as op):
                sign = "-" if isinstance(op, ast.USub) else "+"
                return self._asked(node, calculated, sign, 0, self._value(node.operand))
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div()):
                sides = self._value(node.left), self._value(node.right)
                return self._asked(node, calculated, _CALCULATIONS[type(node.op)], *sides)
        raise RisError(f"A filter can't say: {self._source(node)}")

    def _column(self, name: str) -> Column:
        if name not in self._columns:
            raise RisError(f"There is no column {name!r:.60}.")
        return self._columns[name]

    def _asked(self, node: ast.expr, question: Callable[..., _T], *given: object) -> _T:
        try:
            return question(*given)
        except RisError as error:
            raise RisError(f"{self._source(node)}: {error.message}") from error

    def _source(self, node: ast.expr) -> str:
        source = ast.get_source_segment(self._text, node) or ""
        return source if len(source) <= 80 else f"{source[:77]}..."
