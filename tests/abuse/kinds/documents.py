"""GraphQL documents: small texts that are costly to read, to validate or to execute."""

from random import Random

from tests.abuse.attack import Attack, Kind, Target, ask, kind, numbered, repeated

DOCUMENTS: list[Kind] = []
_LISTS = ("workflows", "executions", "webhooks", "schedules", "transformationRules", "circuitBreakers")


def _reader(chance: Random, target: Target) -> str | None:
    return chance.choice([None, target.token("VIEWER"), target.token("VIEWER"), target.token("EDITOR")])


@kind(DOCUMENTS, "document: aliases", reads_lists=True)
def aliases(chance: Random, target: Target, size: int) -> Attack:
    field = chance.choice(
        [
            "a#: __typename",
            "a#: workflows { nodes { id } }",
            "a#: health { status }",
            "a#: metrics { completed }",
            f'a#: workflow(id: "{target.workflow_id}") {{ document steps {{ id }} }}',
            f'a#: execution(id: "{target.execution_id}") {{ output input }}',
        ]
    )
    most = chance.choice([20, 99, 100_000])
    return ask(_reader(chance, target), "{ " + numbered(field, size, most=most) + " }")


@kind(DOCUMENTS, "document: fields that overlap", reads_lists=True)
def overlaps(chance: Random, target: Target, size: int) -> Attack:
    name = chance.choice(_LISTS)
    field = chance.choice(
        ["id", "... { id }", "... on Node { id }", "nodes { id }", "... { nodes { id } }", "id @include(if: true)"]
    )
    body = repeated(field + " ", min(size, chance.choice([2_000, 9_000, 90_000])))
    if not field.startswith(("nodes", "... { nodes")):
        body = f"nodes {{ {body} }}"
    return ask(_reader(chance, target), f"{{ {name} {{ {body} }} }}")


@kind(DOCUMENTS, "document: fragments", reads_lists=True)
def fragments(chance: Random, target: Target, size: int) -> Attack:
    count = min(chance.choice([10, 50, 99, 99, 5_000]), max(2, size // 60))
    spread = chance.choice([1, 2, 3])
    shape = chance.choice(["chain", "cycle", "all", "beside"])
    parts = []
    for number in range(count):
        following = (number + 1) % count
        match shape:
            case "chain":
                inner = f"...F{following} " * spread if following else "id"
            case "cycle":
                inner = f"...F{following} " * spread
            case "all":
                inner = "id " + " ".join(f"...F{other}" for other in range(number + 1, min(count, number + 6)))
            case _:
                inner = f"a{number % 3}: id versions {{ nodes {{ note id }} }}"
        parts.append(f"fragment F{number} on Workflow {{ {inner} }}")
    used = " ".join(f"...F{number}" for number in range(count if shape == "beside" else 1))
    return ask(_reader(chance, target), f"{{ workflows {{ nodes {{ {used} }} }} }} " + "\n".join(parts))


@kind(DOCUMENTS, "document: cycles of connections", reads_lists=True)
def cycles(chance: Random, target: Target, size: int) -> Attack:
    first = chance.choice([1, 20, 100, 100, 2**31 - 1, -1])
    depth = min(chance.choice([2, 3, 5, 8, 18, 400]), max(1, size // 80))
    inner = "id"
    for _ in range(depth):
        inner = f"id executions(first: {first}) {{ nodes {{ id workflow {{ {inner} }} }} }}"
    return ask(_reader(chance, target), f"{{ workflows(first: {first}) {{ nodes {{ {inner} }} }} }}")


@kind(DOCUMENTS, "document: directives")
def directives(chance: Random, target: Target, size: int) -> Attack:
    one = chance.choice(
        ["@include(if: true) ", "@skip(if: false) ", "@unknown ", "@a(b: [1, {c: 2}]) ", "@include(if: $x)"]
    )
    place = chance.choice(["{ __typename %s }", "query %s { __typename }", "{ ... %s { __typename } }"])
    return ask(_reader(chance, target), place % repeated(one, size))


@kind(DOCUMENTS, "document: variables")
def variables(chance: Random, target: Target, size: int) -> Attack:
    declared = chance.choice(
        ["$v#: Int", "$v#: [[[[Int]]]]", "$v#: CreateWorkflowInput", "$v#: Unknown!", "$v#: ID = 1"]
    )
    used = chance.choice(["{ __typename }", "{ workflows(first: $v0) { nodes { id } } }", "{ node(id: $v0) { ...F } }"])
    names = numbered(declared, size, ", ")
    return ask(
        _reader(chance, target), f"query ({names}) {used}", **{f"v{n}": chance.choice([1, [[]], "x"]) for n in range(9)}
    )


@kind(DOCUMENTS, "document: literals")
def literals(chance: Random, target: Target, size: int) -> Attack:
    half = size // 2
    value = chance.choice(
        [
            "[" * half + "]" * half,
            "{a:" * (size // 4) + "1" + "}" * (size // 4),
            "[" + repeated("1 ", size) + "]",
            "{" + numbered("k#: 1", size, ", ") + "}",
            "9" * size,
            "1e" + "9" * min(size, 400),
            '"' + "x" * size + '"',
            '"""' + "\n " * half + '"""',
            '"' + repeated("\\u0041", size) + '"',
            "$" + "v" * size,
        ]
    )
    field = chance.choice(
        [
            '{{ evaluate(expression: "1", context: {}) {{ value }} }}',
            "{{ workflows(filter: {{labels: {}}}) {{ nodes {{ id }} }} }}",
            "{{ validateWorkflow(document: {}) {{ valid }} }}",
            "{{ node(id: {}) {{ id }} }}",
        ]
    )
    return ask(_reader(chance, target), field.replace("{}", "%s").replace("{{", "{").replace("}}", "}") % value)


@kind(DOCUMENTS, "document: what is no GraphQL")
def noise(chance: Random, target: Target, size: int) -> Attack:
    text = chance.choice(
        [
            "{" * size,
            "{a" * (size // 2),
            "#" + "x" * size,
            repeated("# x\n", size) + "{ __typename }",
            "," * size + "{ __typename }",
            '"""' + '"\\"' * (size // 3),
            "x" * size,
            "{ " + "_" * size + " }",
            "{ ..." * (size // 5),
            "\ufeff" * (size // 6),
            "query" * (size // 5),
            "".join(chance.choice('{}()[]:!$@|&"#,._ abc019\n') for _ in range(min(size, 50_000))),
            repeated("query A { __typename } ", size),
            numbered("query Q# { __typename }", size),
            "{" + numbered("unknown# { a }", size) + "}",
            "{ " + numbered('workflow(name: "x") { nme# }', size) + " }",
            repeated("type A { a: Int } ", size),
        ]
    )
    return ask(_reader(chance, target), text)


@kind(DOCUMENTS, "document: introspection", reads_lists=True)
def introspection(chance: Random, target: Target, size: int) -> Attack:
    inner = "name"
    for _ in range(chance.choice([1, 3, 6, 9, 200])):
        inner = chance.choice(["name ofType { %s }", "fields { type { %s } }", "possibleTypes { %s } name"]) % inner
    copies = chance.choice([1, 5, 50])
    fields = " ".join(
        f"s{n}: __schema {{ types {{ {inner} fields {{ args {{ type {{ name }} }} }} }} }}" for n in range(copies)
    )
    return ask(_reader(chance, target), "{ " + fields[:size] + " }")


@kind(DOCUMENTS, "document: everything of what is stored", reads_lists=True)
def everything(chance: Random, target: Target, size: int) -> Attack:
    pages = [
        "workflows(first: 100) { nodes { id document steps { id } graph { nodes { path } edges { from } } } }",
        "executions(first: 100) { nodes { id input output steps { nodes { id input output } } } }",
        "webhooks(first: 100) { nodes { id events(first: 100) { nodes { id payload attemptLog { response } } } } }",
        "workflowTemplates(first: 100) { nodes { document parameters { name } } }",
        "workflows(first: 100) { totalCount nodes { versions(first: 100) { totalCount nodes { document } } } }",
    ]
    chosen = chance.choices(pages, k=chance.choice([1, 3, 20]))
    body = " ".join(f"p{number}: {page}" for number, page in enumerate(chosen))
    return ask(target.token("VIEWER"), "{ " + body + " }")
