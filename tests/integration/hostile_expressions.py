"""Expressions written to hang a process, to crash it or to eat its memory: each kind with a name, for the sandbox."""

_TREE = "$x := {'l': 1}; " + "$x := {'l': $x, 'r': $x}; " * 60
_TREE_TWICE = _TREE + "$y := {'l': 1}; " + "$y := {'l': $y, 'r': $y}; " * 60
_NESTED_FUNCTIONS = "($g := function($n, $f) { $n = 0 ? $f : $g($n - 1, function() { $f }) }; $g(40000, 1))"

#: What is known to hang, to crash or to inflate engines of the language.
KNOWN = {
    "recursion without end": "($f := function($n) { 1 + $f($n + 1) }; $f(0))",
    "a loop of tail calls": "($f := function($n) { $f($n + 1) }; $f(0))",
    "Fibonacci, the slow way": "($fib := function($n) { $n < 2 ? $n : $fib($n - 1) + $fib($n - 2) }; $fib(40))",
    "a range of a thousand million": "[1..1000000000]",
    "a range of ten million": "[1..10000000]",
    "a string doubled over and over": "$reduce([1..60], function($s, $i) { $s & $s }, 'x')",
    "padding by thousands of millions": "$pad('x', 3000000000)",
    "a backtracking regular expression": "$match($pad('', 100000, 'a') & 'b', /(a+)+$/)",
    "eight hundred sums in a row": "($x := 1; $x" + " + $x" * 800 + ")",
    "sixty brackets": "($x := 1; " + "(" * 60 + "$x" + ")" * 60 + ")",
    "a tree shared 2^60 times as the result": f"({_TREE} $x)",
    "a tree shared 2^60 times as a string": f"({_TREE} $string($x))",
    "two such trees compared": f"({_TREE_TWICE} $x = $y)",
    "two such trees told apart": f"({_TREE_TWICE} $distinct([$x, $y]))",
    "a type error on such a tree": f"({_TREE} $x + 1)",
    "distinct on 99,999 keys": "$distinct([1..99999])",
    "groups by 99,999 keys": "[1..99999]{$string($): $}",
    "a merge of 99,999 objects": "$merge([1..99999].{$string($): 1})",
    "a replacement of 500 KB in 500 KB": "($a := $pad('', 500000, 'a'); $replace($a, 'a', $a))",
    "40,000 closures, each in the next": f"$count([{_NESTED_FUNCTIONS}])",
    "a chain of compositions": "($g := λ($n, $f) { $n = 0 ? $f : $g($n - 1, $f ~> $string) }; $g(40000, $string))",
    "nested arrays that grow": "$reduce([1..99999], function($a, $i) { [$a, $a, $i] }, [])",
    "a picture of nine hundred million digits": "($x := 1; $fromMillis(1, '[Y,900000000-900000000]'))",
    "a result nested 90,000 deep": "$reduce([1..90000], function($a, $i) { {'a': $a} }, 1)",
}

OWN = {
    "mutual recursion": "($a := function($n) { $b($n) + 1 }; $b := function($n) { $a($n) + 1 }; $a(1))",
    "self-application": "(function($f) { $f($f) })(function($f) { $f($f) })",
    "the Y combinator without a base": "($y := λ($f) { (λ($x) { $x($x) })(λ($x) { $f(λ($v) { $x($x)($v) }) }) };"
    " $y(λ($s) { λ($n) { 1 + $s($n) } })(1))",
    "Ackermann": "($a := function($m, $n) { $m = 0 ? $n + 1 : $n = 0 ? $a($m - 1, 1) : $a($m - 1, $a($m, $n - 1)) };"
    " $a(4, 2))",
    "the product of ranges": "[1..9999].([1..9999].($ + 1))",
    "four ranges in each other": "[1..300].[1..300].[1..300].[1..300]",
    "a join of itself": "{'r': [1..9999].{'v': $}, 's': [1..9999].{'v': $}}.r@$a.s@$b[$a.v = $b.v].$a.v",
    "a map of ranges": "$map([1..99999], function($i) { [1..99999] })",
    "a cross product by reduce": "$reduce([1..30], function($a, $i) { $append($a, $a) }, [1, 2])",
    "string doubling by replace": "$reduce([1..40], function($s, $i) { $replace($s, 'x', 'xx') }, 'x')",
    "joining what was padded": "$join([1..9999].$pad('', 9999, 'ab'), ',')",
    "padding each of many": "[1..99999].$pad('', 100000)",
    "splitting into characters over and over": "[1..9999].$split($pad('', 100000, 'ab'), '')",
    "alternatives that overlap": "$contains($pad('', 50000, 'a'), /^(a|a|aa)*b$/)",
    "nested quantifiers": "$match($pad('', 9999, 'a'), /((a*)*)*c/)",
    "a replacement by a function": "$replace($pad('', 500000, 'a'), /a/, function($m) { $pad('', 9999) })",
    "a regular expression on many strings": "[1..9999].($contains($pad('', 9999, 'ab'), /(ab)*c/))",
    "sorting by a liar": "$sort([1..50000], function($a, $b) { true })",
    "sorting with costly comparisons": "$sort([1..9999], function($a, $b) { $sum([1..9999]) > 0 })",
    "order-by of a big range": "[1..99999]^(>$string($) & $string($))",
    "keys of many objects": "$keys([1..30000].{'k' & $string($): 1})",
    "spreading and merging": "$merge($spread($merge([1..30000].{'k' & $string($): 1})))",
    "each of many, made into objects": "$each($merge([1..20000].{'k' & $string($): 1}), λ($v, $k) { {$k: [1..999]} })",
    "sifting many by a costly test": "$sift($merge([1..9999].{'k' & $string($): 1}), λ($v) { $count([1..9999]) > 0 })",
    "groups of groups": "[1..20000]{$string($ % 9999): $reduce([1..100], function($a, $b) { $a + $b })}",
    "an object in itself, to no end": "($f := function($o) { $f({'o': $o, 'p': $o}) }; $f({}))",
    "zipping what is large": "$zip([1..99999], [1..99999], [1..99999], [1..99999]) ~> $map($string)",
    "shuffling again and again": "$reduce([1..9999], function($a, $i) { $shuffle($a) }, [1..9999])",
    "a transform of all descendants": "([1..9999].{'a': {'b': {'c': $}}}) ~> |**|{'d': [1..99]}|",
    "descendants of descendants": "[1..999].{'a': [1..99].{'b': $}}.**.**.**",
    "a formatted number without end": "$formatNumber(1, $pad('', 900000, '#,') & '0')",
    "a power tower": "$reduce([1..99999], function($a, $i) { $power($a, 2) }, 2)",
    "base64 of base64": "$reduce([1..60], function($s, $i) { $base64encode($s) }, 'xxxxxxxxxxxx')",
    "squared compositions": "($g := λ($n, $f) { $n = 0 ? $f : $g($n - 1, $f ~> $f) }; $g(40, λ($x) { $x & $x })('x'))",
}
