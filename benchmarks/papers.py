"""Which finding of which paper each lesson reproduces, and what of it was not reached or not tried."""

from typing import NamedTuple


class Paper(NamedTuple):
    lesson: str
    paper: str
    here: str
    missing: str


PAPERS = [
    Paper(
        "01",
        "Jelinek & Mercer 1980",
        "backing off by weights that are chosen on a third part of the text beats every single n",
        "Kneser-Ney smoothing is named, not built",
    ),
    Paper(
        "03",
        "Sennrich et al. 2016; Petrov et al. 2023",
        "byte pairs; a tokenizer that never saw Chinese needs several times the tokens for it",
        "the gain in translation of rare words",
    ),
    Paper(
        "04",
        "Bengio et al. 2003",
        "a network over a window of words beats the best interpolated count; like words have like vectors",
        "direct connections from words to output; a text with a real vocabulary",
    ),
    Paper(
        "05",
        "Vaswani et al. 2017, section 3.2",
        "without the division by √d the softmax picks single words, and its gradient vanishes",
        "",
    ),
    Paper(
        "06",
        "Vaswani et al. 2017, section 3.5",
        "moving on is the same rotation at every place, and a head learns it",
        "sinusoids carry to lengths that were not trained in part only, as Press et al. 2021 found",
    ),
    Paper(
        "07",
        "Xiong et al. 2020",
        "with pre-LN the gradient of the top weights falls with depth, with post-LN it does not",
        "that post-LN can't be trained without warm-up at depth: no deep model is trained",
    ),
    Paper(
        "08",
        "Radford et al. 2019; Press & Wolf 2017",
        "GPT-2's form, equal to the library's in every gradient",
        "at this size a tied head does not help",
    ),
    Paper(
        "09",
        "Vaswani et al. 2017; Kingma & Ba 2015",
        "post-LN, teacher forcing and AdamW learn a task exactly; each part taken away by itself",
        "at this depth warm-up is not needed at the usual rate; it is at four times the rate",
    ),
    Paper(
        "10",
        "Radford et al. 2018; Olsson et al. 2022",
        "a GPT beats the counted model that reads the same words; looking things up comes late and suddenly",
        "what size brings (Brown et al. 2020): one size is trained",
    ),
    Paper(
        "11",
        "Devlin et al. 2019; Lewis et al. 2020",
        "what 80, 10 and 10 are each for; restoring deleted words; a GPT fills holes as well, at many times the reading",
        "that masked pretraining serves tasks better: the probe does not tell the two apart here",
    ),
    Paper(
        "12",
        "Olsson et al. 2022; Abnar & Zuidema 2020",
        "induction heads, and what is lost without them; rollout against ablation",
        "in a model that was bred for it: two thirds of its text are chants",
    ),
    Paper(
        "13",
        "Devlin et al. 2019, section 5.3; Hu et al. 2021",
        "a frozen body with a new last layer needs eight labels where a bag of words needs hundreds; LoRA, and forgetting",
        "on real sentences only MiniLM's body wins: our `reader` is no better there than random weights",
    ),
    Paper(
        "14",
        "Papineni et al. 2002; Lake & Baroni 2018",
        "BLEU equal to sacrebleu's; combinations that never met are translated, deeper clauses never",
        "the empty translation as the likeliest one (Stahlberg & Byrne 2019)",
    ),
    Paper(
        "15",
        "Rajpurkar et al. 2016; Chen et al. 2017",
        "two pointers; the feature of an exact match decides whether it is learned",
        "from raw words alone it stayed at chance; probabilities do not tell when there is no answer",
    ),
    Paper(
        "16",
        "Lin 2004; Wu et al. 2016; Maynez et al. 2020",
        "ROUGE equal to rouge_score's; a false summary with a high one; what a length penalty turns, and where",
        "people as judges: the facts are read off a fixed form; a pointer that copies (See et al. 2017) is named, not built",
    ),
    Paper(
        "17",
        "Korbak et al. 2023",
        "conditional training is on the front and keeps the knowledge that filtering loses; unlikelihood writes oddly",
        "AWR is not next to it; on Python's library it has three times fewer bad lines at equal loss, not five; one size of model",
    ),
    Paper(
        "18",
        "Rafailov et al. 2023; Azar et al. 2024; Gao et al. 2023",
        "DPO, IPO, cDPO with flipped labels; best-of-n below its bound; a weak reward over-optimised",
        "human judges: the preference is a rule that a reader can check",
    ),
    Paper(
        "19",
        "Milakov & Gimelshein 2018; Su et al. 2021; Chen et al. 2023; Press et al. 2022",
        "the online softmax; rotary positions fail behind the trained length, and find nearly all again when squeezed; ALiBi reads on",
        "learned positions do not fail in a task that asks for words only; no further training of the squeezed model was needed",
    ),
    Paper(
        "19",
        "Conneau et al. 2020",
        "drawing with p^α helps the rare language much, and costs the large one little",
        "what the rare one takes over from the large one: these two share no word, and it does best alone",
    ),
    Paper(
        "19",
        "Conneau, Wu et al. 2020; Qi et al. 2023",
        "a fact that was told in one language is known in the other, where names are shared and enough is told in both",
        "languages without a common word come near to each other in large models: here neither facts nor sentence vectors do",
    ),
    Paper(
        "20",
        "Kaplan et al. 2020; Hoffmann et al. 2022",
        "a law of five constants foretells a run of ten times the cost, and each budget has a best size; without a floor it is too low",
        "their exponents, which belong to their texts; a real text, whose floor small runs don't tell (benchmarks/scaling.md)",
    ),
    Paper(
        "20",
        "Patterson et al. 2021",
        "GPT-3's 1,287 MWh and 552 t of CO2, out of 6 N D and four figures of theirs",
        "a measurement of one's own: watts are assumed",
    ),
    Paper(
        "21",
        "Zhao et al. 2017; Bolukbasi et al. 2016; Gonen & Goldberg 2019",
        "decisions amplify; a direction tells a trade's rate, and out of the way it hides what a classifier and the model still know",
        "probabilities amplify nothing; with a good direction most is gone; word vectors from real texts",
    ),
    Paper(
        "21",
        "Zhao et al. 2018; Hall Maudslay et al. 2019; Kamiran & Calders 2012",
        "doubling closes the gap and breaks names, or facts; reweighing can't weigh what never came",
        "coreference systems; texts in which nobody knows what belongs to a person",
    ),
    Paper(
        "21",
        "Carlini et al. 2019; Lee et al. 2022",
        "exposure grows with repetition to all there is; exact deduplication undoes exact copies, and no others",
        "larger models remember more (Carlini et al. 2023); near copies; privacy by noise",
    ),
    Paper(
        "22",
        "Ouyang et al. 2022; Wang et al. 2023; Shao et al. 2024",
        "the loss on answers alone; a model that is asked about a story, and remembers what *it* is; a vote of eight beats one sample; "
        "GRPO with a rule as the reward makes right answers likelier",
        "a vote does not beat greedy decoding at this size; no people, and no reward model: a sum can be checked",
    ),
]
