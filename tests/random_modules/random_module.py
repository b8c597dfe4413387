# SPDX-License-Identifier: Apache-2.0
"""Writes a random module of linalg operations, and inputs for it, from a seed.

A module is a list of steps; each draws its operands from the values so far and adds one value. `skip` leaves steps out,
with whatever needs them: what a failing module shrinks by.
"""

import dataclasses
import random

import numpy as np

FLOAT, INT = "f32", "i32"
MOST_ELEMENTS = 6000


@dataclasses.dataclass(frozen=True)
class Value:
    name: str
    shape: tuple
    type: str

    @property
    def text(self):
        return tensor(self.shape, self.type)


def tensor(shape, element):
    return f"tensor<{'x'.join([*map(str, shape), element])}>"


def affine(dims, results):
    return f"affine_map<({', '.join(f'd{i}' for i in range(dims))}) -> ({', '.join(results)})>"


def axes(rank):
    return [f"d{i}" for i in range(rank)]


class Module:
    """A module under construction."""

    def __init__(self, seed, steps, skip=()):
        self.random = random.Random(seed)
        self.seed = seed
        self.lines = []
        self.names = 0
        self.values = []
        self.inputs = []
        self.used = set()
        for _ in range(self.random.randint(1, 2)):
            self.add_input()
        makers = [self.unary, self.unary, self.binary, self.binary, self.broadcast, self.matmul, self.matmul,
                  self.weights, self.reduce, self.reduce, self.softmax, self.transpose, self.reshape, self.pad,
                  self.slice, self.concat, self.convolution, self.convolution, self.pool, self.batch_matmul,
                  self.scale_rows, self.compare, self.arg_max, self.convert, self.fill_slice, self.residual]
        for step in range(steps):
            # A step draws from a generator of its own, so that leaving one out doesn't change the others.
            self.random = random.Random(f"{seed} {step}")
            maker = self.random.choice(makers)
            if step not in skip:
                maker()

    # Parts of the text.

    def name(self):
        self.names += 1
        return f"%v{self.names}"

    def emit(self, text, shape, element):
        value = Value(self.name(), tuple(shape), element)
        self.lines.append(f"{value.name} = {text}")
        self.values.append(value)
        return value

    def line(self, text):
        name = self.name()
        self.lines.append(f"{name} = {text}")
        return name

    def empty(self, shape, element):
        return self.line(f"tensor.empty() : {tensor(shape, element)}")

    def scalar(self, number, element):
        text = f"{float(number):e}" if element == FLOAT else str(int(number))
        return self.line(f"arith.constant {text} : {element}")

    def fill(self, shape, element, number=0):
        scalar, empty = self.scalar(number, element), self.empty(shape, element)
        kind = tensor(shape, element)
        return self.line(f"linalg.fill ins({scalar} : {element}) outs({empty} : {kind}) -> {kind}")

    def constant(self, shape):
        """A float32 constant with values between -1 and 1."""
        values = np.array([self.random.uniform(-1, 1) for _ in range(int(np.prod(shape)))], np.float32)
        data = values.tobytes().hex().upper()
        return self.line(f'arith.constant dense<"0x{data}"> : {tensor(shape, FLOAT)}')

    def generic(self, operands, maps, iterators, out, shape, element, body):
        """`body` takes the names of the block's arguments and returns lines and what they yield."""
        names = [f"%a{i}" for i in range(len(operands) + 1)]
        kinds = [operand.type for operand in operands] + [element]
        lines, result = body(names)
        ins = (f"ins({', '.join(o.name for o in operands)} : {', '.join(o.text for o in operands)}) "
               if operands else "")
        header = f"^bb0({', '.join(f'{n}: {k}' for n, k in zip(names, kinds, strict=True))}):"
        text = (f"linalg.generic {{indexing_maps = [{', '.join(maps)}], iterator_types = "
                f"[{', '.join(json_text(i) for i in iterators)}]}} {ins}outs({out} : {tensor(shape, element)}) {{\n"
                f"{header}\n" + "".join(f"  {line}\n" for line in lines)
                + f"  linalg.yield {result} : {element}\n}} -> {tensor(shape, element)}")
        return self.emit(text, shape, element)

    # Operands.

    def add_input(self):
        shape = self.random.choice([
            lambda r: (r.randint(1, 40),),
            lambda r: (r.randint(1, 9), r.randint(1, 40)),
            lambda r: (1, r.randint(1, 7), r.randint(1, 33)),
            lambda r: (1, r.randint(1, 4), r.randint(4, 12), r.randint(4, 12)),
            lambda r: (r.randint(2, 3), r.randint(1, 3), r.randint(4, 9), r.randint(4, 9)),
        ])(self.random)
        value = Value(f"%in{len(self.inputs)}", shape, FLOAT)
        self.inputs.append(value)
        self.values.append(value)

    def pick(self, suits=lambda value: True):
        fitting = [value for value in self.values if suits(value)]
        if not fitting:
            return None
        # Mostly the latest: chains grow long.
        value = fitting[-1] if self.random.random() < 0.6 else self.random.choice(fitting)
        self.used.add(value.name)
        return value

    def pick_float(self, rank=None):
        return self.pick(lambda v: v.type == FLOAT and (rank is None or len(v.shape) == rank))

    # Steps.

    def unary(self):
        x = self.pick()
        rank = len(x.shape)
        kind = self.random.choice(["relu", "square", "tanh", "exp", "neg", "abs", "index"])

        def body(names):
            a = names[0]
            if x.type == INT:
                return {"neg": ([f"%n = arith.subi %zero_i, {a} : i32"], "%n")}.get(
                    kind, ([f"%n = arith.addi {a}, %one_i : i32"], "%n"))
            if kind == "relu":
                return [f"%c = arith.cmpf ugt, {a}, %zero_f : f32",
                        f"%n = arith.select %c, {a}, %zero_f : f32"], "%n"
            if kind == "square":
                return [f"%h = arith.mulf {a}, %half_f : f32", f"%n = arith.mulf %h, {a} : f32"], "%n"
            if kind == "exp":
                return [f"%l = arith.minimumf {a}, %one_f : f32", "%n = math.exp %l : f32"], "%n"
            if kind == "neg":
                return [f"%n = arith.negf {a} : f32"], "%n"
            if kind == "abs":
                return [f"%n = math.absf {a} : f32"], "%n"
            if kind == "index" and rank:
                dim = rank - 1
                return [f"%i = linalg.index {dim} : index", "%j = arith.index_cast %i : index to i32",
                        "%f = arith.sitofp %j : i32 to f32", f"%n = arith.addf {a}, %f : f32"], "%n"
            return [f"%n = math.tanh {a} : f32"], "%n"

        identity = affine(rank, axes(rank))
        self.generic([x], [identity] * 2, ["parallel"] * rank, self.empty(x.shape, x.type), x.shape, x.type, body)

    def binary(self):
        x = self.pick()
        y = self.pick(lambda v: v.shape == x.shape and v.type == x.type)
        rank = len(x.shape)
        if x.type == INT:
            operation = self.random.choice(["arith.addi", "arith.subi", "arith.muli", "arith.maxsi"])
        else:
            operation = self.random.choice(["arith.addf", "arith.subf", "arith.mulf", "arith.maximumf"])
        identity = affine(rank, axes(rank))
        self.generic([x, y], [identity] * 3, ["parallel"] * rank, self.empty(x.shape, x.type), x.shape, x.type,
                     lambda n: ([f"%n = {operation} {n[0]}, {n[1]} : {x.type}"], "%n"))

    def residual(self):
        """x + f(x): two ways from one value to another."""
        x = self.pick_float()
        if not x:
            return
        rank, identity = len(x.shape), affine(len(x.shape), axes(len(x.shape)))
        y = self.generic([x], [identity] * 2, ["parallel"] * rank, self.empty(x.shape, FLOAT), x.shape, FLOAT,
                         lambda n: ([f"%n = math.tanh {n[0]} : f32"], "%n"))
        if rank == 2 and x.shape[1] * x.shape[1] < 3000:
            y = self.product(y, self.weight_value((x.shape[1], x.shape[1])))
        self.generic([x, y], [identity] * 3, ["parallel"] * rank, self.empty(x.shape, FLOAT), x.shape, FLOAT,
                     lambda n: ([f"%n = arith.addf {n[0]}, {n[1]} : f32"], "%n"))

    def broadcast(self):
        x = self.pick_float()
        if not x or not x.shape:
            return
        dim, rank = self.random.randrange(len(x.shape)), len(x.shape)
        bias = Value(self.constant((x.shape[dim],)), (x.shape[dim],), FLOAT)
        identity = affine(rank, axes(rank))
        self.generic([x, bias], [identity, affine(rank, [f"d{dim}"]), identity], ["parallel"] * rank,
                     self.empty(x.shape, FLOAT), x.shape, FLOAT,
                     lambda n: ([f"%n = arith.addf {n[0]}, {n[1]} : f32"], "%n"))

    def weight_value(self, shape):
        return Value(self.constant(shape), shape, FLOAT)

    def product(self, x, w):
        out = self.fill((x.shape[0], w.shape[1]), FLOAT)
        kind = tensor((x.shape[0], w.shape[1]), FLOAT)
        return self.emit(f"linalg.matmul ins({x.name}, {w.name} : {x.text}, {w.text}) outs({out} : {kind}) -> {kind}",
                         (x.shape[0], w.shape[1]), FLOAT)

    def matmul(self):
        x = self.pick_float(rank=2)
        if not x:
            return
        n = self.random.randint(1, 33)
        if self.random.random() < 0.4:  # as Torch-MLIR writes a linear layer
            w = self.weight_value((n, x.shape[1]))
            turned = self.empty((x.shape[1], n), FLOAT)
            kind = tensor((x.shape[1], n), FLOAT)
            w = Value(self.line(f"linalg.transpose ins({w.name} : {w.text}) outs({turned} : {kind}) "
                                "permutation = [1, 0]"), (x.shape[1], n), FLOAT)
        else:
            w = self.weight_value((x.shape[1], n))
        self.product(x, w)

    def weights(self):
        """A layer of more weights than stand in the text as arrays."""
        x = self.pick(lambda v: v.type == FLOAT and len(v.shape) == 2 and 16 <= v.shape[1] <= 40)
        if x:
            self.product(x, self.weight_value((x.shape[1], 4200 // x.shape[1])))

    def batch_matmul(self):
        x = self.pick_float(rank=3)
        if not x:
            return
        y = self.pick(lambda v: v.type == FLOAT and len(v.shape) == 3 and v.shape[0] == x.shape[0]
                      and v.shape[1] == x.shape[2]) or self.weight_value((x.shape[0], x.shape[2], 5))
        shape = (x.shape[0], x.shape[1], y.shape[2])
        out, kind = self.fill(shape, FLOAT), tensor(shape, FLOAT)
        self.emit(f"linalg.batch_matmul ins({x.name}, {y.name} : {x.text}, {y.text}) outs({out} : {kind}) -> {kind}",
                  shape, FLOAT)

    def scale_rows(self):
        """x[i, j] * y[i]: a value of one rank less beside it."""
        x = self.pick(lambda v: v.type == FLOAT and len(v.shape) >= 2)
        if not x:
            return
        y = self.pick(lambda v: v.type == FLOAT and v.shape == x.shape[:-1])
        if not y:
            return
        rank = len(x.shape)
        identity = affine(rank, axes(rank))
        self.generic([x, y], [identity, affine(rank, axes(rank)[:-1]), identity], ["parallel"] * rank,
                     self.empty(x.shape, FLOAT), x.shape, FLOAT,
                     lambda n: ([f"%n = arith.mulf {n[0]}, {n[1]} : f32"], "%n"))

    def reduce(self):
        x = self.pick(lambda v: len(v.shape) >= 1)
        if not x:
            return
        rank = len(x.shape)
        gone = set(self.random.sample(range(rank), self.random.randint(1, rank)))
        keep = self.random.random() < 0.4
        shape = [1 if i in gone else n for i, n in enumerate(x.shape) if keep or i not in gone]
        results = ["0" if i in gone else f"d{i}" for i in range(rank) if keep or i not in gone]
        add, biggest = ("arith.addf", "arith.maximumf") if x.type == FLOAT else ("arith.addi", "arith.maxsi")
        operation = self.random.choice([add, biggest])
        start = 0 if operation == add else -100
        self.generic([x], [affine(rank, axes(rank)), affine(rank, results)],
                     ["reduction" if i in gone else "parallel" for i in range(rank)],
                     self.fill(shape, x.type, start), shape, x.type,
                     lambda n: ([f"%n = {operation} {n[0]}, {n[1]} : {x.type}"], "%n"))

    def softmax(self):
        x = self.pick(lambda v: v.type == FLOAT and len(v.shape) >= 2)
        if not x:
            return
        rank, shape = len(x.shape), (*x.shape[:-1], 1)
        identity, row = affine(rank, axes(rank)), affine(rank, [*axes(rank)[:-1], "0"])
        turns = ["parallel"] * (rank - 1) + ["reduction"]
        top = self.generic([x], [identity, row], turns, self.fill(shape, FLOAT, -1e30), shape, FLOAT,
                           lambda n: ([f"%n = arith.maximumf {n[0]}, {n[1]} : f32"], "%n"))
        e = self.generic([x, top], [identity, row, identity], ["parallel"] * rank, self.empty(x.shape, FLOAT),
                         x.shape, FLOAT, lambda n: ([f"%d = arith.subf {n[0]}, {n[1]} : f32",
                                                     "%n = math.exp %d : f32"], "%n"))
        total = self.generic([e], [identity, row], turns, self.fill(shape, FLOAT), shape, FLOAT,
                             lambda n: ([f"%n = arith.addf {n[0]}, {n[1]} : f32"], "%n"))
        self.generic([e, total], [identity, row, identity], ["parallel"] * rank, self.empty(x.shape, FLOAT),
                     x.shape, FLOAT, lambda n: ([f"%n = arith.divf {n[0]}, {n[1]} : f32"], "%n"))

    def arg_max(self):
        x = self.pick(lambda v: v.type == FLOAT and len(v.shape) >= 2)
        if not x:
            return
        rank, shape = len(x.shape), x.shape[:-1]
        identity, row = affine(rank, axes(rank)), affine(rank, axes(rank)[:-1])
        best, at = self.fill(shape, FLOAT, -1e30), self.fill(shape, INT)
        pair = f"{tensor(shape, FLOAT)}, {tensor(shape, INT)}"
        name = self.name()
        self.lines.append(
            f"{name}:2 = linalg.generic {{indexing_maps = [{identity}, {row}, {row}], iterator_types = ["
            + ", ".join(['"parallel"'] * (rank - 1) + ['"reduction"'])
            + f"]}} ins({x.name} : {x.text}) outs({best}, {at} : {pair}) {{\n"
            "^bb0(%a: f32, %b: f32, %c: i32):\n"
            f"  %i = linalg.index {rank - 1} : index\n  %j = arith.index_cast %i : index to i32\n"
            "  %m = arith.maximumf %a, %b : f32\n  %g = arith.cmpf ogt, %a, %b : f32\n"
            f"  %k = arith.select %g, %j, %c : i32\n  linalg.yield %m, %k : f32, i32\n}} -> ({pair})")
        self.values += [Value(f"{name}#0", shape, FLOAT), Value(f"{name}#1", shape, INT)]

    def compare(self):
        x = self.pick_float()
        if not x:
            return
        rank, identity = len(x.shape), affine(len(x.shape), axes(len(x.shape)))
        bit = self.generic([x], [identity] * 2, ["parallel"] * rank, self.empty(x.shape, "i1"), x.shape, "i1",
                           lambda n: ([f"%n = arith.cmpf ogt, {n[0]}, %half_f : f32"], "%n"))
        self.values.pop()
        self.generic([bit, x], [identity] * 3, ["parallel"] * rank, self.empty(x.shape, FLOAT), x.shape, FLOAT,
                     lambda n: ([f"%n = arith.select {n[0]}, {n[1]}, %zero_f : f32"], "%n"))

    def convert(self):
        x = self.pick()
        rank, identity = len(x.shape), affine(len(x.shape), axes(len(x.shape)))
        to = INT if x.type == FLOAT else FLOAT
        lines = (lambda n: ([f"%l = arith.minimumf {n[0]}, %ten_f : f32", "%m = arith.maximumf %l, %zero_f : f32",
                             "%n = arith.fptosi %m : f32 to i32"], "%n")) if x.type == FLOAT else (
            lambda n: ([f"%l = arith.andi {n[0]}, %one_i : i32", "%n = arith.sitofp %l : i32 to f32"], "%n"))
        self.generic([x], [identity] * 2, ["parallel"] * rank, self.empty(x.shape, to), x.shape, to, lines)

    def transpose(self):
        x = self.pick(lambda v: len(v.shape) >= 2)
        if not x:
            return
        order = list(range(len(x.shape)))
        self.random.shuffle(order)
        shape = tuple(x.shape[i] for i in order)
        out = self.empty(shape, x.type)
        self.emit(f"linalg.transpose ins({x.name} : {x.text}) outs({out} : {tensor(shape, x.type)}) "
                  f"permutation = {order}", shape, x.type)

    def reshape(self):
        x = self.pick(lambda v: len(v.shape) >= 1)
        if not x:
            return
        rank = len(x.shape)
        if rank >= 2 and self.random.random() < 0.5:
            at = self.random.randrange(rank - 1)
            groups = [[i] for i in range(at)] + [[at, at + 1]] + [[i] for i in range(at + 2, rank)]
            shape = (*x.shape[:at], x.shape[at] * x.shape[at + 1], *x.shape[at + 2:])
            self.emit(f"tensor.collapse_shape {x.name} {groups} : {x.text} into {tensor(shape, x.type)}", shape, x.type)
            return
        at = self.random.randrange(rank)
        divisors = [d for d in range(1, x.shape[at] + 1) if x.shape[at] % d == 0]
        d = self.random.choice(divisors)
        shape = (*x.shape[:at], d, x.shape[at] // d, *x.shape[at + 1:])
        if len(shape) > 5:
            return
        groups = [[i] for i in range(at)] + [[at, at + 1]] + [[i + 1] for i in range(at + 1, rank)]
        self.emit(f"tensor.expand_shape {x.name} {groups} output_shape {list(shape)} : {x.text} into "
                  f"{tensor(shape, x.type)}", shape, x.type)

    def pad(self):
        x = self.pick(lambda v: len(v.shape) >= 1 and np.prod(v.shape) < MOST_ELEMENTS)
        if not x:
            return
        rank = len(x.shape)
        low = [self.random.choice([0, 0, 1, 2]) for _ in range(rank)]
        high = [self.random.choice([0, 0, 1]) for _ in range(rank)]
        self.padded(x, low, high)

    def padded(self, x, low, high):
        rank = len(x.shape)
        shape = tuple(a + n + b for a, n, b in zip(low, x.shape, high, strict=True))
        number = self.scalar(self.random.choice([0, -3]), x.type)
        indices = ", ".join(f"%p{i}: index" for i in range(rank))
        return self.emit(f"tensor.pad {x.name} low{low} high{high} {{\n^bb0({indices}):\n  tensor.yield {number} : "
                         f"{x.type}\n}} : {x.text} to {tensor(shape, x.type)}", shape, x.type)

    def slice(self):
        x = self.pick(lambda v: len(v.shape) >= 1)
        if not x:
            return
        offsets, sizes, strides = [], [], []
        for n in x.shape:
            stride = self.random.choice([1, 1, 1, 2])
            offset = self.random.choice([0, 0, self.random.randrange(n)])
            most = (n - offset + stride - 1) // stride
            offsets.append(offset)
            sizes.append(most if self.random.random() < 0.6 else self.random.randint(1, most))
            strides.append(stride)
        self.emit(f"tensor.extract_slice {x.name}{offsets} {sizes} {strides} : {x.text} to {tensor(sizes, x.type)}",
                  sizes, x.type)

    def fill_slice(self):
        """A slice of a fill, as the start of a sum."""
        x = self.pick_float(rank=2)
        if not x:
            return
        whole = self.fill((x.shape[0] + 2,), FLOAT, 1)
        part = self.line(f"tensor.extract_slice {whole}[1] [{x.shape[0]}] [1] : "
                         f"{tensor((x.shape[0] + 2,), FLOAT)} to {tensor((x.shape[0],), FLOAT)}")
        self.generic([x], [affine(2, axes(2)), affine(2, ["d0"])], ["parallel", "reduction"], part, (x.shape[0],),
                     FLOAT, lambda n: ([f"%n = arith.addf {n[0]}, {n[1]} : f32"], "%n"))

    def concat(self):
        x = self.pick(lambda v: len(v.shape) >= 1 and np.prod(v.shape) < MOST_ELEMENTS // 2)
        if not x:
            return
        dim = self.random.randrange(len(x.shape))
        y = self.pick(lambda v: v.type == x.type and len(v.shape) == len(x.shape)
                      and all(i == dim or a == b for i, (a, b) in enumerate(zip(v.shape, x.shape, strict=True))))
        shape = list(x.shape)
        shape[dim] += y.shape[dim]
        self.emit(f"tensor.concat dim({dim}) {x.name}, {y.name} : ({x.text}, {y.text}) -> {tensor(shape, x.type)}",
                  shape, x.type)

    def convolution(self):
        x = self.pick_float(rank=4)
        if not x:
            return
        height, width = self.random.randint(1, 3), self.random.randint(1, 3)
        stride, dilation = self.random.choice([1, 1, 2]), self.random.choice([1, 1, 2])
        if self.random.random() < 0.5:
            x = self.padded(x, [0, 0, 1, 1], [0, 0, 1, 1])
        rows = (x.shape[2] - dilation * (height - 1) - 1) // stride + 1
        columns = (x.shape[3] - dilation * (width - 1) - 1) // stride + 1
        if x.shape[2] < dilation * (height - 1) + 1 or x.shape[3] < dilation * (width - 1) + 1:
            return
        channels = self.random.randint(1, 5)
        filters = self.weight_value((channels, x.shape[1], height, width))
        shape = (x.shape[0], channels, rows, columns)
        bias = self.weight_value((channels,))
        empty, kind = self.empty(shape, FLOAT), tensor(shape, FLOAT)
        out = self.line(f"linalg.broadcast ins({bias.name} : {bias.text}) outs({empty} : {kind}) "
                        "dimensions = [0, 2, 3]")
        self.emit(f"linalg.conv_2d_nchw_fchw {{dilations = dense<{dilation}> : vector<2xi64>, strides = "
                  f"dense<{stride}> : vector<2xi64>}} ins({x.name}, {filters.name} : {x.text}, {filters.text}) "
                  f"outs({out} : {kind}) -> {kind}", shape, FLOAT)

    def pool(self):
        x = self.pick_float(rank=4)
        if not x:
            return
        size, stride = self.random.randint(1, 3), self.random.randint(1, 2)
        if min(x.shape[2:]) < size:
            return
        shape = (*x.shape[:2], (x.shape[2] - size) // stride + 1, (x.shape[3] - size) // stride + 1)
        name, start = self.random.choice([("max", -1e30), ("sum", 0)])
        out, window = self.fill(shape, FLOAT, start), self.empty((size, size), FLOAT)
        kind = tensor(shape, FLOAT)
        self.emit(f"linalg.pooling_nchw_{name} {{dilations = dense<1> : vector<2xi64>, strides = dense<{stride}> : "
                  f"vector<2xi64>}} ins({x.name}, {window} : {x.text}, {tensor((size, size), FLOAT)}) "
                  f"outs({out} : {kind}) -> {kind}", shape, FLOAT)

    # The whole.

    def to_float(self, x):
        rank, identity = len(x.shape), affine(len(x.shape), axes(len(x.shape)))
        return self.generic([x], [identity] * 2, ["parallel"] * rank, self.empty(x.shape, FLOAT), x.shape, FLOAT,
                            lambda n: ([f"%n = arith.sitofp {n[0]} : i32 to f32"], "%n"))

    def text(self):
        made = [value for value in self.values if value not in self.inputs]
        results = [value for value in made if value.name not in self.used] or self.values[-1:]
        # The reference takes and gives float32.
        results = [value if value.type == FLOAT else self.to_float(value) for value in results[-3:]]
        arguments = ", ".join(f"{value.name}: {value.text}" for value in self.inputs)
        kinds = ", ".join(value.text for value in results)
        constants = ["%zero_f = arith.constant 0.0 : f32", "%half_f = arith.constant 0.5 : f32",
                     "%one_f = arith.constant 1.0 : f32", "%ten_f = arith.constant 10.0 : f32",
                     "%zero_i = arith.constant 0 : i32", "%one_i = arith.constant 1 : i32"]
        body = "\n".join("    " + line.replace("\n", "\n    ") for line in constants + self.lines)
        return (f"// seed {self.seed}\nmodule {{\n  func.func @main({arguments}) -> ({kinds}) {{\n{body}\n"
                f"    return {', '.join(value.name for value in results)} : {kinds}\n  }}\n}}\n"), len(results)

    def arrays(self):
        """Values for the inputs."""
        generator = np.random.default_rng(self.seed)
        return [generator.uniform(-2, 2, value.shape).astype(np.float32) for value in self.inputs]


def json_text(word):
    return f'"{word}"'
