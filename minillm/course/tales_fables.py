"""The plots of the tales in which the animals talk; written as those in `tales_family` are."""

FABLES = [
    """
    [The Big Stone|Together|]

    {fable_intro} {today} a big stone rolled down the hill and stopped right in front of {his} door. {child} could not get in any more.
    {He} pushed with all {his} might, but the stone [did not move|lay still].

    {friend_animal}, came by. “[I will help you|Let me try],” said {child2}. They pushed together. The stone [shook|moved a little], but
    that was all. Then a [fat|strong] {big_animal} came. “I am strong,” it said, “[step aside|let me do it alone].” But the {big_animal}
    could not do it alone.

    At last a small {digger} came. The {big_animal} laughed. “[How can you help us? You|You] are much too small!” But the {digger} said,
    “There is a little stone under the big one. [That is why it does not roll|It holds the big one].” It crept under the big stone and dug
    the earth away from the little one.

    “Now!” cried {child}, and they all pushed. The big stone rolled [into the pond with a splash|down into the valley]! “[We needed the
    strong and the small|Without the {digger} we would still be pushing],” said {child}. {fable_glad} {He} invited them all, and there
    were {berries} for everybody. {fable_end}
    """,
    """
    [Winter Is Coming|The {Berries}|]

    {fable_intro} All summer long {child} gathered {berries} for the winter. {child2} the {kind2} [lay in the sun|sang and danced]. “Why
    do you work so hard?” asked {child2}. “[Come and play|The winter is far away].” “[The winter always comes|Cold days will come],” said
    {child}.

    The leaves turned [red and yellow|brown] and fell. Then the snow came. {child} sat in {his} warm home and had enough to eat. But
    {child2} was cold and hungry. {He2} had found nothing under the snow.

    One evening there was a knock. “[Will you please let me in|Could you give me something to eat]?” asked {child2}. “I did not listen to
    you, and I am sorry.” {child} thought of the long days of work. But {child2} [shivered|was so thin], and so {he} opened the door wide.
    “Come in and [get warm|sit by the fire],” {he} said.

    They ate {berries}, and {child2} sang all {his2} summer songs, so that the winter [was not long|was merry]. “Next summer I will help
    you,” said {child2}. And {he2} did: {he2} worked, and sang while {he2} worked, and [it went twice as fast|both of them had fun].
    {share_moral}
    """,
    """
    [The Lost Little One|Far from Home|]

    {fable_intro} {today} {child} went out to look for {berries}. {He} went farther and farther, [around the pond and over the hill|from
    bush to bush], and did not look where {he} was going. When the sun went down, {he} did not know the way home. {afraid}

    “Who is crying there?” called somebody from above. It was an owl. “I am lost,” said {child}. “[I cannot see anything in the
    dark|Everything looks strange].” “I can see well in the dark,” said the owl, “but I do not know your home. What is near it?” “A
    [crooked {tree}|{tree} with a hole],” said {child}, “and a stream that [sings|runs over white stones].”

    The owl flew up high and looked around. “I see no {tree},” it said. Then {child} had an idea. “[Listen|Let us be quiet]! I can hear
    water.” {He} had very good ears. So {he} walked after the sound, and the owl flew ahead and told {him} where [the holes|the thorns]
    were.

    They came to the stream, and there stood the {tree}. And there was {his} mother with a light! “[I have looked for you everywhere|There
    you are at last]!” said {his} mother, and held {him} [close|tight]. The owl [got some {berries} as thanks|was asked to stay for
    supper]. Since then {child} [looks back now and then when {he} walks|knows the way by its sounds], and when {he} hears an owl at
    night, {he} calls, “Good night, friend!”
    """,
    """
    [The Boaster|The Race in the Forest|]

    {fable_intro} {child2} the {kind2} was quick, and said so every day. “[Nobody is as fast as I am|You are all as slow as snails]!”
    {child} [was tired of hearing it|smiled]. “Let us run a race,” {he} said, “from the {tree} to the pond.” All the animals laughed,
    because {child} was slow.

    {today} they began. {child2} was out of sight at once. After a while {he2} [lay down under a tree|stopped to eat {berries}]. “I have
    plenty of time,” {he2} thought, and [fell asleep|ate more and more].

    {child} walked on, one step after the other. {He} did not stop [when it was hot|when {he} was tired], and {he} did not look [left or
    right|back]. {He} came past the {tree2}, where {child2} was snoring, and said nothing.

    When {child2} woke up, the sun was low. {He2} ran as fast as {he2} could. But {child} was already sitting at the pond with {his} feet
    in the water. “[How did you do that|Did you fly]?” cried {child2}. “I only kept going,” said {child}. After that {child2} did not
    boast any more, [or not so often|at least not before supper]. {work_moral}
    """,
    """
    [The Thorn|A Friend in Need|]

    {fable_intro} {today} {he} heard a loud roar, and all the birds flew up. Under a {tree} lay a great [lion|bear|wolf], holding up its
    paw. {afraid}

    “Do not run away,” said the great animal. “I have a thorn in my paw. It hurts so much that I cannot walk.” {child} [trembled|came a
    little nearer]. “Will you eat me if I help you?” {he} asked. “[I give you my word that I will not|Never],” said the great animal.

    {child} took hold of the thorn and pulled. Out it came! {He} washed the paw with [cool water|water from the stream] and put a
    [leaf|piece of moss] on it. “You are small, but you have a big heart,” said the great animal, and it limped away.

    [In winter|A year later|Weeks later] {child} fell into a deep hole. {He} called and called. Then a great head looked over the edge. It
    was the animal with the thorn! It let down its [long tail|paw], and {child} climbed up. “[Now we are even|I have not forgotten you],”
    it said. “No,” said {child}, “now we are friends.” {kind_moral} {fable_end}
    """,
    """
    [Who Took the {Berries}?|The Empty Basket|]

    {fable_intro} {today} {he} put a basket of {berries} in front of {his} door. When {he} came back, the basket was empty. “Who took my
    {berries}?” cried {child}. “[It must have been {child2}|I am sure that it was {child2}], because {he2} walked by.”

    {child} told everybody that {child2} the {kind2} was a thief. So nobody [spoke to|wanted to play with] {child2} any more, and {he2}
    sat alone by the pond and cried.

    That night {child} heard a noise. {He} looked out and saw that there was a hole in the basket. One after the other the last {berries}
    rolled out and [down the hill|into the grass]. Nobody had taken them at all! There they lay, in a long row, all the way to the
    [pond|stream].

    {child} [turned hot and red|was ashamed]. {He} went to {child2} at once. “I said something bad about you, and it was not true,” {he}
    said. “I am sorry. Tomorrow I will tell everybody.” And {he} did. {child2} [forgave {him}|thought about it, and smiled at last], and
    they picked up the {berries} together. “Next time,” said {child2}, “look at the basket first.” {true_moral}
    """,
    """
    [Afraid to Fly|The First Flight|]

    {fable_intro} In the {tree} above {him} lived a young bird that could not fly. Its brothers and sisters were already in the air, but
    the young bird sat on the edge of the nest and trembled. “[It is so far down. What if I fall|What if nothing holds me|Must I really
    jump]?” it said.

    “[I am afraid, too, sometimes|Everybody is afraid of something],” said {child}. “When I [learned to jump|first went out alone], I
    began with something small.” {think} {He} gathered leaves and moss, until there was a big soft heap under the {tree}. “Now, if you
    fall, you fall softly.”

    The young bird looked at the heap. It closed its eyes, jumped, and fell, plop, into the leaves. It did not hurt at all! {child}
    laughed, and the bird laughed, too. “[Again|Once more]!” it cried.

    It hopped up and jumped {few} times. Every time it stayed in the air a little longer. And then it did not come down. It flew around
    the {tree}, over the pond and into the blue sky. “[I can fly|Look at me]!” it called. {fable_glad} And every spring the bird [brings
    {him} a feather|sings in front of {his} door]. {brave_moral}
    """,
    """
    [The Flood|The Log|]

    {fable_intro} It had rained for {few} days, and the stream grew and grew. {today} the water came into {his} home. {child} [climbed on
    a stump|ran up a little hill], but the water rose. {afraid}

    “[Over here|Hold on]!” called a voice. It was {child2} the {kind2}, who was floating along on a log. “There is room for two!” {child}
    jumped, and the log [rocked|tipped], but it held.

    They floated past bushes and fences. A {insect} sat on a leaf and called for help, and they took it on board. Then came a frightened
    [kitten, which mewed|chick, which cheeped|toad, which croaked|puppy, which whined]. “The log is full,” said {child2}. “[If we move
    closer, there is room|Nobody must be left behind],” said {child}, and they sat so close that they could hardly breathe.

    At last the log bumped against dry land. They were all safe. The next day the sun came out, and the water went down. {child} had no
    home any more, but {he} had [three friends|many helpers]. Together they built a new home, higher up the hill, [with a door for each of
    them|and it was bigger than the old one]. {fable_end}
    """,
    """
    [The Mirror in the Pond|The Stranger in the Water|]

    {fable_intro} {today} {child} was thirsty and bent over the pond. There was somebody in the water! {He} made an angry face, and the
    stranger made an angry face, too. {He} stuck out {his} tongue, and the stranger stuck out its tongue. {afraid}

    {child} ran to {friend_animal}. “There is a bad animal in the pond,” {he} said. “[It wants to bite me|It looks so fierce]!” “[I drink
    there every day|How strange],” said {child2}. “I only ever meet a friendly one. Let us go together.”

    They went to the pond, and {child2} bent over the water and smiled. “Look, it smiles at me,” {he2} said. “Now you.” {child} came
    closer, very slowly. {He} [smiled a small smile|tried to smile]. And the stranger in the water smiled back!

    “It is you,” laughed {child2}. “It does what you do.” {child} [laughed at {himself}|laughed until {his} sides hurt]. “Then I will
    always be friendly to it,” {he} said. [And {he} noticed that it was the same with everybody {he} met.|It is much the same with all the
    others whom we meet.] {fable_end}
    """,
    """
    [The Long Night|The Moon Is Gone|]

    {fable_intro} One night the moon did not come out. “Somebody has stolen it!” cried {child}. {He} woke {friend_animal}. “[The moon is
    gone|Come quickly]! We have to find it.”

    They looked in the pond, where the moon often was. There was only black water. They looked behind the hill, and found a sleeping
    {big_animal}. “Have you seen the moon?” asked {child}. “[It was thin yesterday|It got thinner every night],” said the {big_animal} and
    yawned. “[Perhaps it is ill|Perhaps it was hungry].”

    So {child} put some {berries} on a high stone, for the moon to eat. They sat down and waited, and told each other stories, and [fell
    asleep|counted the stars]. The next night there was a thin bright line in the sky. “[It is coming back|There it is]!” whispered
    {child2}. “It has eaten.”

    “The moon goes and comes again,” said the old owl, who knew such things. “It was there all the time, only in the dark.” But a few of
    the {berries} really were gone, and beside the stone sat a {insect} that [looked very fat|did not say a word]. {fable_end}
    """,
    """
    [The Best Nest|Everybody Knows Better|]

    {fable_intro} {today} {he} began to build a new house. {child2} the {kind2} came by. “A house must be [high up|round],” said {child2}.
    So {child} began again. Then a {big_animal} came. “A house must be [big|wide],” it said. So {child} began once more. A {insect} said,
    “A house must be tiny!”

    In the evening there was no house at all, only a heap of [sticks|straw and leaves]. It began to rain. {sad} “I did what everybody
    said,” {he} said, “and now I have nothing.”

    “[What do you want yourself|What kind of house do you like]?” asked the old owl. Nobody had asked {him} that before. {child} [closed
    {his} eyes|thought for a long time]. “I want it dry and warm, with a little window, from which I can see the {tree},” {he} said. “Then
    build that,” said the owl.

    The next day {child} built just that. When somebody came by and knew better, {he} said, “[Thank you, I will think about it|For you
    that may be right],” and went on. In the evening {he} sat in {his} own house, and rain fell on the roof. And whom did {he} see at the
    little window? It was {child2}. “May I come in?” {he2} asked. “[Your house is just right|You were right after all].” {fable_end}
    """,
]
