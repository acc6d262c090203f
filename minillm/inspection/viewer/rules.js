// How each array is made of others. rule(n, i, read, say) computes number i of the node n: read(k, j) is number j of its operand k, and
// say(text), if given, is told the sum in words. It returns [value, size]; the size is that of the terms that were added up, since of
// terms that cancel little is left, and rounded off as they are it cannot be told more exactly than they can.

const last = (shape) => shape[shape.length - 1] ?? 1;

function sumOf(terms, say, words) {
  let [value, size] = [0, 0];
  for (const term of terms) [value, size] = [value + term, size + Math.abs(term)];
  if (say) say(words);
  return [value, size];
}

// Σ a_k b_k, with a term for each k.
function products(count, a, b, say) {
  let [value, size] = [0, 0];
  const words = [];
  for (let k = 0; k < count; k++) {
    const [x, y] = [a(k), b(k)];
    value += x * y;
    size += Math.abs(x * y);
    if (say) words.push(`${bracketed(x)}·${bracketed(y)}`);
  }
  if (say) say(joined(words, " + "));
  return [value, size];
}

// The row of operand k that number i of a node is in, and its mean.
function row(n, i, read, k) {
  const width = last(n.operands[k].shape);
  const first = Math.floor(i / last(n.shape)) * width;
  return Array.from({ length: width }, (_, j) => read(k, first + j));
}

const mean = (numbers) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
const largest = (numbers) => numbers.reduce((most, x) => Math.max(most, x), -Infinity);
const exponentials = (scores) => {
  const peak = largest(scores);
  return scores.map((s) => (peak === -Infinity ? 0 : Math.exp(s - peak)));
};

// erfc(x) for x >= 0, relative error below 1.2e-7 (Press et al., Numerical Recipes, section 6.2).
function erfc(x) {
  const t = 1 / (1 + x / 2);
  const powers = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277];
  return t * Math.exp(-x * x + powers.reduceRight((sum, c) => sum * t + c, 0));
}
const normal = (x) => (x < 0 ? erfc(-x / Math.SQRT2) / 2 : 1 - erfc(x / Math.SQRT2) / 2);

const ROOT = Math.sqrt(2 / Math.PI);
const sigmoid2 = (u) => 1 / (1 + Math.exp(-2 * u)); // (1 + tanh u)/2
const TAIL = 1e-8; // 1 + tanh u is known to the last digits of 1 only: far to the left, where it is nearly 0, few of its own are left
const ACTIVATIONS = { // y, and dy/dx as the sum of two terms
  gelu: [(x) => x * sigmoid2(ROOT * (x + 0.044715 * x ** 3)), (x) => {
    const p = sigmoid2(ROOT * (x + 0.044715 * x ** 3));
    return [p, 2 * p * (1 - p) * x * ROOT * (1 + 3 * 0.044715 * x * x)];
  }],
  gelu_erf: [(x) => x * normal(x), (x) => [normal(x), (x * Math.exp(-x * x / 2)) / Math.sqrt(2 * Math.PI)]],
  relu: [(x) => Math.max(x, 0), (x) => [x > 0 ? 1 : 0, 0]],
  silu: [(x) => x * sigmoid2(x / 2), (x) => {
    const p = sigmoid2(x / 2);
    return [p, x * p * (1 - p)];
  }],
  tanh: [Math.tanh, (x) => [1, -(Math.tanh(x) ** 2)]],
};

function activation(name) {
  return (n, i, read, say) => {
    const x = read(0, i);
    if (say) say(`${name}(${short(x)})`);
    const y = ACTIVATIONS[name][0](x);
    return [y, Math.abs(y) + TAIL * Math.abs(x)];
  };
}

function activationBackward(name) {
  return (n, i, read, say) => {
    const [dy, x] = [read(0, i), read(1, i)];
    const slope = ACTIVATIONS[name][1](x);
    if (say) say(`${short(dy)} · ${name}′(${short(x)}) = ${short(dy)} · ${short(slope[0] + slope[1])}`);
    return [dy * (slope[0] + slope[1]), Math.abs(dy) * (Math.abs(slope[0]) + Math.abs(slope[1]) + TAIL)];
  };
}

const RULES = {
  add(n, i, read, say) {
    const terms = [read(0, i), read(1, i)];
    return sumOf(terms, say, `${short(terms[0])} + ${bracketed(terms[1])}`);
  },
  multiply(n, i, read, say) {
    return products(1, () => read(0, i), () => read(1, i), say);
  },
  scale(n, i, read, say) {
    return products(1, () => n.options.factor, () => read(0, i), say);
  },
  matmul(n, i, read, say) {
    const [rows, inner] = n.operands[0].shape.slice(-2);
    const columns = last(n.operands[1].shape);
    const [column, line] = [i % columns, Math.floor(i / columns)];
    const batch = Math.floor(line / rows);
    return products(inner, (k) => read(0, line * inner + k), (k) => read(1, (batch * inner + k) * columns + column), say);
  },
  gather(n, i, read, say) {
    const value = read(0, i);
    if (say) say(translated("the number {0} of the table", short(value)));
    return [value, Math.abs(value)];
  },
  scatter(n, i, read, say) {
    const terms = (n.sources.get(i) || []).map((j) => read(0, j));
    return sumOf(terms, say, terms.length ? joined(terms.map(bracketed), " + ") : translated("nobody read it: 0"));
  },
  place(n, i, read, say) {
    const placed = n.sources.get(i);
    const value = placed ? read(0, placed[0]) : read(1, i);
    if (say) say(placed ? translated("the new number that was put there") : translated("as it was"));
    return [value, Math.abs(value)];
  },
  sum(n, i, read, say) {
    const size = n.size;
    const terms = Array.from({ length: n.operands[0].shape[0] }, (_, r) => read(0, r * size + i));
    return sumOf(terms, say, joined(terms.map(bracketed), " + "));
  },
  sum_of_products(n, i, read, say) {
    return products(n.operands[0].shape[0], (r) => read(0, r * n.size + i), (r) => read(1, r * n.size + i), say);
  },
  softmax(n, i, read, say) {
    const scores = row(n, i, read, 0);
    const e = exponentials(scores);
    const total = Math.max(e.reduce((sum, x) => sum + x, 0), 1);
    if (say) say(`exp(${short(scores[i % scores.length])} − ${short(largest(scores))}) / ${short(total)} = ${short(e[i % e.length])} / (${joined(e.map((x) => short(x)), " + ")})`);
    return [e[i % e.length] / total, e[i % e.length] / total];
  },
  softmax_backward(n, i, read, say) {
    const [dp, p] = [row(n, i, read, 0), row(n, i, read, 1)];
    const k = i % p.length;
    const [shared, size] = products(p.length, (j) => dp[j], (j) => p[j]);
    if (say) {
      const terms = joined(p.map((x, j) => `${short(dp[j])}·${short(x)}`), " + ");
      say(translated("{0} · ({1} − {2}), where {3} = {4}", short(p[k]), short(dp[k]), bracketed(shared), short(shared), terms));
    }
    return [p[k] * (dp[k] - shared), p[k] * (Math.abs(dp[k]) + size)];
  },
  layer_norm_factor(n, i, read, say) {
    const x = row(n, i, read, 0);
    const middle = mean(x);
    const variance = mean(x.map((each) => (each - middle) ** 2));
    if (say) say(translated("1 / √({0} + {1}), the variance of {2} numbers with mean {3}", short(variance), n.options.eps, x.length, short(middle)));
    const value = 1 / Math.sqrt(variance + n.options.eps);
    return [value, value * (1 + middle ** 2 * value ** 2)];
  },
  layer_norm_rows(n, i, read, say) {
    const x = row(n, i, read, 0);
    const [middle, factor, own] = [mean(x), read(1, i), x[i % x.length]];
    if (say) say(translated("({0} − {1}) · {2}, where {3} is the mean of the row", short(own), bracketed(middle), short(factor), short(middle)));
    return [(own - middle) * factor, (Math.abs(own) + mean(x.map(Math.abs))) * factor];
  },
  rms_norm_factor(n, i, read, say) {
    const square = mean(row(n, i, read, 0).map((x) => x * x));
    if (say) say(translated("1 / √({0} + {1}), the mean square of the row", short(square), n.options.eps));
    const value = 1 / Math.sqrt(square + n.options.eps);
    return [value, value];
  },
  gain_shift(n, i, read, say) {
    const [x, gamma, beta] = [read(0, i), read(1, i), read(2, i)];
    return sumOf([gamma * x, beta], say, `${short(gamma)} · ${bracketed(x)} + ${bracketed(beta)}`);
  },
  layer_norm_backward(n, i, read, say) {
    return normBackward(n, i, read, say, true);
  },
  rms_norm_backward(n, i, read, say) {
    return normBackward(n, i, read, say, false);
  },
  log_softmax(n, i, read, say) {
    const scores = row(n, i, read, 0);
    const peak = largest(scores);
    const logarithm = peak + Math.log(exponentials(scores).reduce((sum, x) => sum + x, 0));
    const own = scores[i % scores.length];
    const words = translated("{0} − {1}, where {2} = ln Σ exp of the {3} numbers of the row", short(own), bracketed(logarithm), short(logarithm), scores.length);
    return sumOf([own, -logarithm], say, words);
  },
  mean_loss(n, i, read, say) {
    const { targets, weight } = n.options;
    const scored = targets.map((_, r) => r).filter((r) => weight[r]);
    const width = last(n.operands[0].shape);
    const logp = scored.map((r) => read(0, r * width + targets[r]));
    const words = translated("−({0}) / {1}, a term for each target", joined(logp.map(bracketed), " + "), scored.length);
    return sumOf(logp.map((x, k) => -weight[scored[k]] * x), say, words);
  },
  cross_entropy_backward(n, i, read, say) {
    const width = last(n.shape);
    const [r, v] = [Math.floor(i / width), i % width];
    const [p, weight] = [Math.exp(read(0, i)), n.options.weight[r]];
    const target = n.options.targets[r] === v ? 1 : 0;
    const words = `(${short(p)} − ${target}) · ${short(weight)}`;
    if (say) say(target ? translated("{0}: this is the target", words) : words);
    return [(p - target) * weight, (p + target) * Math.abs(weight)];
  },
  length(n, i, read, say) {
    let [squares, count] = [0, 0];
    n.operands.forEach((operand, k) => {
      for (let j = 0; j < operand.size; j++) squares += read(k, j) ** 2;
      count += operand.size;
    });
    if (say) say(translated("the root of the sum of {0} squares, {1}", count, short(squares)));
    return [Math.sqrt(squares), Math.sqrt(squares)];
  },
  clip(n, i, read, say) {
    const [g, length] = [read(0, i), read(1, 0)];
    if (say) say(translated("{0} · {1} / {2}: the whole gradient becomes as long as {3}", short(g), n.options.longest, short(length), n.options.longest));
    const value = g * Math.min(1, n.options.longest / (length + 1e-6));
    return [value, Math.abs(value)];
  },
  adam_first(n, i, read, say) {
    const [beta, g] = [n.options.beta, read(0, i)];
    if (say) say(`${beta} · 0 + ${short(1 - beta)} · ${bracketed(g)}`);
    return [(1 - beta) * g, Math.abs((1 - beta) * g)];
  },
  adam_second(n, i, read, say) {
    const [beta, g] = [n.options.beta, read(0, i)];
    if (say) say(`${beta} · 0 + ${short(1 - beta)} · ${bracketed(g)}²`);
    return [(1 - beta) * g * g, (1 - beta) * g * g];
  },
  adam_weight(n, i, read, say) {
    const { lr, decay, beta1, beta2, eps } = n.options;
    const [w, m, v] = [read(0, i), read(1, i), read(2, i)];
    const change = (lr * m) / (1 - beta1) / (Math.sqrt(v / (1 - beta2)) + eps);
    const words = `${short(w)} − ${lr}·${decay}·${bracketed(w)} − ${lr}·${bracketed(m / (1 - beta1))} / (√${short(v / (1 - beta2))} + ${eps})`;
    return sumOf([w, -lr * decay * w, -change], say, words);
  },
};

function normBackward(n, i, read, say, centred) {
  const [dy, xhat, gamma] = [0, 1, 2].map((k) => row(n, i, read, k));
  const j = i % dy.length;
  const factor = read(3, i);
  const g = dy.map((each, k) => each * gamma[k]);
  const [shift, share] = [centred ? mean(g) : 0, mean(g.map((each, k) => each * xhat[k]))];
  const sizes = [g[j], centred ? mean(g.map(Math.abs)) : 0, xhat[j] * mean(g.map((each, k) => Math.abs(each * xhat[k])))];
  if (say) {
    const sum = `${short(g[j])}${centred ? ` − ${bracketed(shift)}` : ""} − ${bracketed(xhat[j])}·${bracketed(share)}`;
    say(translated("{0} · ({1}), where {2} = {3}·{4}", short(factor), sum, short(g[j]), short(dy[j]), short(gamma[j])));
  }
  return [factor * (g[j] - shift - xhat[j] * share), factor * sizes.reduce((sum, x) => sum + Math.abs(x), 0)];
}

for (const name of Object.keys(ACTIVATIONS)) {
  RULES[name] = activation(name);
  RULES[`${name}_backward`] = activationBackward(name);
}

// In words: the formula, and what the operands are called in it.
const WORDS = {
  weight: [translated("a weight of the model"), []],
  constant: [translated("given: no gradient goes here"), []],
  add: ["y = a + b", ["a", "b"]],
  multiply: [translated("y = a · b, number by number"), ["a", "b"]],
  scale: ["y = c · x", ["x"]],
  matmul: ["y_ij = Σ_k a_ik b_kj", ["a", "b"]],
  gather: [translated("y_t = table[id_t]: a row of the table for each id"), ["table", "ids"]],
  scatter: [translated("each number goes back to where it was read, and those that meet add up"), ["dy"]],
  place: [translated("some numbers are put in place of others"), [translated("new"), translated("before")]],
  sum: [translated("y = Σ over the rows"), ["x"]],
  sum_of_products: ["y_d = Σ_t a_td b_td", ["a", "b"]],
  softmax: ["p_j = exp(s_j − max s) / Σ_k exp(s_k − max s)", ["s"]],
  softmax_backward: ["ds_k = p_k (dp_k − Σ_j dp_j p_j)", ["dp", "p"]],
  gelu: ["y = x p, p = (1 + tanh u)/2, u = √(2/π) (x + 0.044715 x³)", ["x"]],
  gelu_backward: ["dx = dy (p + x p′), p′ = 2 p (1 − p) u′", ["dy", "x"]],
  gelu_erf: [translated("y = x Φ(x), with the normal distribution function Φ"), ["x"]],
  gelu_erf_backward: [translated("dx = dy (Φ(x) + x φ(x)), with the normal density φ"), ["dy", "x"]],
  relu: ["y = max(x, 0)", ["x"]],
  relu_backward: [translated("dx = dy where x > 0, else 0"), ["dy", "x"]],
  silu: [translated("y = x σ(x), with the logistic function σ"), ["x"]],
  silu_backward: ["dx = dy (p + x p (1 − p)), p = σ(x)", ["dy", "x"]],
  tanh: ["y = tanh x", ["x"]],
  tanh_backward: ["dx = dy (1 − tanh² x)", ["dy", "x"]],
  layer_norm_factor: [translated("rstd = 1 / √(variance of the row + ε)"), ["x"]],
  layer_norm_rows: [translated("x̂ = (x − mean of the row) · rstd"), ["x", "rstd"]],
  gain_shift: ["y = γ x̂ + β", ["x̂", "γ", "β"]],
  layer_norm_backward: ["dx = rstd (g − mean(g) − x̂ mean(g x̂)), g = γ dy", ["dy", "x̂", "γ", "rstd"]],
  rms_norm_factor: [translated("rstd = 1 / √(mean square of the row + ε)"), ["x"]],
  rms_norm_backward: ["dx = rstd (g − x̂ mean(g x̂)), g = γ dy", ["dy", "x̂", "γ", "rstd"]],
  log_softmax: ["log p_v = logit_v − ln Σ_u exp(logit_u)", ["logits"]],
  mean_loss: ["loss = −(1/N) Σ_t log p_t[target_t]", ["log p"]],
  cross_entropy_backward: [translated("dlogit_v = (p_v − [v is the target]) / N, p = exp(log p)"), ["log p"]],
  length: [translated("the length of the whole gradient, √Σ g²"), []],
  clip: [translated("g = g · longest / length, where the gradient is longer"), ["g", "length"]],
  adam_first: [translated("m = β₁ m + (1 − β₁) g, with m = 0 before the first step"), ["g"]],
  adam_second: [translated("v = β₂ v + (1 − β₂) g², with v = 0 before the first step"), ["g"]],
  adam_weight: [translated("w = w − lr λ w − lr m̂ / (√v̂ + ε), m̂ = m / (1 − β₁), v̂ = v / (1 − β₂) at the first step"), ["w", "m", "v"]],
};

// ---- numbers in words

function short(x, digits = 4) {
  if (x === 0 || !Number.isFinite(x)) return String(x).replace("-", "−").replace("Infinity", "∞");
  const size = Math.abs(x);
  const text = size >= 1e-3 && size < 1e5 ? Number(x.toPrecision(digits)).toString() : x.toExponential(digits - 2);
  return text.replace(/-/g, "−");
}

function bracketed(x) {
  return x < 0 ? `(${short(x)})` : short(x);
}

function joined(words, glue) {
  if (words.length <= 40) return words.join(glue);
  return `${words.slice(0, 24).join(glue)}${glue}${translated("… {0} more …", words.length - 32)}${glue}${words.slice(-8).join(glue)}`;
}
