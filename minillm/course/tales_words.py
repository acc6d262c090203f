"""The words of the tales: who is in them, and what they see, eat, play with and find.

A table has a name for each column and a row a line. A slot of a plot takes a word of the column of its name; the other words of the same
row then go with it, so that Anna is "she" and a kitten mews.
"""

Table = list[dict[str, str]]


def _table(columns: str, rows: str) -> dict[str, Table]:
    """The table, under the name of each of its columns. Rows stand in lines, or are divided by semicolons."""
    names = columns.split()
    cells = [[cell.strip() for cell in row.split(",")] for row in rows.strip().replace("\n", ";").split(";")]
    table = [dict(zip(names, row, strict=True)) for row in cells]
    return dict.fromkeys(names, table)


SHE, HE = "she, her, her, herself", "he, him, his, himself"
GIRLS = """Anna Mia Lucy Rose Emma Lily Clara Nora Ruth Alice Ella Sara Zoe Amira Mei Leila Grace Ida Kate Molly Priya Maya Jane Rosa
Hana Polly Sofia Nina"""
BOYS = """Tom Ben Sam Jack Leo Max Peter Omar Finn Hugo Noah Oscar Ravi Jim Daniel Will Luke Paul Kofi Henry Ali Toby George Felix
Adam Simon Theo Diego"""
CHILDREN = _table(
    "child he him his himself kind",
    "\n".join([f"{name}, {SHE}, girl" for name in GIRLS.split()] + [f"{name}, {HE}, boy" for name in BOYS.split()]),
)

# All of them walk on four legs, and none of them lives in the water: the fables would not be true of a duck.
SHE_ANIMALS = """Hazel:rabbit Pearl:cat Tilly:mouse Bella:fox Dot:mole Willow:squirrel Ruby:rat Misty:goat Fern:deer Olive:hare
Poppy:hedgehog Daisy:lamb Juno:bear Nell:badger Coco:pony"""
HE_ANIMALS = """Pip:mouse Rusty:fox Bramble:rabbit Barney:bear Otto:wolf Hopper:hare Digby:mole Gus:dog Monty:badger Spike:hedgehog
Pablo:pig Bruno:donkey Nutkin:squirrel Teddy:hamster"""
ANIMALS_WHO_TALK = (
    _table(
        "hobby",
        """
        to sing; to dig holes; to jump over puddles; to roll in the leaves; to lie in the sun; to ask questions; to run
        to dance; to watch the clouds; to look at the stars; to tell jokes; to collect stones; to build things; to hide; to whistle
        """,
    )
    | _table("big_animal", "horse; cow; bull; ox; moose; ram; bison; elk")
    | _table(
        "child kind he him his himself",
        "\n".join(
            f"{animal.replace(':', ', ')}, {words}"
            for animals, words in ((SHE_ANIMALS, SHE), (HE_ANIMALS, HE))
            for animal in animals.split()
        ),
    )
)

TABLES = (
    _table(
        "elder elder_he elder_him elder_his",
        """
        Mother, she, her, her
        Father, he, him, his
        Grandmother, she, her, her
        Grandfather, he, him, his
        Aunt May, she, her, her
        Uncle Joe, he, him, his
        """,
    )
    | _table(
        "neighbour neighbour_he neighbour_him neighbour_his",
        """
        Mrs. Brown, she, her, her
        Mr. Green, he, him, his
        Mrs. Hill, she, her, her
        Mr. Lee, he, him, his
        old Mrs. Gray, she, her, her
        old Mr. Woods, he, him, his
        Miss Bell, she, her, her
        Mr. Patel, he, him, his
        """,
    )
    # Small animals that a child can carry.
    | _table(
        "animal cry meal animal_bed",
        """
        kitten, mewed, warm milk, a basket
        puppy, whined, a little meat, a box with an old blanket
        duckling, peeped, wet bread, a box of straw
        rabbit, squeaked, a carrot, a box of hay
        lamb, bleated, warm milk, a heap of straw
        bird, chirped, a few seeds, a nest of wool
        hedgehog, sniffed, a slice of apple, a pile of dry leaves
        chick, cheeped, some corn, a box of feathers
        squirrel, chattered, a few nuts, a bed of moss
        """,
    )
    | _table(
        "pet pet_name pet_noise pet_joy",
        """
        dog, Biscuit, barked, wagged its tail
        dog, Shadow, barked, jumped up and down
        dog, Scamp, barked, licked every hand
        cat, Tiger, mewed, purred loudly
        cat, Snowy, mewed, rolled on its back
        cat, Pepper, mewed, closed its eyes and purred
        dog, Bello, howled, ran around in circles
        cat, Mittens, mewed, rubbed against every leg
        dog, Rags, barked, shook its ears
        """,
    )
    | _table("big_animal", "horse; cow; donkey; goat; sheep; pig; bull; pony")
    | _table(
        "wild",
        "fox; deer; owl; hare; badger; otter; woodpecker; eagle; swan; frog; turtle; beaver; heron; butterfly; snail",
    )
    | _table("insect", "ant; bee; beetle; butterfly; ladybird; grasshopper; spider; caterpillar; cricket")
    | _table(
        "toy toy_wear",
        """
        ball, had lost its shine
        doll, had only one shoe
        kite, had a patch on one wing
        drum, had a scratch on its side
        wooden horse, had lost its tail
        teddy bear, had only one ear
        toy boat, had a torn sail
        toy train, had a bent wheel
        top, had lost some paint
        puppet, had a loose arm
        whistle, had a small dent
        tin soldier, had lost its hat
        toy rabbit, had one glass eye
        """,
    )
    | _table(
        "thing",
        """
        silver key; red mitten; blue scarf; straw hat; gold ring; little book; brown purse; leather shoe; green umbrella; brass button
        woollen cap; picture book; lantern; pocket watch; silk ribbon; pencil box; silver spoon; little bell; shell necklace
        """,
    )
    | _table("color", "red; blue; green; yellow; white; brown; orange; purple; pink; silver; golden; gray; black")
    | _table("look", "small; big; pretty; round; shiny; old; new; bright; lovely; fine; funny; soft")
    | _table(
        "indoors",
        """
        under the bed; behind the door; on the kitchen shelf; in the cupboard; under the table; behind the clock; in the attic
        on the stairs; beside the stove; in the laundry basket; under a cushion; behind the curtain; at the bottom of the drawer
        """,
    )
    | _table(
        "outdoors",
        """
        under a bush; behind the shed; beside the pond; in the long grass; near the garden gate; under the old oak; in a hollow tree
        by the stream; between two stones; behind the barn; at the foot of the hill; under the bridge; beside the well; in the hay
        """,
    )
    | _table(
        "place",
        """
        the park; the meadow; the woods; the beach; the river; the village; the market; the farm; the orchard; the hill; the lake
        the harbor; the old mill; the valley; the field behind the school
        """,
    )
    | _table(
        "home",
        """
        a small house by the sea; a white cottage near the woods; a tall house in the city; a farmhouse on a hill; a village by the river
        a little flat above a shop; a house with a red roof; an old mill beside a stream; a cottage at the end of the lane
        a lighthouse on the coast; a cabin in the mountains; a house with a big garden; a narrow street near the station
        """,
    )
    | _table(
        "den",
        """
        a snug den in the hill; a little house of sticks by the stream; a mossy cave; a hut at the edge of the forest
        a cozy home under the roots of a pine; a small house in the wood; a cottage of stones and moss; a warm house under an oak
        a barn that nobody used; a little house behind the hedge
        """,
    )
    | _table(
        "food",
        """
        bread and honey; cheese; soup; pancakes; apple pie; porridge; plum cake; cookies; rice pudding; warm rolls; bread and jam
        noodles; dumplings; toast and butter; potato pie; ginger cake; roast chestnuts; raisin buns
        """,
    )
    | _table(
        "cake",
        "cake; pie; ginger cake; plum cake; apple pie; honey cake; carrot cake; lemon cake; cherry pie",
    )
    | _table(
        "fruit fruits",
        """
        apple, apples
        pear, pears
        plum, plums
        cherry, cherries
        peach, peaches
        orange, oranges
        fig, figs
        strawberry, strawberries
        apricot, apricots
        """,
    )
    | _table("drink", "milk; hot chocolate; apple juice; tea with honey; lemonade; cold water; warm milk")
    | _table(
        "berries", "blackberries; raspberries; blueberries; nuts; acorns; mushrooms; strawberries; seeds; chestnuts"
    )
    | _table(
        "seed plant bloom",
        """
        a sunflower seed, sunflower, a great yellow flower
        a bean, bean plant, a row of white flowers
        a pea, pea plant, a fat green pod
        a pumpkin seed, pumpkin plant, a round orange pumpkin
        a tulip bulb, tulip, a bright red cup
        a poppy seed, poppy, a flower like red silk
        a tomato seed, tomato plant, a small red tomato
        a melon seed, melon plant, a sweet green melon
        """,
    )
    | _table("flower", "daisies; roses; poppies; tulips; violets; bluebells; buttercups; daffodils; lilies; primroses")
    | _table("tree", "oak; apple tree; willow; pine; cherry tree; chestnut tree; birch; maple; walnut tree; elm")
    | _table("day", "Monday; Tuesday; Wednesday; Thursday; Friday; Saturday; Sunday")
    | _table(
        "weather",
        """
        The sun was shining; The sky was clear and blue; A soft wind was blowing; White clouds sailed across the sky
        The air was warm and still; The grass was wet with dew; The birds were singing; A little mist lay over the fields
        It was not too hot and not too cold; The leaves were dancing in the breeze; The air smelled of rain
        Bees were humming among the flowers
        """,
    )
    | _table(
        "hobby",
        """
        to sing; to draw; to climb trees; to read; to dance; to build things; to watch the clouds; to ask questions; to collect shells
        to tell jokes; to run; to count things; to look at the stars; to whistle; to help in the kitchen; to play in the mud
        to skip; to make up songs; to paint; to listen to stories; to dig holes; to jump over puddles; to look for insects
        """,
    )
    | _table("age", "four; five; six; seven; eight")
    | _table("few", "two; three; four; five; six")
    | _table("hour", "an hour; two hours; half the morning; a long time; the whole afternoon; half an hour")
    | _table(
        "gift",
        """
        a box of paints; a kite; a little drum; a storybook; a wooden boat; a warm scarf; a jar of honey; a bag of marbles; a music box
        a compass; a pair of skates; a telescope; a puzzle; a bunch of balloons; a paper lantern; a basket of fruit; a knitted cap
        """,
    )
    | _table(
        "craft craft_part",
        """
        cart, wheel
        kite, tail
        boat, mast
        chair, leg
        birdhouse, roof
        sled, runner
        gate, hinge
        swing, rope
        puppet, arm
        wagon, axle
        """,
    )
    | _table(
        "riddle answer",
        """
        What has hands but cannot clap?, a clock
        What has teeth but cannot bite?, a comb
        What has one eye but cannot see?, a needle
        What runs all day but never gets tired?, a river
        What gets wetter the more it dries?, a towel
        What has a neck but no head?, a bottle
        What has legs but cannot walk?, a table
        What goes up when the rain comes down?, an umbrella
        What is full of holes but still holds water?, a sponge
        What has many leaves but is not a tree?, a book
        What follows you all day and hides at night?, your shadow
        What can you catch but never throw?, a cold
        What has ears but cannot hear?, a field of corn
        """,
    )
    | _table(
        "fear fear_truth",
        """
        a low growl, only the old stove
        a tall white shape, only a shirt on a hook
        a tapping sound, only a branch at the window
        two shining eyes, only the cat on the shelf
        a soft rustle, only a mouse with a piece of paper
        a long black arm, only the shadow of a tree
        a strange whistle, only the wind in the chimney
        a slow creak, only the garden gate
        """,
    )
    | _table(
        "relative relative_he relative_him",
        "Grandmother, she, her; Grandfather, he, him; Aunt Flora, she, her; Uncle Bill, he, him; Aunt May, she, her",
    )
    | _table("vase", "vase; bowl; teapot; lamp; jug; plate; mirror; flowerpot; sugar bowl")
    | _table("warm_drink", "hot chocolate; tea with honey; warm milk; hot apple juice; mint tea")
    | _table("digger", "ant; beetle; earthworm; cricket; snail")
    | _table("cart_animal", "horse; donkey; mule; pony; ox")
    | _table(
        "hiding", "under the bed; behind the door; under the table; in the attic; behind the curtain; in the wardrobe"
    )
    | _table("flower_one", "rose; tulip; daisy; sunflower; heart; bird; fish; star")
    | _table("soft_food", "soup; porridge; mashed potatoes; pudding; soft bread in milk; applesauce")
    | _table(
        "wrong_answer", "a fish; a spoon; the wind; a cat; a wheel; a kettle; a candle; a broom; the moon; a cloud"
    )
    | _table(
        "animals_seen",
        """
        cows and sheep; a windmill and a white church; fields of yellow corn; a long bridge over a river; boats on a lake
        horses in a meadow; mountains with snow on top; a castle on a rock; a heron in the reeds; children who waved
        """,
    )
    | _table(
        "big_bag",
        "big bag; basket full of eggs; sleeping hen; large hat; bunch of flowers; cello; long umbrella; suitcase",
    )
    | _table(
        "neighbour_job",
        "baker; butcher; fishmonger; fruit seller; policewoman; florist; candle maker; potter; cheese seller",
    )
    | _table(
        "bad_sound",
        "a door that wants oil; a sick crow; a frog in a bucket; a cat in the rain; a cart on stones; a hungry goose",
    )
    | _table(
        "farm_animal farm_cry",
        "sheep, bleated; calf, mooed; goat, bleated; foal, whinnied; donkey, brayed; lamb, bleated",
    )
)
