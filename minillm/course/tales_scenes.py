"""The scenes that the plots of the tales share: how a story begins, what somebody feels and says, and how it ends.

A scene is a template: {slots} are filled with words or with other scenes, and one is taken of [the|alternatives].
"""

SCENES = {
    # How it begins.
    "intro": """[[Once|Once upon a time|A long time ago|Not long ago] there [was|lived] a [little|young|small|] {kind}
        [called|named|whose name was] {child}. {about}|{child} was a {kind} of {age}. {about}|{child} was {age} years old. {about}|In
        {home} lived a [little|] {kind} [called|named] {child}. {likes}|{child} was a
        [kind|merry|quiet|clever|lively|thoughtful|curious|cheerful] {kind} who loved {hobby}. [{lives}|]|Everybody in the
        [village|street|town|neighborhood] knew [little|] {child}. {about}|This is a story about a {kind} [called|named] {child}.
        {about}]""",
    "about": "[{lives}|{likes}|]",
    "lives": """{He} lived in {home}[| with {his} [mother and father|family|grandmother|mother|father|big brother|big sister|two
        sisters|parents|uncle]].""",
    "likes": """[{He} liked {hobby}[| and {hobby2}].|What {he} liked best was {hobby}.|{He} loved {hobby}[|, and {he} loved {food}
        even more].|Every day after school {he} liked {hobby}.|{He} liked {hobby}, but not to get up early.|Nobody loved {hobby} as
        much as {he} did.]""",
    "fable_intro": """[[Once|Once upon a time|Long ago|A long time ago] there [was|lived] a [little|young|] {kind} [called|named]
        {child}. {His} home was {den}.|In {den} lived a {kind} [called|named|whose name was] {child}.|{child} the {kind} lived in
        {den}. [{He} loved {hobby}.|]|In the middle of the [forest|wood|woods] lived {child} the {kind}. [{He} liked {hobby}.|{His}
        home was {den}.]|{child} was a [little|young|cheerful|clever|small|curious] {kind} who loved {hobby}.]""",
    "friend_animal": """[{child2} the {kind2}|{his} friend {child2}, the {kind2}|{his} neighbor {child2}, the {kind2}]""",
    "today": """[One day|One morning|One afternoon|On {day}|Early one morning|One [spring|summer|autumn|fine|warm|cool|quiet]
        [day|morning|afternoon]|One day after breakfast|On the first day of [spring|summer|autumn]|One day after lunch]""",
    "sky": "[|{weather}.]",
    "morning": """[One day|One morning|Early one morning|On {day}|One [spring|summer|autumn] morning|One day after breakfast]""",
    # What somebody feels, does and says.
    "sad": """[{child} felt [very|so|] [sad|unhappy|miserable].|Tears [came into|filled|ran from] {his} eyes.|{child} began to
        [cry|weep|sob].|{His} heart was heavy.|{child} sat down and cried.|{child} wanted to cry.|A big tear rolled down {his} cheek.]""",
    "glad": """[{child} was [very|so|] [happy|glad|pleased].|{child} [laughed|smiled|clapped {his} hands|danced] [for|with] joy.|{His}
        face shone.|{child} felt warm inside.|How glad {child} was!|{child} smiled from ear to ear.|{child} was so happy that {he}
        [jumped up and down|began to sing|danced around the room].]""",
    "fable_glad": """[{child} was [very|so|] [happy|glad|pleased].|{child} [laughed|sang|danced] for joy.|{child} felt warm
        inside.|How glad {child} was!|{child} was so happy that {he} [jumped up and down|began to sing|turned three somersaults].]""",
    "afraid": """[{child} was [afraid|frightened|scared].|{His} heart beat fast.|{His} knees [shook|trembled].|{child} did not dare to
        move.|{child} shivered with fear.|{His} mouth was dry, and {he} could not speak.]""",
    "search": """[{He} looked {indoors}. [Nothing was there.|It was not there.|There was only dust.]|{He} looked {indoors} and
        {indoors2}, but it was not there.|{He} searched the whole [house|room], from top to bottom. It was gone.|{He} turned
        everything upside down, but {he} [could not find it|found nothing].]""",
    "why_sad": """[“[What is the matter|What is wrong|Why are you so sad|Why are you crying], {child}?” asked {elder}.|{elder} saw
        that {he} was sad. “What is the matter?” asked {elder}.|{elder} came and sat down beside {him}. “[Tell me what is wrong|What
        happened], {child},” said {elder} [gently|softly|kindly].]""",
    "hug": """[{elder} put an arm around {him}.|{elder} gave {him} a big hug.|{elder} dried {his} tears.|{elder} took {his}
        hand.|{elder} smiled and stroked {his} hair.]""",
    "thanks": """[“[Thank you|Thank you so much|Oh, thank you|Thanks a thousand times]!” [said|cried] {child}.|“How can I thank you?”
        asked {child}. “[Your smile is thanks enough|You do not have to|By being happy],” was the answer.|{child} said thank you
        [three times|again and again|with all {his} heart].]""",
    "think": """[{child} thought [for a while|hard|about it|for a moment].|{child} sat down to think.|{child} scratched {his} head and
        thought.|{child} stood still and thought.] [Then|At last|Suddenly] {he} had an idea.""",
    "walk": """[They walked [over|across] the [fields|bridge|hill].|They went along the [river|road|path], hand in hand.|They followed
        the narrow path between the [trees|hedges|stones].|On the way they saw a {wild} and {few} {insect}s.]""",
    # What may happen on the way; each is a paragraph.
    "first_episode": """[There was a big puddle in the road. [{child} jumped right into it|Splash! {child} was in the middle of it],
        and the water flew up as high as a house. [“Now I have wet feet,” {he} said, “but it was worth it.”|{His} shoes were full of
        water, and at every step they said “squish!”]|{child} saw a {insect} that lay on its back and kicked with its legs. {He} held
        out a leaf, and the {insect} took hold of it and climbed on. “[Now it can walk again|Have a good day, {insect}],” {he} said.|A
        {big_animal} looked over the fence. “[Are you hungry|Would you like to have this]?” asked {child}, and held out [some grass|an
        apple]. The {big_animal} ate it, and its warm nose tickled {his} hand. {child} had to laugh.|Under the {tree} lay many {color}
        feathers. {child} picked up the longest one and [put it behind {his} ear|stuck it in {his} hair]. “[Now I can fly|Now I am an
        eagle],” {he} said, and ran down the hill with {his} arms spread wide.|They came to a field of {flower}. {child} picked {few}
        of them and made a crown. “[Who is the king|Who is the queen]?” {he} asked, and put it on a sheep. The sheep shook its head,
        and ate the crown.|Suddenly a strong wind came and took {his} hat. It flew over the hedge and over the stream, and landed on a
        scarecrow. [“It looks good on the scarecrow,” said {child}, but {he} took it back.|{child} had to climb over {few} fences to
        get it back.]|{child} heard a [knock, knock, knock|tapping sound]. “Who is at the door?” {he} asked. But there was no door. It
        was a woodpecker, high up in the {tree}, which was making a hole for its young.|A high mountain stood before them. “Hello!”
        called {child} loudly. “Hello!” answered the mountain. “[Do you like {food}|Are you hungry]?” called {child}. “Hungry!”
        answered the mountain, or that is what it sounded like.]""",
    "second_episode": """[Then dark clouds came, and it began to rain. They ran and hid under a {tree}. {child} was a little cold, so
        {elder} wrapped {him} in a {color} shawl. When the rain was over, there was a rainbow. “[Who painted it|Where does it end]?”
        asked {child}. “The sun and the rain made it together,” said {elder}.|Then {child} fell and hurt {his} knee. It bled a little.
        {child} [bit {his} lip|wanted to cry]. {elder} washed it with [cool|clean] water and tied a handkerchief around it. “[Does it
        still hurt|Can you walk]?” asked {elder}. “Only a little,” said {child}, and {he} hopped on one leg all the way to the
        bridge.|At noon they were hungry and sat down in the shade of the {tree}. {elder} opened the basket. There were {fruits} and
        {food}, and {drink}. A {wild} came and watched them, so {child} put a piece on the grass for it.|After that they met
        {neighbour}, who carried a heavy bag. “Let me help you,” said {child}. {He} took one handle, and {neighbour} took the other
        one. “[How strong you are|Now it is not half as heavy]!” said {neighbour}, and gave {him} a fine round {fruit}.|Farther on
        there was a well. {child} threw in a pebble and counted, “One, two, three.” There was a splash, far below. “[How deep it is|It
        must go to the other side of the world]!” said {child}. {elder} drew up some water, and it was so cold that it hurt their
        teeth.|Later they came to a hill with a [tower|castle] on top. They climbed up, {few} times ten steps. From there they could
        see the whole land, and their own house, as small as a {toy}. “[I could put it in my pocket|That is where we live]!” said
        {child}.]""",
    "third_episode": """[Then they built a house of branches and leaves. {child} made the roof and {child2} made the door. It was so
        small that they could only sit in it with their knees under their chins, but it was their own.|After that they played
        hide-and-seek. {child} hid {outdoors}, and {child2} looked for {him} for {hour}. At last {child} had to sneeze. “There you
        are!” cried {child2}, and they both rolled on the ground with laughter.|Then they found {few} coins in the sand. “[We are
        rich|A treasure]!” cried {child2}. With the coins they went to the baker and bought one warm roll. They broke it in two.
        {child} got the bigger half, but {he} traded it for the smaller one, because {child2} was so hungry.|Then they caught a
        {color} [fish|crab] in a bucket. It swam around and around. “It looks sad,” said {child2}. “It wants to go home,” said
        {child}. So they carried the bucket back to the water, and off it swam without a word of thanks.|On the grass lay a long rope.
        {child} took one end and {child2} took the other, and they both pulled. Neither of them won, because the rope broke in the
        middle, and both sat down hard. They looked at each other and laughed.|They wanted to know who could be quiet the longest.
        They sat down and did not say a word. A {wild} came quite near, because it thought that they were stones. Then {child2} had to
        giggle, and the {wild} ran off. “You lost!” said {child}. “But we saw it,” said {child2}.]""",
    # How it ends.
    "evening": """[[That evening|In the evening|At supper] they [ate|had|shared] {food} [together|by the fire|at the big table][|, and
        everybody was glad].|When the [moon|first star] came out, {child} [was fast asleep|fell asleep with a smile|slept
        soundly].|That night {child} [dreamed about it|slept well|told the moon all about it].|Then they went home, because it was
        time for [supper|bed].|At bedtime {child} told {elder} the whole story [again|once more|from beginning to end].|And when
        {elder} said good night, {child} was [already asleep|still smiling|too tired to answer].|They had {drink} and {food}, and
        talked about it until bedtime.|]""",
    "fable_end": """[From that day on they were the best of friends.|And they are friends to this day.|That evening all the animals
        [danced|sang|sat together] under the moon.|Then they all went home, for the sun was going down.|And if you walk in the woods,
        you may still [hear|see] them laughing together.|They shared [their supper|the last of the {berries}] and told each other
        stories until the stars came out.|]""",
    "kind_moral": """[|||||Kindness comes back to us.|Whoever helps others is never alone.|A kind heart is the best gift.|Even small
        hands can do great things.|When we help each other, everything is easier.|A little kindness goes a long way.|No kindness is
        too small.]""",
    "brave_moral": """[||||To be brave is to be afraid, and to go on.|Things look bigger in the dark than they are.|Whoever tries can
        learn.|The first step is the hardest one.|Courage grows when we use it.]""",
    "work_moral": """[||||Good things take time.|Patience does what hurry cannot.|Slow and steady is often best.|Whoever works well
        sleeps well.|If at first you fail, try again.]""",
    "true_moral": """[||||It is always better to tell the truth.|A true word makes the heart light.|Whoever tells the truth need not
        be afraid.]""",
    "share_moral": """[||||Joy that is shared is twice as big.|There is enough for all when we share.|Whoever shares has more in the
        end.|It is good to have, and better to give.|A friend is worth more than a treasure.]""",
    # Short pieces.
    "except_dark": """[but {he} did not like the dark|except the dark|as long as it was light]""",
    "garden_spot": """[behind the house|under the window|beside the fence|in the garden|in a big pot]""",
    "promise_moral": """[||||A promise is a promise.|We can trust those who keep their word.]""",
    "help_moral": """[||||Many hands make light work.|When we help each other, everything is easier.]""",
}
