"""The small changes of a module that its tests should notice."""

import ast
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass

_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
_FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min"}
_NOT_JUDGED = {"annotation", "returns", "decorator_list", "bases"}
"""Fields whose change says something to a type checker or a reader, and nothing to a test."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module."""

    line: int
    before: str
    after: str
    source: str
    """The whole module with the change."""


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module. Its text is as `ast.unparse` writes it: no comments."""
    tree = ast.parse(source)
    for parent, field, index, node in _places(tree):
        for changed in _changes(node, in_function=_is_code(parent)):
            _put(parent, field, index, changed)
            text = ast.unparse(tree)
            _put(parent, field, index, node)
            yield Mutant(node.lineno, _shown(node), _shown(changed), text)


_Place = tuple[ast.AST, str, int | None, ast.expr | ast.stmt]
"""A node, with the node, the field and the place in a list where it stands."""


def _places(node: ast.AST) -> Iterator[_Place]:
    for field, value in ast.iter_fields(node):
        if field in _NOT_JUDGED or _is_slots(value):
            continue
        many = value if isinstance(value, list) else [value]
        for index, child in enumerate(many):
            if not isinstance(child, ast.AST) or _is_slots(child):
                continue
            if isinstance(child, ast.expr | ast.stmt):
                yield node, field, index if many is value else None, child
            yield from _places(child)


def _is_slots(node: object) -> bool:
    match node:
        case ast.Assign(targets=[ast.Name("__slots__")]):
            return True
        case _:
            return False


def _is_code(parent: ast.AST) -> bool:
    """Whether statements of this node run each time, and not once as a class is made."""
    return not isinstance(parent, ast.Module | ast.ClassDef)


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _changes(node: ast.AST, in_function: bool) -> Iterator[ast.AST]:
    match node:
        case ast.Compare(ops=ops):
            for number, op in enumerate(ops):
                for other in _COMPARISONS[type(op)]:
                    changed = deepcopy(node)
                    changed.ops[number] = other()
                    yield changed
        case ast.BoolOp(op=op, values=values):
            yield ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
            for number in range(len(values)):
                left = values[:number] + values[number + 1 :]
                yield left[0] if len(left) == 1 else ast.BoolOp(op, left)
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
            yield ast.BinOp(left, _OPERATORS[type(op)](), right)
        case ast.AugAssign(target, op, value) if type(op) in _OPERATORS:
            yield ast.AugAssign(target, _OPERATORS[type(op)](), value)
            yield ast.Pass()
        case ast.Name(id=name) if name in _FUNCTIONS:
            yield ast.Name(_FUNCTIONS[name], ast.Load())
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() | float() as value):
            yield from (ast.Constant(other) for other in _numbers(value))
        case ast.IfExp(test, body, orelse):
            yield ast.IfExp(test, orelse, body)
        case ast.Assign() | ast.AnnAssign() | ast.Continue() | ast.Break() if in_function:
            yield ast.Pass()
        case ast.Expr(value=ast.Call()) if in_function:
            yield ast.Pass()


def _numbers(value: float) -> Iterable[float]:
    return (1 - value,) if value in (0, 1) else (value + 1,)


def _shown(node: ast.AST) -> str:
    """A node on one line."""
    return " ".join(ast.unparse(node).split())
