"""Lesson 00: Arrays before words (axes, shapes, broadcasting)

Question   How does one line of NumPy compute with a thousand words at once, and how can it be wrong without any error?
You build  sums over an axis, tables out of a column and a row, products of whole stacks, and an eye for views, copies and dtypes
You need   Python
Article    no section of its own: all of its formulas are computed with such arrays
Time       2 s on 2 cores
Figures    00_broadcasting.png
Run        python lessons/00_arrays.py [--quick] [--seed S] [--out DIR]
Check      python -m minillm check 00
"""

# %% [markdown]
# ## 1. Axes and shapes
#
# Whatever this course computes is an **array**: numbers in rows, tables, or stacks of tables. Each direction in which one can count is an
# **axis**, and the **shape** says how far, axis by axis. Two sentences of three words with four numbers to each word have the shape
# (2, 3, 4). The course writes (B, T, D): B sentences (a *batch*), T words, D numbers to a word. Many a wrong answer to this course's
# exercises is a mistake about axes. If you know NumPy well, do the exercises, and go on to lesson 01.
#
# In the script, the lines that begin with `#>` show what the code above them prints.

# %%
import math

import numpy as np

from minillm.course import Lesson
from minillm.ops import causal_mask, linear
from minillm.plots import matrix_maps

lesson = Lesson(0)
rng = lesson.rng()

x = np.arange(24.0).reshape(2, 3, 4)  # (B, T, D): the numbers 0 to 23, in their order
print("x has the shape", x.shape, "so", x.ndim, "axes and", x.size, "numbers")
print("x[0, 1], the second word of the first sentence:", x[0, 1])
parts = {"x[0]": x[0], "x[:, 1]": x[:, 1], "x[:, 1:2]": x[:, 1:2], "x[..., -1]": x[..., -1], "x[:, [0, 2]]": x[:, [0, 2]]}
for name, part in parts.items():
    print(f"{name}: {part.shape}")
#> x has the shape (2, 3, 4) so 3 axes and 24 numbers
#> x[0, 1], the second word of the first sentence: [4. 5. 6. 7.]
#> x[0]: (3, 4)
#> x[:, 1]: (2, 4)
#> x[:, 1:2]: (2, 1, 4)
#> x[..., -1]: (2, 3)
#> x[:, [0, 2]]: (2, 2, 4)

# %% [markdown]
# A number takes its axis away, a slice keeps it, a list picks several. `:` is the whole axis, `...` all axes that are not named, -1 the
# last.
#
# ## 2. A sum takes an axis away
#
# `sum`, `mean` and `max` have an `axis`. It is the one that **goes away**: of (2, 3), `axis=0` leaves (3,), a sum for each column, and
# `axis=1` leaves (2,), a sum for each row. Here are counts of words, and each row shall become probabilities.

# %%
counts = np.array([[1.0, 3, 0], [2, 2, 4]])
print("axis=0", counts.sum(axis=0), " axis=1", counts.sum(axis=1), " no axis", counts.sum())
print("keepdims", counts.sum(axis=1, keepdims=True).tolist())
try:
    counts / counts.sum(axis=1)
except ValueError as error:
    print(error)
print((counts / counts.sum(axis=1, keepdims=True)).tolist())
#> axis=0 [3. 5. 4.]  axis=1 [4. 8.]  no axis 12.0
#> keepdims [[4.0], [8.0]]
#> operands could not be broadcast together with shapes (2,3) (2,)
#> [[0.25, 0.75, 0.0], [0.25, 0.25, 0.5]]

# %% [markdown]
# With `keepdims=True` the axis stays, with length 1: a column. Then each row is divided by its own sum. Where the last axis is meant, write
# `axis=-1`: it is right for (N, V) and for (B, T, V).
#
# ## 3. Broadcasting: two shapes, one rule
#
# How can (2, 3) be divided by (2, 1)? Write the shapes below each other **from the right**. An axis that is missing counts as 1. Each two
# lengths must be equal, or one of them 1: that one is repeated. Else there is an error, as above.
#
#     x         (2, 3, 4)        a column   (3, 1)        counts         (2, 3)
#     bias            (4)        a row         (4)        their sums        (2)
#     x + bias  (2, 3, 4)        together   (3, 4)        3 and 2: an error
#
# A column and a row make a table. `None` as an index puts in an axis of length 1, so `i[:, None]` is i as a column.

# %%
i = np.arange(5)
distance = i[:, None] - i  # (5, 1) and (5,) make (5, 5)
print(distance[3], "the distances from position 3 to each position")
assert ((distance >= 0) == causal_mask(5, 5)).all()  # which positions lie behind us: lesson 05's mask
tables = {"i[:, None], repeated": np.broadcast_to(i[:, None], (5, 5)), "i, repeated": np.broadcast_to(i, (5, 5))}
lesson.save(
    matrix_maps(
        tables | {"their difference": distance},
        rows="axis 0",
        columns="axis 1",
        centred=True,
        title="A column and a row make a table",
    ),
    "broadcasting",
    alt="Three tables of 5 by 5 numbers. In the first each row holds one number five times, 0 to 4 from top to bottom; in the second each "
    "column does, from left to right. The third is their difference: 0 on the diagonal, up to 4 below it, down to -4 above.",
)
#> [ 3  2  1  0 -1] the distances from position 3 to each position

# %% [markdown]
# ## 4. Products, and stacks of them
#
# `*` multiplies number by number, and broadcasts. `@` is the **matrix product**, rows times columns: (n, k) @ (k, m) is (n, m), with
# c_ij = Σ_k a_ik b_kj. The inner lengths must agree, and are summed away. Where there are more than two axes, `@` takes the last two as
# the matrix, and those before them as a stack, which broadcasts. So one line multiplies every word of every sentence by the same W, and
# one more compares each word with each other word *of its own sentence*.

# %%
W = rng.standard_normal((4, 5))
y = rng.standard_normal((2, 6, 4))  # for each of the two sentences six words to compare with
print("x @ W", (x @ W).shape, " y.T", y.T.shape, " y.swapaxes(-1, -2)", y.swapaxes(-1, -2).shape)
dots = x @ y.swapaxes(-1, -2)
print("dots", dots.shape)
for b in range(2):
    for t in range(3):
        np.testing.assert_allclose((x @ W)[b, t], x[b, t] @ W)
        for s in range(6):
            np.testing.assert_allclose(dots[b, t, s], (x[b, t] * y[b, s]).sum())
np.testing.assert_allclose(x @ W, linear(x, W)[0])  # the library's
#> x @ W (2, 3, 5)  y.T (4, 6, 2)  y.swapaxes(-1, -2) (2, 4, 6)
#> dots (2, 3, 6)

# %% [markdown]
# `.T` turns *all* axes round. It is the transpose of a table; of a stack it is something else, and `swapaxes(-1, -2)` is meant.
#
# A change of shape is no transpose either. `reshape` reads the numbers in their order, and only puts the borders elsewhere. Cut three words
# of four numbers into two halves of two numbers each, as lesson 07 will do for its heads:

# %%
words = np.arange(12).reshape(3, 4)  # (T, D)
right = words.reshape(3, 2, 2).swapaxes(0, 1)  # cut D in two, then bring the halves to the front: (2, T, 2)
wrong = words.reshape(2, 3, 2)  # the same shape
print("right, the first half of each word:", right[0].tolist())
print("wrong:", wrong[0].tolist())
#> right, the first half of each word: [[0, 1], [4, 5], [8, 9]]
#> wrong: [[0, 1], [2, 3], [4, 5]]

# %% [markdown]
# The shape is right, and the words are mixed up.
#
# ## 5. Views and copies
#
# `b = a` gives an array a second name. A slice, `.T`, `swapaxes` and mostly `reshape` give a **view**: another shape of the same numbers.
# Who writes into the view writes into a. Arithmetic, a list of indices and a mask make a **copy**. `+=` and `-=` write in place, and so a
# function can spoil what it was given:

# %%
def lowered(p: np.ndarray) -> np.ndarray:
    p -= 1  # p = p - 1 would make a new array
    return p


a = np.zeros((2, 3))
for name, part in {"a": a, "a[0]": a[0], "a.T": a.T, "a[[0]]": a[[0]], "a[a >= 0]": a[a >= 0], "a + 0": a + 0}.items():
    print(f"{name}: {'the same numbers' if np.shares_memory(a, part) else 'a copy'}")
lowered(a[0])
print("a after lowered(a[0]):", a.tolist())

table = np.zeros(3)
table[[1, 1, 2]] += 1
print("table[[1, 1, 2]] += 1 counts", table)
np.add.at(table, [1, 1, 2], 1)
print("after np.add.at as well     ", table)
#> a: the same numbers
#> a[0]: the same numbers
#> a.T: the same numbers
#> a[[0]]: a copy
#> a[a >= 0]: a copy
#> a + 0: a copy
#> a after lowered(a[0]): [[-1.0, -1.0, -1.0], [0.0, 0.0, 0.0]]
#> table[[1, 1, 2]] += 1 counts [0. 1. 1.]
#> after np.add.at as well      [0. 3. 2.]

# %% [markdown]
# The last lines are a trap of their own. `table[[1, 1, 2]] += 1` reads three numbers, adds 1 to each, and writes them back; the second 1
# overwrites the first. `np.add.at` adds one after the other. Lessons 02 and 04 need it.
#
# ## 6. What kind of number
#
# Each array has one **dtype**. Whole numbers count and index. float64 keeps nearly 16 digits, and float32 about 7, in half the memory:
# models are trained in float32, and gradients are checked in float64. Where both meet, the result is float64. A plain Python number does
# not decide, but what a NumPy function returns does:

# %%
whole = np.zeros(3, dtype=int)
whole[0] = 2.9
print("2.9 in an array of whole numbers:", whole[0])
print("0.1 as float32 and float64:", f"{np.float32(0.1):.17f} {np.float64(0.1):.17f}")
half = np.ones(4, dtype=np.float32)
for name, found in {"8": half / 8, "math.sqrt(64)": half / math.sqrt(64), "np.sqrt(64)": half / np.sqrt(64)}.items():
    print(f"half / {name} is {found.dtype}")
#> 2.9 in an array of whole numbers: 2
#> 0.1 as float32 and float64: 0.10000000149011612 0.10000000000000001
#> half / 8 is float32
#> half / math.sqrt(64) is float32
#> half / np.sqrt(64) is float64

# %% [markdown]
# ## 7. What breaks if ...
#
# ... `keepdims` is forgotten, and the table happens to be square? ... and if lesson 02 checks a gradient in float32? There the slope of a
# function is measured by moving x a little up and down. Take x², whose slope at 3 is 6.

# %%
square = np.array([[1.0, 3, 0], [2, 2, 4], [5, 1, 4]])
print("rows sum to", (square / square.sum(axis=1)).sum(axis=1).round(3))
print("with keepdims", (square / square.sum(axis=1, keepdims=True)).sum(axis=1).round(3))
for kind in (np.float64, np.float32):
    at, step = kind(3), kind(1e-5)
    up, down = at + step, at - step
    print(f"{kind.__name__}: the slope is {(up * up - down * down) / (2 * step):.4f}")
#> rows sum to [0.625 1.15  1.775]
#> with keepdims [1. 1. 1.]
#> float64: the slope is 6.0000
#> float32: the slope is 6.0080

# %% [markdown]
# No error, and a wrong answer: the sums of the rows lay below the columns. A shape that fits by accident hides the mistake, so test your
# code with sizes that are all different. And the two squares agree in their first five digits: of the seven that float32 has, the
# difference keeps hardly three. Lesson 02's check asks for eight.
#
# ## Takeaways
#
# - The axis that is named goes away; `keepdims=True` leaves it with length 1.
# - Shapes are compared from the right; a length of 1 is repeated; anything else must be equal.
# - `@` multiplies the last two axes, and takes those before as a stack. `.T` and `reshape` do something else than `swapaxes`.
# - A slice is a view. Work on a copy of what you were given.
#
# ## Exercises
#
# 1. `centred`: each vector less its mean, whatever axes stand before it.
# 2. `distances`: from each of some points to each of others.
# 3. `similarities`: all dot products, for a stack of pairs of tables.
#
# `python -m minillm check 00` puts your copy into `my_exercises/` and checks it; `--hint` helps, `--figure` draws yours beside the target.
#
# Predict, then run: what does `x - x.mean(axis=1)` do, for our x of shape (2, 3, 4)? And for one of shape (3, 3, 3)? Write down a shape or
# an error for both, and for the second also *which* mean is taken off the first word.
#
# ## In the library
#
# `minillm/ops/` is functions of such arrays: `minillm/ops/linear_map.py` is the product of a stack with a matrix. Each docstring gives the
# shapes, with the letters of `CONTRIBUTING.md`.
#
# ## In practice
#
# PyTorch and CuPy broadcast by the same rule, and have views and dtypes of the same kind. On a GPU an array of float32, or of 16 bits,
# takes less memory and less time. Many programs write shapes beside the lines, as this course does; einops (Rogozhnikov 2022) calls axes
# by names in place of numbers.
#
# ## Reading
#
# - Harris et al. 2020, *Array programming with NumPy*.
# - The NumPy manual, *Broadcasting* and *Copies and views*.
# - Goldberg 1991, *What Every Computer Scientist Should Know About Floating-Point Arithmetic*.
