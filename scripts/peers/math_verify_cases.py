"""Prints the test cases of a checkout of Math-Verify as JSON: its parametrized tests with a gold answer, a prediction and whether they are
equal. Usage: python3 math_verify_cases.py CHECKOUT. The tests are parsed, not run."""

import ast
import json
import math
import pathlib
import sys


def parametrized(function):
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and getattr(decorator.func, "attr", "") == "parametrize":
            yield decorator


def value_of(node):
    try:
        return ast.literal_eval(node)
    except ValueError:
        # One case formats math.sqrt(17).
        return eval(compile(ast.Expression(node), "case", "eval"), {"math": math, "__builtins__": {}})


def cases(checkout):
    for path in sorted((pathlib.Path(checkout) / "tests").glob("test_*.py")):
        for function in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(function, ast.FunctionDef):
                continue
            for decorator in parametrized(function):
                names = [name.strip() for name in ast.literal_eval(decorator.args[0]).split(",")]
                if "gold" not in names or "pred" not in names:
                    continue
                if not set(names) <= {"gold", "pred", "expected", "result", "precision"}:
                    # A test of an option of Math-Verify; it expects the same pair both ways.
                    continue
                for node in decorator.args[1].elts:
                    case = dict(zip(names, value_of(node)))
                    expected = case.get("expected", case.get("result"))
                    yield {
                        "place": f"{path.name}:{node.lineno}",
                        "gold": case["gold"],
                        "prediction": case["pred"],
                        "equal": bool(expected),
                        "decimals": case.get("precision", 6),
                    }


json.dump(list(cases(sys.argv[1])), sys.stdout, ensure_ascii=False)
