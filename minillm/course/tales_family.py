"""The plots of the tales of children and those who bring them up.

Each plot is a template of paragraphs with an empty line between them. {slots} are filled with words or with scenes, and one is taken of
[the|alternatives]. The first paragraph is the title, which may be missing.
"""

FAMILY_PLOTS = [
    """
    [The Lost Toy|Lost and Found|]

    {intro} {child} had a {color} {toy}. [It {toy_wear}, but {child} loved it [best of all|more than anything else|all the same].|It was a
    gift from {elder2}, and {he} [took it everywhere|never went to bed without it|played with it every day].]

    {today} the {toy} was gone. {search} [{child} called {elder}, and together they looked again.|] {sad}

    {why_sad} “I cannot find my {toy},” said {child}. “When did you [see it last|play with it last]?” asked {elder}. {child} thought hard.
    “[Yesterday|This morning], when [I played outside|we came home|I ran after the {insect}|it began to rain],” {he} said.

    [So they went out and looked.|They put on their shoes and went out.|Hand in hand they went to look.] And there, {outdoors}, lay the
    {color} {toy}! [It was wet, but it was not broken.|It was a little dirty, but {child} did not mind.|A {wild} sat beside it, as if to
    guard it.] {glad} [“I will take better care of it,” {he} said.|“From now on I will put it away every night,” said {child}.| {thanks}]
    {evening}
    """,
    """
    [The Little {Animal} in the Rain|A Small Guest|]

    {intro} {today} {he} heard a [small|strange|soft|tiny] sound {outdoors}. {He} [went to see|bent down|pushed the leaves aside]. There
    sat a little {animal}. It was [wet and cold|all alone|shaking with cold], and it {cry}.

    “You poor thing!” said {child}. “Where is your mother?” {He} [looked all around|waited for a while], but [nobody came|no other
    {animal} was to be seen]. One of its legs was hurt, so it could not [run|walk] away. {child} wrapped it in {his} [scarf|coat|jacket]
    and carried it home.

    “[May I keep it|Can we help it], {elder}?” {he} asked. “We can help it until it is well,” said {elder}. They washed the leg and [tied
    a clean cloth around it|put a small bandage on it]. {child} gave the {animal} {meal}, because it was hungry. Then it fell asleep in
    {animal_bed}.

    After {few} days the {animal} was [well|strong] again. [{child} opened the door. “Go and find your mother,” {he} said.|“It wants to go
    home,” said {elder}, and {child} knew that this was true.] {child} was a little sad, but {he} was glad, too. [The next morning|A week
    later] the {animal} came back to [say good day|visit {him}], and its mother came with it. {kind_moral}
    """,
    """
    [The Storm|A Stormy Night|]

    {intro} One [night|evening] a great storm came. The wind [howled|roared] around the house, and the rain [beat|drummed] on the roof.
    Then there was a flash of lightning, and [the thunder went boom|the thunder rolled].

    {afraid} {He} pulled the blanket over {his} head. Then {he} heard something: {pet_name} the {pet} {pet_noise} [outside the window|at
    the door|in the shed]. “{pet_name} is afraid, too,” thought {child}. “[Somebody has to help it|It is all alone out there].”

    So {child} [jumped out of bed|took a lantern], called {elder}, and together they [ran out into the rain|opened the door]. The wind
    [almost blew them over|pulled at their clothes], but they held hands. “[Come here|Come in], {pet_name}!” called {child}. Soon all
    three of them were inside, wet and out of breath.

    {elder} made {warm_drink}, and they sat by the fire. {pet_name} {pet_joy}. [{child} told it a story, so that it would not be
    afraid|{child} counted the seconds between the lightning and the thunder. “The storm is going away,” {he} said]. Soon {child} noticed
    that {he} was not afraid any more, because {he} had somebody to take care of.

    In the morning the [sky was blue|sun was shining]. {brave_moral}
    """,
    """
    [Baking Day|Try Again|]

    {intro} {today} {child} and {elder} wanted to bake a {cake}, because [{neighbour} was ill|it was {elder2}’s birthday|{child2} was
    coming to visit|it was raining and they could not go out]. “[We need flour, eggs, butter and sugar|First we wash our hands|You can
    stir],” said {elder}.

    {child} [broke the eggs|weighed the flour|stirred the dough], and [only a little fell on the floor|only one egg fell on the floor|soon
    {his} nose was white]. But when the {cake} was in the oven, {he} ran outside to play, and forgot [the time|to watch the clock].
    Suddenly there was a [bad|strange] smell. The {cake} was as black as coal!

    {sad} “It is my fault,” {he} said. “I was going to watch it.” {hug} “[Everybody burns a {cake} once|I have burned many in my life],”
    said {elder}. “[Shall we try again|Shall we make another one]?”

    So they began again. This time {child} [sat down in front of the oven|did not leave the kitchen] and waited until the {cake} was
    [golden|brown]. [It smelled wonderful|It came out just right]. They put {fruits} on top, and [when it had cooled, everybody got a
    slice|everybody said that it was the best {cake} in the world]. {work_moral}
    """,
    """
    [Learning to Swim|{child} and the Water|]

    {intro} In summer all the children [went to the lake|splashed in the river|jumped into the pool]. Only {child} stayed [on the bank|in
    the grass], because {he} could not swim. “The water is [deep|cold|dark],” {he} said. “What if I sink?”

    {today} {elder} said, “[Shall we try together?|I will hold you.|Come in with me.] You need only go in as far as you like.” At first
    {child} put in one [toe|foot]. Then {he} went in up to {his} knees. [It was cold, but it was nice.|A small fish swam past, and {child}
    laughed.]

    “Now lie on the water like a [leaf|boat],” said {elder}, and held {him}. {child} kicked with {his} legs. {He} swallowed some water and
    [coughed|spat]. “I cannot do it!” {he} cried. “Not yet,” said {elder}. “[Try once more|Tomorrow is another day].”

    They tried every day. On {day} {child} kicked and kicked, and when {he} looked around, {elder} was standing far behind {him}. “You let
    go!” cried {child}. “Yes,” laughed {elder}. “You are swimming!” {glad} [Soon {he} swam with all the others.|{child2} and {he} swam all
    the way to the big stone.] {brave_moral}
    """,
    """
    [Brave in the Dark|What Was That?|]

    {intro} {He} was not afraid of anything, {except_dark}.

    One night {he} woke up. [The moon was hidden behind the clouds|It was very dark]. There was {fear}! {afraid} “[Is it a monster|What is
    that|Who is there]?” {he} whispered. Nobody answered.

    {child} wanted to hide under the pillow. But then {he} thought of what {elder} always said: “[Look at what you are afraid of, and it
    gets smaller|Most things are not what they seem at night].” {He} took {his} [lamp|lantern|candle] and put one foot on the floor, and
    then the other. Step by step {he} went nearer.

    It was {fear_truth}! {child} had to laugh. “[Were you afraid of me, too|You gave me a fright],” {he} said. {He} went back to bed, and
    [the dark was soft and friendly now|the dark did not seem so dark any more].

    In the morning {he} told {elder}, [who laughed, too|and they laughed together]. “You were brave,” said {elder}. “You were afraid, and
    still you went to look.” {brave_moral}
    """,
    """
    [The Birthday|A Birthday Surprise|]

    {intro} Then came {his} birthday. {child} woke up early and ran [into the kitchen|downstairs]. But [there was no cake|the kitchen was
    empty], and [nobody sang|nobody said a word about it]. “Good morning,” said {elder}, as on any other day. “[Please fetch the
    eggs|Hurry, or you will be late for school].”

    “They have forgotten it,” thought {child}. {sad} At school [nobody said anything either|{child2} only smiled and looked away]. {child}
    walked home slowly and [kicked a stone|looked at {his} shoes].

    The house was dark. {child} opened the door. “Surprise!” cried [twenty voices|everybody]. There stood {elder}, {child2}, {neighbour}
    and all {his} friends. There were {color} balloons, and on the table was a cake with {age} candles.

    “[You did not forget|I thought you had forgotten]!” cried {child}. “How could we forget you?” said {elder}. “[We had to keep it
    secret, so we could not say a word|A surprise must be quiet].” {child} blew out all the candles at once. {elder} gave {him} {gift},
    and {child2} gave {him} {gift2}. {glad} They [danced|played] until [the stars came out|it was dark].
    """,
    """
    [The Seed|{child}’s Garden|]

    {intro} {today} {elder} gave {him} {seed}. “[It looks like nothing|It is so small]!” said {child}. “[Wait and see|There is a secret
    inside],” said {elder}.

    {child} dug a small hole for it {garden_spot} and covered it with earth. Every [morning|day] {he} gave it water. But [nothing
    happened|there was only brown earth]. A week went by. “[It is asleep|It does not like me|Perhaps it is dead],” said {child}, and
    wanted to dig it up.

    “Have patience,” said {elder}. “It is working where you cannot see it.” So {child} waited. [It rained|The sun shone|A warm wind blew].
    Then one morning there was [something small and green|a tiny green tip]! {glad}

    The plant grew and grew. [A {insect} sat on its leaves.|When the wind blew, {child} tied it to a stick.|{child2} came to look at it
    every day.] [In summer|After many weeks] it was a fine big {plant}, and there was {bloom}. “That was the secret,” said {child}. [{He}
    kept one seed for the next year.|{He} gave a new seed to {child2}.] {work_moral}
    """,
    """
    [The Broken {Vase}|Telling the Truth|]

    {intro} {today} {child} was playing with {his} {toy} in the [kitchen|parlor|hall], although {elder} had said, “[Play outside|Be
    careful in here].” The {toy} flew through the air and hit the {color2} {vase}. It fell down and broke into [a hundred|many] pieces.

    [Nobody had seen it|{child} was all alone]. “I could say that [the cat did it|it was the wind],” {he} thought. {He} [hid the
    pieces|swept up the pieces and hid them] {indoors}. But {he} could not [play|eat|laugh] any more. It was as if {he} had a stone in
    {his} stomach.

    At supper {elder} asked, “[Has anybody seen the {vase}|Where is my {vase}]?” {child} turned red. {His} voice was very small. “I broke
    it,” {he} said. “I played in here, and then I hid the pieces. I am sorry.”

    {elder} was quiet for a moment. “[I am sad about the {vase}|It was a fine {vase}],” said {elder}, “but I am glad that you told me the
    truth. [That was hard|That was brave].” {hug} The stone in {his} stomach was gone. The next day they [glued the pieces together|made a
    new one out of clay]. [It was a little crooked, but they both liked it.|You could see the cracks, but it held water.] {true_moral}
    """,
    """
    [The Journey|A Visit to {relative}|]

    {intro} {today} {child} was allowed to go and visit {relative} for the first time all alone. {His} bag was packed with [a clean
    shirt|a warm sweater], {food} and {gift}. “Get off at the [fourth|third|last] stop,” said everybody. “Do not forget!”

    {child} sat in the [train|bus|boat] and looked out of the window. {He} saw {animals_seen}. It was so [warm|nice] that {his} eyes
    closed. When {he} woke up, {he} did not know where {he} was. {afraid}

    Beside {him} sat [an old woman|an old man|a young woman|a soldier] with a {big_bag}. {child} took heart and asked, “Please, have we
    passed the [bridge|church|mill]?” “Not yet. [The next stop is the one|I get off there, too],” was the answer. {thanks}

    {child} got off. And there stood {relative}, waving a {color} handkerchief! “[Were you afraid|Was it a long way]?” asked {relative}.
    “A little,” said {child}, “but I asked, and so I found the way.” They [went home arm in arm|walked home through the fields], and they
    had {food2} for supper.
    """,
    """
    [Lost at the Market|Where Is {elder}?|]

    {intro} {today} {elder} took {him} to the market. There was so much to see: {fruits} and {flower}, a {big_animal} in a {color} cart,
    and a [woman|man] who sold {food}. “Stay close to me,” said {elder}.

    But {child} stopped to look at a {animal} in a cage. When {he} turned around, {elder} was gone. {He} saw only [strange legs|strange
    faces]. {afraid} “{elder}!” {he} called. “{elder}, where are you?”

    {child} wanted to run. Then {he} remembered what {elder} had told {him}: “If you are lost, stay where you are, and ask somebody who
    works there.” So {he} went to the {neighbour_job} and said, “[Please help me|Excuse me]. My name is {child}, and I have lost {elder}.”
    “[Sit here beside me|Do not worry],” was the answer. “We will call as loud as we can.”

    Soon {elder} came running. “There you are! [I looked for you everywhere|I was so worried]!” {hug} “I stayed where I was,” said
    {child}. “That was clever,” said {elder}. They bought some {fruits}, [and gave the biggest one to the {neighbour_job}|and held hands
    all the way home].
    """,
    """
    [The New Baby|A Little Brother|]

    {intro} One day a new baby came home. It was very small and slept all day. Everybody [wanted to see it|brought it presents|spoke about
    it], and nobody had time for {child}. “[Not now|Be quiet, the baby is asleep],” they said.

    {child} was [cross|sad]. “[I wish it would go away|Nobody loves me any more],” {he} thought, and hid {hiding} with {his} {toy}. {sad}

    There {elder} found {him}. “When you were a baby, you slept all day, too,” said {elder}. “[And I carried you around the house|And you
    cried all night]. I have not less love now. Love is not like a cake, which gets smaller when we share it. Love grows.” {hug}

    Just then the baby began to cry. It cried and cried, and nobody could help. {child} went to the little bed, [sang a song|shook a
    rattle|made a funny face] and held out {his} {toy}. The baby stopped crying. It took hold of {his} finger, and smiled its very first
    smile. “[It likes you best|You are the only one who could do that],” said {elder}. {glad}
    """,
    """
    [The Sheep That Ran Away|A Hole in the Fence|]

    {intro} {His} uncle had a farm. {today} {child} was allowed to [watch|mind] the animals. “[Keep the gate shut|Do not forget to shut
    the gate],” said the farmer. But {child} saw a {color} butterfly and ran after it, and the gate stood open.

    When {he} came back, the {farm_animal} was gone. {afraid} “[It is all my fault|I must find it],” said {child}. There were marks in the
    mud, and {he} followed them, [past the well|along the hedge], over the hill and down to the stream.

    There stood the {farm_animal}, with its foot caught between two stones. It {farm_cry} when it saw {him}. “[Stand still|Do not be
    afraid],” said {child}. {He} moved the stones away, one after the other, although they were heavy. Then {he} pulled some grass and
    held it out, and the {farm_animal} [followed {him} home|came along, step by step].

    {child} told the farmer everything. “You made a mistake,” said the farmer, “but you did not run away from it.” Then they went back
    together, and {child} shut the gate. [{He} looked twice, to be sure.|“I will never forget it again,” {he} said, and {he} never did.]
    {true_moral}
    """,
    """
    [A Day Out|A Walk with {elder}|]

    {intro} {morning} {child} and {elder} went for a walk to {place}. {sky} {walk}

    {first_episode}

    {second_episode}

    [On the way home they ate {food} and talked about everything that they had seen.|“What did you like best?” asked {elder} on the way
    home. “All of it,” said {child}.|{child} was so tired that {elder} carried {him} the last part of the way.|“Can we go again tomorrow?”
    asked {child}. “[We can|If it does not rain],” said {elder}.] {evening}
    """,
    """
    [The Letter|A Letter for {relative}|]

    {intro} {relative} lived far away, and {child} missed {relative_him} very much. {today} {he} took a pencil and wrote: “Dear
    {relative}, how are you? I am well. [We have a new {pet}. It is called {pet_name}.|I can ride a bicycle now.|I have lost a tooth.]
    Please come and see us.” {He} drew a {color} {flower_one} below it.

    {child} put the letter into the box and waited. [One day|Two days] went by, and [three|four] more. No answer came. {sad} “[The letter
    has lost its way|Perhaps {relative_he} has forgotten me],” {he} said. “A letter has a long way to go,” said {elder}.

    On {day} there was a knock at the door. “Is that the answer?” cried {child}, and ran to open. It was {relative}! “[I did not want to
    write, I wanted to come|I am the answer],” said {relative}. {glad} [They ate {food} and talked until late at night.|{relative} had
    kept the drawing, and had brought {gift}.]
    """,
    """
    [The Fishing Trip|The Fish|]

    {intro} {today} {child} went fishing with {elder}. They sat beside the water for {hour}. Nothing happened. “[Be patient|Hush],” said
    {elder}, “the fish can hear you.”

    Suddenly {child} felt a strong pull. “I have got one!” {he} cried. They pulled and pulled. Out came [an old boot|a rusty kettle|a hat
    full of mud]! They laughed until they had to hold their sides. Inside it sat a small green frog, and it looked at them as if they had
    broken into its house.

    “We must put it back,” said {child}. So they did, and the frog jumped into the water with a splash. They had no fish for supper, but
    they had {food}, and a story to tell. {evening}
    """,
    """
    [The Loose Tooth|]

    {intro} {today} one of {his} teeth was loose. It moved [to and fro|when {he} touched it]. “[Will it hurt|Do I have to pull it out]?”
    {he} asked. “It will come out by itself when it is ready,” said {elder}.

    {child} could not eat {food}, because {he} was afraid for the tooth. {He} ate only {soft_food}. {child2} said, “I lost mine last year.
    It did not hurt at all.” But {child} was not so sure.

    Then {pet_name} the {pet} ran through the room after a ball and jumped over the chair. It looked so funny that {child} laughed out
    loud, and plop! There lay the tooth on the floor. “I did not feel anything!” {he} cried. {glad} {brave_moral}
    """,
    """
    [Bedtime|One More Story|]

    {intro} It was late, but {child} did not want to go to bed. “I am not tired,” {he} said, and yawned. “[Tell me one more story|I am
    thirsty|I have to say good night to my {toy}].”

    {elder} sat down on the edge of the bed. “Once there was a {color} {wild},” said {elder}, “who did not want to sleep, either. First
    the sun went to sleep, and then the birds. The {flower} closed their eyes, and the {big_animal} lay down in the barn. The {wild} was
    all alone. It had nobody to play with.” “And what did it do?” asked {child}.

    “It lay down, only to see what sleeping was like. And do you know what? It dreamed of {place}, and of {food}, and of all its friends.”
    {elder} waited for the next question. But none came. {child} was asleep, with the {toy} in {his} arm. {elder} put out the light and
    went out [softly|on tiptoe].
    """,
]
