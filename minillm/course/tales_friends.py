"""The plots of the tales of children with their friends and neighbors; written as those in `tales_family` are."""

FRIENDS_PLOTS = [
    """
    [The Honest Finder|]

    {intro} {today} {child} was on the way to {place}. {sky} Suddenly {he} saw something {outdoors}. It was a {thing}.

    [“How [pretty|lovely] it is!” thought {child}. “I should like to keep it.”|{child} picked it up and [turned it over|held it up to the
    light]. It would look nice on {his} shelf.] But then {he} thought, “Somebody has lost it. [Perhaps somebody is sad now| Somebody will
    be looking for it|It is not mine].”

    [{child} knocked at the first door. “Is this yours?” {he} asked. “No,” said the [baker|miller|shopkeeper|farmer]. “Ask
    {neighbour}.”|{child} asked everybody in the street. The [baker|postman|teacher|farmer] did not know. “Try {neighbour},” was the
    answer.] So {child} went to {neighbour}.

    {Neighbour} [was looking under all the chairs|was sitting on the steps with a sad face|was searching the garden]. “[I have lost my
    {thing}|My {thing} is gone],” said {neighbour}. “[My sister gave it to me|I had it when I was small|I have had it for thirty years].”
    “Here it is!” said {child}.

    {Neighbour} was so glad that {neighbour_he} [gave {child} a plate of {food}|shook {his} hand for a whole minute|laughed aloud]. [“You
    are an honest {kind},” {neighbour_he} said.|“Not everybody would have brought it back,” said {neighbour}.] {child} [walked home with a
    light heart|hopped all the way home|was proud and glad]. {true_moral}
    """,
    """
    [The Promise|{child} Keeps a Promise|]

    {intro} {today} {neighbour} [had to go away for a few days|was ill and had to stay in bed|had hurt {neighbour_his} foot]. “Who will
    feed my {pet}?” asked {neighbour}. “I will,” said {child}. “[I promise|You can count on me|I will come every day].”

    On the first day it was [fun|easy]. The {pet}, whose name was {pet_name}, {pet_joy}. On the second day it was easy too. But on the
    third day [{his} friends called|{child2} came to the door]. “Come and play with us at {place}!”

    {child} [wanted very much to go|had already put on {his} shoes]. Then {he} thought of {pet_name}, who was waiting, hungry and alone.
    “[I must do something first|I cannot come yet|Not now],” {he} said. “I made a promise, so I have to keep it.”

    {pet_name} {pet_noise} when {he} came, and ate up everything. [“Good {pet}!” said {child}.|{child} gave it fresh water, too.] After
    that there was still time to play. When {neighbour} [came home|was well again], {neighbour_he} said, “You kept your word, {child}.
    [You may come and play with {pet_name} whenever you like|This is for you],” [|and gave {him} {gift}. ]and {child} was [glad|proud].
    {promise_moral}
    """,
    """
    [The Quarrel|Friends Again|]

    {intro} {His} best friend was {child2}. They [played together every day|sat side by side at school|lived next door to each other].

    {today} they both wanted the {color} {toy}. “[It is my turn|I had it first]!” cried {child}. “No, it is mine!” cried {child2}. They
    pulled and pulled, until [it broke in two|it fell to the ground and broke|one side of it came off]. “[I will never play with you
    again|You are not my friend any more]!” said {child2}, and {he2} [ran|went] home.

    At first {child} was [angry|cross]. But [the house was quiet|the day was long], and it was [dull|no fun] to play alone. “[I was not
    kind|It was my fault, too|A {toy} is not worth a friend],” {he} thought. {sad}

    {elder} said, “[Somebody has to be the first to say sorry|Go and tell {him2} so|A friend is easier to mend than a {toy}].” So {child}
    went to see {child2}. They met [at the gate|in the middle of the street|on the path], because {child2} [was on {his2} way to
    {child}|had had the same idea].

    “I am sorry,” said {child}. “I am sorry, too,” said {child2}. Then they both [laughed|smiled]. They mended the {toy} [together|as well
    as they could], and [this time they took turns|after that each had a turn]. {share_moral}
    """,
    """
    [Half for You|Enough for Two|]

    {intro} {morning} {elder} gave {him} {food} [for lunch|to take to school|for the trip]. It was {his} favorite, and {child} [was
    looking forward to it all morning|could hardly wait].

    At noon {he} sat down {outdoors}. Near {him} sat {child2}, who was new [at school|in the village]. {child2} [had nothing to eat|looked
    hungry|held an empty bag]. “Are you not hungry?” asked {child}. “[I forgot my lunch|My lunch fell into a puddle|A {big_animal} ate my
    lunch],” said {child2}, and {he2} looked at the ground.

    {child} looked at {his} lunch. [It was not very big.|There was just enough for one.] {think} {He} cut it [in the middle|in two].
    “Here,” {he} said, “half for you and half for me.”

    “Thank you!” said {child2}, and {his2} face grew bright. They ate and talked, and [found out that they both liked {hobby}|laughed
    about everything|counted the {insect}s in the grass]. The next day {child2} brought {fruits}. “Half for you and half for me,” said
    {child2}. From that day on they [always sat together|were friends]. {share_moral}
    """,
    """
    [The Broken {Craft}|As Good as New|]

    {intro} {elder} had [made|built] a {color} {craft} for {him}. {child} [loved it|used it every day|was very proud of it].

    {today} {child} [was in a hurry and pulled too hard|was not careful|played with it in the rain], and crack! The {craft_part}
    [broke|came off]. {sad} “[Now it is good for nothing|It will never be the same],” {he} said.

    {neighbour} [came by|looked over the fence]. “Broken things can be mended,” said {neighbour}. “[Bring me some wood and a hammer|Bring
    me some string and glue|Fetch some nails and a saw], and I will show you how.” {child} [ran to fetch them|found everything in the
    shed].

    First they [measured|cut] a new {craft_part}. “[Hold it tight|Slowly|Be careful with your fingers],” said {neighbour}. The first one
    was too [short|big|thin]. The second one [fell off|did not fit]. But the third one fitted! It took {hour}, and in the end the {craft}
    was [as good as new|better than before].

    “[You can do the next one alone|You have clever hands],” said {neighbour}. {thanks} [A week later {child2} broke {his2} {toy}. “Do not
    cry,” said {child}. “I know how to mend it.”|Then {child} showed it to {elder}, who could not see where it had been broken.]
    {work_moral}
    """,
    """
    [The Riddle|A Clever Answer|]

    {intro} {today} {child} met {neighbour} on the way to {place}. “I have a riddle for you,” said {neighbour}. “{riddle} [If you can
    guess it, you shall have a basket of {fruits}|Whoever finds the answer gets {gift}].”

    “Is it {wrong_answer}?” asked {child}. “No,” laughed {neighbour}. {child} thought about it all the way home. {He} asked {elder}, but
    {elder} [did not know|only smiled]. {He} asked {child2}, but {child2} [shook {his2} head|did not know either].

    That evening {child} [lay in bed|sat at the window] and [looked around|thought and thought]. Suddenly {he} jumped up. “[I know it|I
    have got it|That is it]!” {he} cried.

    [The next morning|As soon as it was light] {he} ran to {neighbour}. “It is {answer}!” {he} said. “[Right|Yes, you are right]!” said
    {neighbour}. “[Nobody else has guessed it|You are a clever {kind}].” {child} got what had been promised, and shared it with {child2},
    because [two have more fun than one|{child2} had thought hard, too]. Then they [made up riddles of their own|asked everybody the
    riddle, and nobody knew the answer].
    """,
    """
    [The Race|Who Is the Fastest?|]

    {intro} Once a year there was a great race [around the lake|through the village|up the hill and back]. {child2} had won it {few} times
    and said, “[Nobody can beat me|I am the fastest of all].” {child} was [not very fast|smaller than the others], but {he} practiced
    every [day|morning].

    The day of the race came. {weather}. [“One, two, three, go!” cried {neighbour}.|{neighbour} waved a {color} flag.] They all ran off.
    {child2} was far ahead, and {child} was the last but one.

    At the bend {child2} [looked back to laugh|stumbled over a root] and fell. “Ouch! My [foot|knee]!” {he2} cried. The others ran past.
    {child} [stopped|slowed down]. “[If I stop, I will lose|Now I could win],” {he} thought. But {child2} was crying.

    {child} helped {him2} up. “Lean on me,” {he} said. Side by side they came to the end, the last of all. And what do you think?
    Everybody [cheered|clapped] louder for them than for the winner. “[I am sorry that I bragged|You could have won],” said {child2}. “[A
    friend is better than a prize|It was more fun with you],” said {child}. {kind_moral}
    """,
    """
    [The First Day of School|A New Friend|]

    {intro} {His} family had come from another town. One [Monday|morning] {he} went to the new school for the first time. {child} did not
    know anybody. [{child} felt shy.|{His} heart beat fast.|{child} held on tight to {his} bag.]

    The teacher was friendly. “This is {child},” said the teacher. [Everybody looked at {him}|All the children turned around], and {he}
    [turned red|looked at {his} shoes]. At playtime the others [ran about|played ball], and {child} stood [by the wall|under a tree]
    alone. {sad}

    Then something hit {his} foot. It was a {color} ball. A {kind2} came running after it. “[Can you throw|Do you want to play with us]?”
    asked the {kind2}. “[One of us is missing|We need one more]. I am {child2}.” {child} picked up the ball and threw it as [high|far] as
    {he} could. “[What a throw|Good]!” cried {child2}.

    They played until the bell rang. “[Sit beside me tomorrow|I will save you a seat],” said {child2}. At home {elder} asked, “How was
    it?” “[I have a friend|It was the best day],” said {child}. And [when another new child came|the next time somebody stood alone by the
    wall], {child} was the first to say, “[Come and play with us|Hello]!”
    """,
    """
    [Snow|The Snowman|]

    {intro} One winter morning everything was white. “[It has snowed|Snow]!” cried {child}, and put on {his} boots, {his} coat and {his}
    mittens. {child2} came out, too. “Let us build a snowman,” they said.

    They rolled a big ball, and a smaller one, and a very small one. {child2} brought a carrot for the nose, and {child} found {few} black
    stones for the [eyes|buttons]. “[It looks cold|Something is missing],” said {child}, and gave the snowman {elder}’s old [hat|scarf].

    But in the afternoon the sun came out, and the snowman grew [smaller and smaller|thin and crooked]. {sad} “[Our snowman is dying|It is
    going away],” said {child}. {elder} [smiled|thought about it]. “It is not gone. It turns to water, and the water goes [to the river
    and the sea|up into the clouds]. Next winter it comes back as snow.”

    In the night it grew cold again, and new snow fell. In the morning the snowman [was white and round again|had a new white coat].
    “[Welcome back|Good morning]!” cried {child}. [A small bird sat on its head, so they gave it some seeds.|Then they built a second one,
    so that it would not be alone.] {evening}
    """,
    """
    [Up in the Tree|The Kite|]

    {intro} {today} {his} kite flew into the {tree} and [stuck there|got caught in the branches]. “[I will get it|That is easy],” said
    {child}, and climbed up, from branch to branch, higher and higher.

    {He} got the kite. But then {he} looked down. How small everything was! {afraid} {He} held on to the branch with both arms and called,
    “Help! I cannot get down!”

    {child2} heard {him} and came running. “[Do not look down|Look at me, not at the ground]!” {he2} called. “I will tell you where to put
    your feet. First the left one. There is a thick branch. [Good|Well done]! Now the right one.”

    Slowly, step by step, {child} came down. {His} knees were shaking when {he} stood on the grass again. “[You saved me|Without you I
    would still be up there],” {he} said. “You did it yourself,” said {child2}. “I only [saw|knew] where the branches were.” [Then they
    flew the kite together, but far away from the {tree}.|Then they lay in the grass and ate {fruits}.] {kind_moral}
    """,
    """
    [Too Many Toys|The Tidy Room|]

    {intro} {His} room was full of things. There were {color} blocks, {few} {toy}s, socks and books, and [nobody could see the floor|one
    could hardly open the door]. “Please tidy up,” said {elder}. “[Later|Tomorrow|Soon],” said {child}, every day.

    {today} {child2} called, “[We are going to {place}. Bring your {thing}|Come quickly and bring your {thing}]!” {child} looked for the
    {thing}. {search} {child2} waited and waited, and at last {he2} had to go without {him}. {sad}

    {why_sad} “I cannot find anything,” said {child}. “Everything needs a home,” said {elder}. “[A thing that has a home is never lost|You
    have one, too].” {child} thought that this was true. So {he} made a home for the blocks [in a box|in a basket], a home for the books
    on the shelf, and a home for the socks in the drawer.

    And there, under the very last sock, was the {thing}! The next time {child2} called, {child} was ready [at once|in a minute]. [“How
    quick you are!” said {child2}.|And when they came home, {he} put the {thing} back in its place.] {work_moral}
    """,
    """
    [The Bad Cold|{child} Is Ill|]

    {intro} {morning} {child} woke up with a [headache|sore throat], and {his} face was hot. “You have to stay in bed,” said {elder}. “But
    today we all want to go to {place}!” cried {child}. {sad}

    {elder} brought {drink} and {food}, but {he} was not hungry. {child} slept a little. From {his} bed {he} heard the other children
    laughing outside. The day was [very|so] long.

    In the afternoon something [tapped at|hit] the window. It was {child2}! {child2} held up a big sheet of paper, and on it stood in
    {color} letters: “GET WELL SOON!” “[It is no fun without you|We did not go to {place} without you],” called {child2} through the
    glass. Then {he2} [played a puppet show|stood on {his2} head|danced like a {wild}] outside the window, until {child} had to laugh.

    After {few} days {child} was well again, and they [all|both] went to {place} together. [A week later {child2} had the cold. Can you
    guess who stood at {his2} window?|“Laughing is the best medicine,” said {child}.] {kind_moral}
    """,
    """
    [The Old Bridge|The Way Across|]

    {intro} {today} {child} and {child2} took {food} to {neighbour}, who lived on the other side of the river. {sky} But when they came to
    the river, the bridge [was gone|was broken], because there had been so much rain.

    “[We have to go home|Now we cannot get across],” said {child2}. “{Neighbour} is waiting,” said {child}. “Let us think.” They threw a
    branch into the water, but it [floated away|sank]. They called for a boat, but [nobody heard them|there was none].

    Then they saw a {big_animal} that walked [calmly|slowly] through the water, farther up. “Look, there the river is not deep!” cried
    {child}. There were flat stones under the water. They took off their shoes and [held hands|went one by one]. “[The water is cold|It
    tickles]!” laughed {child2}.

    {Neighbour} was [surprised|glad]. “How did you get here without a bridge?” “[A {big_animal} showed us the way|We looked, and then we
    thought],” said {child}. They all ate the {food} together, and {neighbour} [told them how the bridge was built|dried their feet by the
    fire]. [A month later|In summer] there was a new bridge, and {child} and {child2} were the first to cross it.
    """,
    """
    [The Music Lesson|The Little Drum|]

    {intro} {today} {child} heard {neighbour} play the [violin|flute|piano], and it was so beautiful that {he} stood still in the street.
    “[How can I learn that|Can I learn it, too]?” {he} asked. “Of course,” said {neighbour}. “Come every {day}.”

    The first notes sounded like {bad_sound}. {child2} covered {his2} ears, and {pet_name} the {pet} ran under the bed. {child} was
    ashamed. “[I will never learn it|I am no good at it],” {he} said, and put the [music|notes] away.

    “Do you know how long I have played?” asked {neighbour}. “Forty years. And at first [the neighbors closed their windows|my own brother
    cried when I began]. [Only a little every day|Do not try to play it all at once]. Today you need only play one note, but make it a
    good one.”

    {child} played one note, and the next day two. {He} practiced when it rained and when the sun shone. In spring {he} played a whole
    song. {pet_name} came out from under the bed, and {child2} [danced|sang along]. “[Once more|Again]!” cried everybody. {glad}
    {work_moral}
    """,
    """
    [The Wish|A Star Falls|]

    {intro} One clear night {child} and {elder} sat [on the roof|in the grass|on the steps] and looked at the stars. Suddenly a star fell
    from the sky. “[Make a wish|Now you can wish for something]!” said {elder}.

    {child} thought of many things: {gift}, a {color} {toy}, a real {big_animal}. But then {he} saw a light in the window of {neighbour},
    who was [old and lived alone|always alone]. “[{Neighbour} has nobody to look at the stars with|I wonder whether {neighbour} is
    lonely],” said {child}.

    “[What did you wish|Do you know your wish now]?” asked {elder}. “[I do not need the star for it|I can do it myself],” said {child}.
    {He} ran across the street and knocked. “Would you like to come and see the stars? [We have {drink} and a warm blanket|The night is so
    clear].”

    {Neighbour} [smiled and took a coat|did not know what to say]. Soon the three of them sat side by side, and {neighbour} knew the names
    of all the stars. “That one is the [Bear|Swan|Lion|Fish],” said {neighbour}. “[I have not had such a fine evening for years|You made
    my wish come true].” {kind_moral}
    """,
    """
    [The Team|Everybody Can Do Something|]

    {intro} {today} a big cart with {fruits} stood in the middle of the road. It belonged to {neighbour}. One wheel was stuck in the mud,
    and the {cart_animal} could not pull it out.

    {child} pushed, but the cart did not move. {child2} came and pushed, too. [It moved a little, and rolled back.|It did not help.] Then
    {elder} came. All three of them pushed until they were red in the face. “[It is too heavy|We are not strong enough],” said {elder}.

    {think} “The wheel needs something hard to roll on!” {he} said. {child2} fetched boards from the barn, and {elder} put stones in front
    of the wheel. “Now all together!” cried {child}. “One, two, three!” The {cart_animal} pulled, they pushed, and with a loud noise the
    cart [came free|jumped out of the mud].

    [Everybody cheered.|{child} fell on {his} nose in the mud, and everybody laughed, {he} most of all.] “[Strength is good, but a clever
    head is better|I could not have done it alone],” said {neighbour}, and gave them as many {fruits} as they could carry. {help_moral}
    """,
    """
    [The Borrowed Book|A Book for {child2}|]

    {intro} {child2} lent {him} a book about [pirates|dragons|animals|the stars|ships]. “Take good care of it,” said {child2}. “[It is my
    favorite|It was a gift from my grandmother].” “[I promise|Of course I will],” said {child}.

    {child} read and read. {today} {he} took the book outside and laid it [in the grass|on the bench], because {he} wanted to [play|look
    at a {wild}]. Then it began to rain. When {he} thought of the book, it was too late. All its pages were wet.

    “What shall I do?” said {child}. {He} dried the book [by the stove|in the sun], but the pages [stayed crooked|were wavy], and one
    picture was spoiled. {sad} {elder} said, “You cannot undo it. But you can [say what happened|tell {child2} yourself], and you can try
    to make it good.”

    So {child} sat down and painted the picture new, with [many|all the] colors. It took {hour}. Then {he} went to {child2}. “Your book
    got wet, because I forgot it outside. I am very sorry,” {he} said. {child2} was sad at first. Then {he2} saw the new picture. “[It is
    even more beautiful than the old one|You painted that for me|What a fine picture]!” said {child2}, and [they read the book again
    together|lent {him} another one]. {true_moral}
    """,
    """
    [The Painting|All the Wrong Colors|]

    {intro} {today} the children at school painted [a house|a horse|the sea|a tree]. {child} painted it {color}. “[That is wrong|Nobody
    has ever seen such a thing]!” said {child2}, and laughed. “It has to be {color2}!”

    {child} said nothing. {He} [tore the paper in two|crumpled the paper|hid the paper under the table]. {sad} The teacher picked it up
    and [looked at it for a long time|smoothed it out]. “Why did you paint it {color}?” asked the teacher. “Because [I dreamed of it|it
    looks like that when the sun goes down|I was happy, and {color} is a happy color],” said {child}.

    “Then it is right,” said the teacher. “[A picture can show what we feel|Every one of us sees with different eyes].” The teacher mended
    the paper and hung it up in the middle of the wall.

    {child2} looked at it again. “[I did not look well|It is beautiful, really],” {he2} said. “I am sorry that I laughed. Will you show me
    how to mix that {color}?” So they sat down side by side and painted [a whole town|a big garden|a {big_animal}], in all the wrong
    colors, and it was the [finest|merriest] picture of all.
    """,
    """
    [A Day with {child2}|Two Friends|]

    {intro} {today} {child2} came to play. “What shall we do?” asked {child2}. “[Let us go to {place}|Let us look for treasure|Let us go
    and see what we can find],” said {child}, and [off they went|they took each other by the hand and ran].

    {first_episode}

    {third_episode}

    [They said good night at the gate. “Until tomorrow!” they called.|“That was a good day,” said {child2}. “Tomorrow we will have another
    one,” said {child}.|When {child2} had to go home, {he2} was [not at all tired|hungry and happy].]
    """,
    """
    [The Cold Night|A Warm Coat|]

    {intro} {His} coat was old and too small. One cold morning {elder} gave {him} a new one. It was {color} and warm.

    On the way to school {child} saw {child2}, who had no coat at all and shook with cold. “[Where is your coat|Are you cold]?” asked
    {child}. “I have none,” said {child2}. {think} “Wait here!” {he} said. {He} ran home and came back with the old coat. “It is too small
    for me,” {he} said, “but it may fit you.”

    The coat fitted as if it had been made for {him2}. “[How warm it is|Now the wind cannot bite me]!” said {child2}. They ran through the
    snow together, and neither of them was cold. {share_moral}
    """,
    """
    [The Little Boat|]

    {intro} {today} {child} folded a boat out of [paper|an old map|newspaper] and painted it {color}. {He} set it on the stream. “Sail to
    the sea!” {he} said. The boat turned around twice and sailed away.

    It sailed under the bridge, where a {wild} looked at it in wonder. It sailed past {place}, and a {insect} rode on it for a while. Then
    it got caught [between two stones|in the reeds]. There {child2} found it, who lived down by the mill. {child2} [put a small flag on
    it|mended a hole in it] and let it go.

    {child} had run along the stream. “That is my boat!” {he} called. “I thought it came from a far country,” said {child2}. They both
    laughed. The boat sailed on without them, but they stayed, and [built a dam of mud and stones|threw stones into the water], and so the
    boat had brought {him} a friend.
    """,
]
