"""Diagrams of models: boxes and arrows from the bottom up, residual connections around them, and shapes along the arrows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch

from minillm.errors import InputError
from minillm.plots.labels import plain_text
from minillm.plots.layout import fit
from minillm.plots.style import house_style, new_figure

FILL = {
    "embedding": "#f6dcea",
    "attention": "#d3e7f5",
    "norm": "#fff2c2",
    "feed-forward": "#d3eee2",
    "head": "#fde0cc",
}
LINE, FAINT = "0.25", "0.55"
WIDE, TALL, GAP = 1.9, 0.34, 0.36  # inches: a box, and the arrow between two
SIDE = WIDE / 2 + 0.22  # from the middle of a box to the path of a residual connection
EDGE = 0.07  # from what is repeated to its frame
STREAM = "(B, T, D)"


class Box(NamedTuple):
    """A layer on the way up, and the shape of what leaves it."""

    text: str
    kind: str
    shape: str = STREAM


class Residual(NamedTuple):
    """Layers with a connection around them; what leaves them is added to what entered."""

    boxes: Sequence[Box]
    shape: str = STREAM


class Added(NamedTuple):
    """A layer at the side whose output is added."""

    box: Box


class Repeated(NamedTuple):
    """Steps that come several times, each time with weights of their own."""

    steps: Sequence["Step"]
    times: str


Step = Box | Residual | Added | Repeated


@house_style()
def block_diagram(
    *, norm: str = "pre", causal: bool = True, sizes: Mapping[str, int] | None = None, title: str | None = None
) -> Figure:
    """A Transformer block: attention and feed-forward, each with a norm before it ("pre") or after its sum ("post").

    `sizes` puts numbers for the letters B, T, D and F of the shapes.
    """
    tower = _Tower(0, side=-1, sizes=sizes)
    tower.input("x")
    tower.steps(_block(norm, "masked self-attention" if causal else "self-attention"))
    tower.output("y")
    return _figure([tower], title)


@house_style()
def gpt_diagram(
    *,
    layers: int | str = "L",
    tied: bool = True,
    notes: Mapping[str, str] | None = None,
    sizes: Mapping[str, int] | None = None,
    title: str | None = None,
) -> Figure:
    """A GPT with learned positions and pre-LN blocks, from token ids to logits. A tied head is the embedding table once more.

    `notes` writes something beside the boxes, by their texts: "token embedding", "position embedding", "LayerNorm",
    "masked self-attention", "feed-forward", "last LayerNorm" and "head". `sizes` puts numbers for B, T, D, F and V.
    """
    tower = _Tower(0, side=-1, sizes=sizes, notes=notes)
    tower.input("token ids", "(B, T)")
    tower.steps(
        [
            Box("token embedding", "embedding"),
            Added(Box("position embedding", "embedding", "(T, D)")),
            Repeated(_block("pre", "masked self-attention"), f"× {layers}"),
            Box("last LayerNorm", "norm"),
            Box("head", "head", "(B, T, V)"),
        ]
    )
    tower.output("logits")
    if tied:
        tower.tie("token embedding", "head", "the same table")
    if missing := set(notes or ()) - set(tower.places):
        raise InputError(
            f"There is no box {sorted(missing)[0]!r} in this diagram.", f"There are: {', '.join(tower.places)}."
        )
    return _figure([tower], title)


@house_style()
def encoder_decoder_diagram(
    *,
    layers: int | str = "L",
    norm: str = "post",
    sizes: Mapping[str, int] | None = None,
    title: str | None = None,
) -> Figure:
    """The Transformer of Vaswani et al. 2017: what the encoder leaves, the memory, is read by the cross-attention of every decoder block.

    Encoder and decoder end with a LayerNorm, as those of `minillm.models.Transformer` and of torch.nn.Transformer do.
    `sizes` puts numbers for the letters B, T, S, D, F and V.
    """
    encoder = _Tower(0, side=-1, sizes=sizes, letters={"T": "S"})
    encoder.input("source ids", "(B, T)")
    encoder.steps(_embedded("source embedding"))
    encoder.steps([Repeated(_block(norm, "self-attention"), f"× {layers}")])
    decoder = _Tower(2 * SIDE + 1, side=1, sizes=sizes)
    decoder.input("target ids, shifted", "(B, T)")
    decoder.steps(_embedded("target embedding"))
    inside = _block(norm, "masked self-attention", "cross-attention")
    decoder.steps([Repeated(inside, f"× {layers}")])
    last = Box("last LayerNorm", "norm")
    encoder.steps([last])
    decoder.steps([last, Box("head", "head", "(B, T, V)")])
    decoder.output("logits")
    encoder.feed(decoder, "cross-attention", "memory")
    return _figure([encoder, decoder], title)


def _embedded(text: str) -> list[Step]:
    return [Box(text, "embedding"), Added(Box("positions", "embedding", "(T, D)"))]


def _block(norm: str, *attentions: str) -> list[Step]:
    """The steps of a block: the attentions in their order, then feed-forward."""
    if norm not in ("pre", "post"):
        raise InputError(
            f"norm is {norm!r}.", 'Give "pre" or "post": a norm before each step, or after each residual sum.'
        )
    steps: list[Step] = []
    layers = [Box(text, "attention") for text in attentions] + [Box("feed-forward", "feed-forward")]
    for layer in layers:
        normed = Box("LayerNorm", "norm")
        steps += [Residual([normed, layer])] if norm == "pre" else [Residual([layer]), normed]
    return steps


class _Tower:
    """Boxes one above the other, as they are drawn: each step begins where the one before has ended."""

    def __init__(
        self,
        x: float,
        *,
        side: int,
        sizes: Mapping[str, int] | None,
        letters: Mapping[str, str] | None = None,
        notes: Mapping[str, str] | None = None,
    ):
        self.x, self.y, self.side = x, 0.0, side  # residual connections run on the left (-1) or on the right (1)
        sizes = sizes or {}
        self.letters = {name: str(size) for name, size in sizes.items()}
        self.letters |= {name: str(sizes.get(other, other)) for name, other in (letters or {}).items()}
        self.notes = notes or {}
        self.places: dict[str, float] = {}  # the height of each box, by its text: the first of several
        self.rises: list[tuple[float, str]] = []  # the arrows up: where each begins, and the shape beside it
        self.arrows: list[list[tuple[float, float]]] = []  # the others: the points of each
        self.ties: list[list[tuple[float, float]]] = []
        self.boxes: list[tuple[float, float, float, float, str]] = []  # x, y, width, height, kind
        self.frames: list[tuple[float, float]] = []  # bottom and top
        self.sums: list[float] = []
        self.words: list[tuple[float, float, str, dict]] = []

    def input(self, text: str, shape: str = STREAM) -> None:
        self.words.append((self.x, self.y, text, {"va": "top", "fontsize": 9}))
        self.y += 0.03
        self.up(shape)

    def output(self, text: str) -> None:
        self.words.append((self.x, self.y + 0.03, text, {"va": "bottom", "fontsize": 9}))

    def steps(self, steps: Sequence[Step]) -> None:
        for step in steps:
            if isinstance(step, Box):
                self.box(step)
            elif isinstance(step, Residual):
                self.residual(step)
            elif isinstance(step, Added):
                self.added(step.box)
            else:
                bottom = self.y - GAP + EDGE
                self.steps(step.steps)
                self.frames.append((bottom, self.y - GAP + EDGE))
                corner = self.x - self.side * (WIDE / 2 + 0.12)
                look = {"ha": "right" if self.side < 0 else "left", "va": "bottom", "fontsize": 10, "weight": "bold"}
                self.words.append((corner, bottom + 0.03, step.times, look))

    def up(self, shape: str) -> None:
        """An arrow to the next step, with the shape of what goes up."""
        self.rises.append((self.y, shape))
        self.y += GAP

    def shaped(self, shape: str) -> str:
        return "".join(self.letters.get(letter, letter) for letter in shape)

    def name(self, box: Box, x: float, height: float) -> None:
        """The text in a box, and the note beside it."""
        self.words.append((x, height, box.text, {"va": "center", "fontsize": 9}))
        if note := self.notes.get(box.text):
            look = {"ha": "left", "va": "center", "fontsize": 8, "color": LINE}
            self.words.append((self.x + SIDE + 0.45, height, note, look))
        self.places.setdefault(box.text, height)

    def box(self, box: Box) -> None:
        self.boxes.append((self.x, self.y, WIDE, TALL, box.kind))
        self.name(box, self.x, self.y + TALL / 2)
        self.y += TALL
        self.up(box.shape)

    def residual(self, step: Residual) -> None:
        below = self.y - 0.4 * GAP
        for box in step.boxes:
            self.box(box)
        self.plus(step.shape)
        around = self.x + self.side * SIDE
        height = self.sums[-1]
        self.arrows.append([(self.x, below), (around, below), (around, height), (self.x + self.side * 0.1, height)])

    def plus(self, shape: str) -> None:
        self.sums.append(self.y + 0.1)
        self.y += 0.2
        self.up(shape)

    def added(self, box: Box) -> None:
        height, wide, tall = self.y + 0.1, 1.35, 0.26
        x = self.x + self.side * (0.62 + wide / 2)
        inner, plus = x - self.side * wide / 2, self.x + self.side * 0.1
        self.boxes.append((x, height - tall / 2, wide, tall, box.kind))
        self.name(box, x, height)
        self.arrows.append([(inner, height), (plus, height)])
        look = {"va": "bottom", "fontsize": 7.5, "color": LINE}
        self.words.append(((inner + plus) / 2, height + 0.04, self.shaped(box.shape), look))
        self.plus(STREAM)

    def tie(self, one: str, other: str, text: str) -> None:
        """A dashed line beside the tower, between two boxes that share their weights."""
        low, high = self.places[one], self.places[other]
        edge, beside = self.x - self.side * WIDE / 2, self.x - self.side * (SIDE + 0.1)
        self.ties.append([(edge, low), (beside, low), (beside, high), (edge, high)])
        look = {"rotation": 90, "va": "center", "ha": "left", "fontsize": 8, "color": LINE}
        self.words.append((beside + 0.03, (low + high) / 2, text, look))

    def feed(self, other: "_Tower", text: str, name: str) -> None:
        """From the top of this tower, in place of its last arrow up, an arrow into a box of another tower."""
        start, shape = self.rises.pop()
        top, height = start + 0.22, other.places[text]
        between = (self.x + other.x) / 2
        self.arrows.append(
            [(self.x, start), (self.x, top), (between, top), (between, height), (other.x - WIDE / 2, height)]
        )
        look = {"va": "bottom", "fontsize": 8}
        self.words.append(((self.x + between) / 2, top + 0.04, f"{name} {self.shaped(shape)}", look))

    def draw(self, panel: Axes) -> None:
        for bottom, top in self.frames:
            outer, inner = self.x + self.side * (SIDE + 0.12), self.x - self.side * (WIDE / 2 + 0.16)
            left, right = sorted((outer, inner))
            look = {"boxstyle": "round,pad=0,rounding_size=0.1", "fc": "0.96", "ec": "0.7", "lw": 1, "zorder": 0}
            panel.add_patch(FancyBboxPatch((left, bottom), right - left, top - bottom, **look))
        for points in self.ties:
            panel.plot(*zip(*points, strict=True), lw=1.1, color=FAINT, ls="--", zorder=1)
        rises = [[(self.x, y), (self.x, y + GAP)] for y, _ in self.rises]
        style = {"arrowstyle": "-|>,head_width=0.16,head_length=0.32", "color": LINE, "lw": 1.1}
        style |= {"shrinkA": 0, "shrinkB": 0}
        for points in rises + self.arrows:
            panel.plot(*zip(*points, strict=True), lw=1.1, color=LINE, zorder=1)
            panel.annotate("", points[-1], points[-2], arrowprops=style, zorder=1)
        away = -0.07 * self.side  # from the arrow
        look = {"ha": "left" if self.side < 0 else "right", "va": "center", "fontsize": 7.5, "color": LINE, "zorder": 4}
        for y, shape in self.rises:
            panel.text(self.x + away, y + 0.5 * GAP, self.shaped(shape), parse_math=False, **look)
        for x, y, wide, tall, kind in self.boxes:
            look = {"boxstyle": "round,pad=0,rounding_size=0.06", "fc": FILL[kind], "ec": LINE, "lw": 1, "zorder": 2}
            panel.add_patch(FancyBboxPatch((x - wide / 2, y), wide, tall, **look))
        for y in self.sums:
            panel.add_patch(Circle((self.x, y), 0.1, fc="white", ec=LINE, lw=1, zorder=2))
            panel.plot([self.x - 0.06, self.x + 0.06], [y, y], [self.x, self.x], [y - 0.06, y + 0.06], color=LINE, lw=1)
        for x, y, text, look in self.words:
            panel.text(x, y, plain_text(text), **{"ha": "center", "zorder": 4, "parse_math": False} | look)


def _figure(towers: Sequence[_Tower], title: str | None) -> Figure:
    figure = new_figure()
    axes = figure.subplots(squeeze=False)
    panel = axes[0, 0]
    panel.set_axis_off()
    for tower in towers:
        tower.draw(panel)
    xs = [x + sign * wide / 2 for tower in towers for x, _, wide, _, _ in tower.boxes for sign in (-1, 1)]
    xs += [x for tower in towers for points in tower.arrows + tower.ties for x, _ in points]
    longest = max((len(note) for tower in towers for note in tower.notes.values()), default=0)
    left, right = min(xs) - 0.2, max(xs) + 0.3 + 0.065 * longest  # inches: a character of 8 points
    bottom, top = -0.25, max(tower.y for tower in towers) + 0.25
    panel.set(xlim=(left, right), ylim=(bottom, top))
    if title:
        panel.set_title(plain_text(title), parse_math=False, wrap=True)
    fit(figure, axes, right - left, top - bottom)
    return figure
