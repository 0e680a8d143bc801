"""Vectors in and out of memory, lane moves, and the primitives of site formulas on vectors and scalars."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.core.cgutils import get_or_insert_function
from numba.np.arrayobj import make_array

from latticekit.kernels.cpu.vector import WORDS, Vec, intrinsic, splat, vector_type, width

_I32, _I64 = ir.IntType(32), ir.IntType(64)


def _lanes_of(a: Any) -> Vec:
    return Vec(a.dtype, width(a.dtype.bitwidth // 8))


def _pointer(context: Any, builder: Any, sig: Any, args: Any, vector: Any) -> Any:
    """Address of element args[1] of array args[0] as a pointer to a vector."""
    data = make_array(sig.args[0])(context, builder, args[0]).data
    return builder.bitcast(builder.gep(data, [args[1]]), vector.as_pointer())


def _shuffle(builder: Any, x: Any, y: Any, lanes: list[int]) -> Any:
    mask = ir.Constant(ir.VectorType(_I32, len(lanes)), [ir.Constant(_I32, n) for n in lanes])
    return builder.shuffle_vector(x, y, mask)


def _below(builder: Any, count: Any, w: int) -> Any:
    """Mask of the lanes below count."""
    lanes = ir.Constant(ir.VectorType(_I64, w), [ir.Constant(_I64, n) for n in range(w)])
    return builder.icmp_signed("<", lanes, splat(builder, count, ir.VectorType(_I64, w)))


def call(builder: Any, name: str, result: Any, args: list[Any]) -> Any:
    """Call of an LLVM intrinsic."""
    function = get_or_insert_function(builder.module, ir.FunctionType(result, [a.type for a in args]), name)
    return builder.call(function, args)


def suffix(t: Any) -> str:
    """Type suffix of an LLVM intrinsic: "f64", "v8f64"."""
    lane = t.element if isinstance(t, ir.VectorType) else t
    name = {"double": "f64", "float": "f32", "i64": "i64"}[str(lane)]
    return f"v{t.count}{name}" if isinstance(t, ir.VectorType) else name


@intrinsic
def keep_apart(typingctx: Any) -> Any:
    """The loop that calls this stays a function of its own: short compilation, the same bits wherever it is used."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def vld(typingctx: Any, a: Any, i: Any) -> Any:
    """Vector of the elements a[i], a[i + 1], ... of a flat array."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig, args, vector_type(sig.return_type))
        return builder.load(pointer, align=sig.args[0].dtype.bitwidth // 8)  # elements are aligned, vectors need not be

    return _lanes_of(a)(a, types.intp), codegen


@intrinsic
def vld_as(typingctx: Any, a: Any, i: Any, v: Any) -> Any:
    """Vector of as many elements a[i], a[i + 1], ... as v has lanes."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig, args, vector_type(sig.return_type))
        return builder.load(pointer, align=sig.args[0].dtype.bitwidth // 8)

    return Vec(a.dtype, v.w)(a, types.intp, v), codegen


@intrinsic
def vst(typingctx: Any, a: Any, i: Any, v: Any) -> Any:
    """Store a vector at a[i], a[i + 1], ..."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, sig, args, vector_type(sig.args[2]))
        builder.store(args[2], pointer, align=sig.args[0].dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.void(a, types.intp, v), codegen


@intrinsic
def vst_first(typingctx: Any, a: Any, i: Any, v: Any, count: Any) -> Any:
    """Store the first `count` lanes (all of them if count is larger) at a[i], a[i + 1], ..."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vec = sig.args[2]
        pointer = _pointer(context, builder, sig, args, vector_type(vec))
        align = ir.Constant(_I32, vec.dtype.bitwidth // 8)
        mask = _below(builder, args[3], vec.w)
        name = f"llvm.masked.store.{suffix(vector_type(vec))}.p0"
        call(builder, name, ir.VoidType(), [args[2], pointer, align, mask])
        return context.get_dummy_value()

    return types.void(a, types.intp, v, types.intp), codegen


def _two(name: str, lanes_of: Any) -> Any:
    """Intrinsic (v, w) -> lanes picked from the two in a row."""

    def pick(typingctx: Any, v: Any, w: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            return _shuffle(builder, args[0], args[1], lanes_of(sig.return_type.w))

        return v(v, v), codegen

    pick.__name__ = pick.__qualname__ = name
    return intrinsic(pick)


slide_up = _two("slide_up", lambda w: [w - 1, *range(w, 2 * w - 1)])
"""(previous, current) -> every lane's left neighbour."""
slide_down = _two("slide_down", lambda w: [*range(1, w + 1)])
"""(current, next) -> every lane's right neighbour."""
first_of = _two("first_of", lambda w: [*range(w)])
"""(v, w) -> v."""
second_of = _two("second_of", lambda w: [*range(w, 2 * w)])
"""(v, w) -> w."""


@intrinsic
def first_lanes(typingctx: Any, v: Any, count: Any) -> Any:
    """v with zeros in the lanes from `count` on."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        zero = ir.Constant(vector_type(sig.return_type), None)
        return builder.select(_below(builder, args[1], sig.return_type.w), args[0], zero)

    return v(v, types.intp), codegen


@intrinsic
def wide(typingctx: Any, v: Any) -> Any:
    """Vector (or number) as float64, the precision of sums."""
    target = Vec(types.float64, v.w) if isinstance(v, Vec) else types.float64

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return args[0] if sig.return_type == sig.args[0] else builder.fpext(args[0], context.get_value_type(target))

    return target(v), codegen


@intrinsic
def like(typingctx: Any, x: Any, v: Any) -> Any:
    """A number x in every lane of a vector such as v."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return splat(builder, args[0], vector_type(sig.return_type))

    return v(v.dtype, v), codegen


@intrinsic
def words_from(typingctx: Any, start: Any) -> Any:
    """Words start, start + 1, ...: one vector of counters."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        t = vector_type(sig.return_type)
        return builder.add(splat(builder, args[0], t), ir.Constant(t, [ir.Constant(_I64, n) for n in range(t.count)]))

    return Vec(types.uint64, WORDS)(types.uint64), codegen


@intrinsic
def lanes(typingctx: Any, a: Any) -> Any:
    """Elements of an array that fill a register: a compile-time constant."""
    count = _lanes_of(a).w

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return ir.Constant(_I64, count)

    return types.intp(a), codegen


@intrinsic
def lane_sum(typingctx: Any, v: Any) -> Any:
    """Sum of the lanes, halves added to halves."""

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x = args[0]
        while x.type.count > 1:
            half = x.type.count // 2
            low, high = (_shuffle(builder, x, x, [*range(k, k + half)]) for k in (0, half))
            x = builder.fadd(low, high)
        return builder.extract_element(x, ir.Constant(_I32, 0))

    return v.dtype(v), codegen


@intrinsic
def transpose(typingctx: Any, out: Any, i: Any, out_pitch: Any, a: Any, j: Any, pitch: Any) -> Any:
    """out[i + n out_pitch + m] = a[j + m pitch + n] for m, n below the lanes of a register."""
    vec = _lanes_of(a)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        vector, align = vector_type(vec), vec.dtype.bitwidth // 8
        source = make_array(sig.args[3])(context, builder, args[3]).data
        target = make_array(sig.args[0])(context, builder, args[0]).data

        def address(data: Any, start: Any, step: Any, n: int) -> Any:
            index = builder.add(start, builder.mul(step, ir.Constant(_I64, n)))
            return builder.bitcast(builder.gep(data, [index]), vector.as_pointer())

        rows = [builder.load(address(source, args[4], args[5], n), align=align) for n in range(vec.w)]
        for n, row in enumerate(_transposed(builder, rows)):
            builder.store(row, address(target, args[1], args[2], n), align=align)
        return context.get_dummy_value()

    return types.void(out, types.intp, types.intp, a, types.intp, types.intp), codegen


def _transposed(builder: Any, rows: list[Any]) -> list[Any]:
    """Transposed square of vectors: log2(w) rounds, each interleaving row n with row n + w/2."""
    w, half = len(rows), len(rows) // 2
    low = [k // 2 + w * (k % 2) for k in range(w)]
    high = [k + half for k in low]
    for _ in range(w.bit_length() - 1):
        rows = [_shuffle(builder, rows[n], rows[n + half], m) for n in range(half) for m in (low, high)]
    return rows
