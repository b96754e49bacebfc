"""Generated from src/contract and tools/*/tool.ts by `npm run generate`. Do not edit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class AblateComponentsInput:
    prompts: Prompts
    components: tuple[str, ...]
    replace_by: Literal["mean", "zero", "counterfactual", "counterfactual-mean"]
    """mean: over the prompts of this call, all tasks together; of contrast pairs over those of the task that have their slots at the same tokens. counterfactual and counterfactual-mean: contrast pairs only"""
    positions: Literal["last", "all"] | tuple[int | str, ...]
    """all: the mean is over positions too, but in contrast pairs token by token; those also take slots"""
    each: bool | None = None
    """replace each component by itself too; outside contrast pairs also all but it, see `each`"""


@dataclass(frozen=True)
class AblateComponentsOutput:
    before: tuple[TaskScore, ...]
    after: tuple[TaskScore, ...]
    accuracy_before: float
    accuracy_after: float
    lost_accuracy: float
    """before - after, share of prompts"""
    loss_before: float
    """nats per answer token; repeated tokens: later blocks"""
    loss_after: float
    added_loss: float
    """after - before, nats"""
    receipt: Receipt
    each: tuple[AblatedOne, ...] | None = None
    """in the order asked; not of contrast pairs, which have `alone`"""
    contrasts: tuple[AblatedContrast, ...] | None = None
    """contrast pairs only"""


@dataclass(frozen=True)
class AblatedAlone:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    change: float
    """of the logit difference"""


@dataclass(frozen=True)
class AblatedContrast:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    before: SaidOfContrasts
    after: SaidOfContrasts
    change: float
    """of the logit difference, after - before"""
    counterpart: float | None
    """mean metric on the counterfactual prompts, whose outputs are put in; null for another source"""
    recovery: float | None
    """change as share of the way from before to counterpart; null without counterpart"""
    alone: tuple[AblatedAlone, ...] | None = None
    """each component replaced by itself, in the order asked"""


@dataclass(frozen=True)
class AblatedOne:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    added_loss: float
    """it alone is replaced: after - before, nats"""
    regained_loss: float
    """it alone is left of all: how much less is lost than with all replaced, nats"""
    regained_share: float
    """regained_loss / added_loss of all; 0 where replacing all costs nothing"""


@dataclass(frozen=True)
class AblationRecipe:
    """What the numbers depend on beside the circuit: compare like with like."""

    replaced: Literal["heads", "heads-and-mlps"]
    """what outside the circuit is replaced"""
    replace_by: Literal["counterfactual-mean", "counterfactual", "mean", "zero"]
    counterfactual: str | None
    """variant whose outputs were put in"""
    positions: Literal["all"]
    metric: Literal["logit difference"]
    averaged: str


@dataclass(frozen=True)
class ArtifactRef:
    """A tensor on disk: its first tensor, `data`, is described here; the manifest says the rest."""

    sha256: str
    """sha256, 64 lower-case hex digits"""
    kind: str
    """what it is, e.g. head_effects"""
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    """name of each axis of `shape`"""
    dtype: str
    """float32 unless said otherwise"""
    unit: str


@dataclass(frozen=True)
class AttendedHead:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    score: float
    times_mean: float | None = None
    """contrast pairs: score / mean score of all heads; 0 where that is 0"""


@dataclass(frozen=True)
class AttentionScoresInput:
    prompts: AttendedPrompts
    pattern: Literal["induction", "previous-token", "duplicate-token", "first-token"]
    """of repeated tokens"""
    components: tuple[str, ...] | None
    """heads to report, in this order; null: the best ones"""
    top: int | None
    """heads returned; null: 2 % of all heads, at least 3"""
    queries: tuple[int | str, ...] | None = None
    """contrast pairs: tokens that look; START is the first token, END the last"""
    keys: tuple[int | str, ...] | None = None
    """contrast pairs: tokens looked at, up to the one that looks; their shares are added"""
    lines: Literal["all", "same"] | None = None
    """all (default): every key; same: the first query looks at the first key alone, and so on"""


@dataclass(frozen=True)
class AttentionScoresOutput:
    heads: tuple[AttendedHead, ...]
    """best first; score is a share of attention, 0 to 1"""
    mean: float
    """mean score of the heads in `heads`"""
    all_heads: int
    scores: ArtifactRef
    """(sequence or prompt, layer, head) float32, share of attention"""
    receipt: Receipt
    mean_head: float | None = None
    """contrast pairs: mean score of all heads of the model"""


@dataclass(frozen=True)
class AttributeEdgesInput:
    prompts: ContrastPrompts
    method: Literal["attribution", "integrated"]
    """attribution: gradient at the unedited prompt; integrated: mean gradient while the embedding goes from there to the counterfactual (EAP-IG on inputs)"""
    steps: int | None
    """points on that path, for integrated; null: 5"""
    top: int | None
    """edges returned; null: 50"""


@dataclass(frozen=True)
class AttributeEdgesOutput:
    estimates: ArtifactRef
    """(task, source, target) float32, mean over prompts; 0 where there is no edge"""
    edges: tuple[AttributedEdge, ...]
    """the strongest, whichever their sign"""
    all_edges: int
    tasks: tuple[EdgesTask, ...]
    receipt: Receipt


@dataclass(frozen=True)
class AttributeHeadsInput:
    prompts: InContextPrompts
    replace_by: Literal["mean", "zero", "resample", "counterfactual"]
    """mean: of the same task; resample: another prompt of the task; counterfactual: the same words with the labels shuffled, or in order if these are shuffled; contrast pairs: the counterfactual that the prompts name"""
    source: str | None
    """artifact of mean_activations, for replace_by mean"""
    positions: tuple[int | str, ...] | None
    """replaced together: counted from the end, -1 the last token, or slots of contrast pairs by name; null: every token"""
    method: Literal["attribution", "integrated"]
    """attribution: gradient at the unedited prompt, times the change; integrated: mean gradient while all heads move together, each by its own change, which shares out their joint effect and not what each does alone"""
    steps: int | None
    """points on that path, for integrated; null: 5"""
    compare_with: str | None
    """artifact of sweep_heads with the same prompts, replacement and positions"""
    top: int | None
    """heads returned; null: 2 % of all heads, at least 10"""


@dataclass(frozen=True)
class AttributeHeadsOutput:
    estimates: ArtifactRef
    """(task, prompt, layer, head) float32, estimated change in probability of the first answer token"""
    heads: tuple[EstimatedHead, ...]
    """the top heads, best first"""
    all_heads: int
    tasks: tuple[EstimatedTask, ...]
    agreement: SweepAgreement | None
    """null without compare_with"""
    receipt: Receipt


@dataclass(frozen=True)
class AttributedEdge:
    edge: str
    """such as a0.h1->a9.h6<q>, input->m0 or m3->logits"""
    source: str
    target: str
    estimate: float
    """change of the logit difference if this edge alone carried the counterfactual; mean over tasks"""
    sem: float | None
    """standard error over tasks; null with one task"""


@dataclass(frozen=True)
class Audit:
    pairs: int
    """cells measured a second time by another route"""
    max_deviation: float
    """largest absolute difference, in the unit of the result"""
    tolerance: float
    route: str
    """how the second measurement was made"""


@dataclass(frozen=True)
class BaseSlot:
    """A number written in another base, read as if it were decimal: 28 in base 8 is 34."""

    kind: Literal["base"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    of: str
    """name of a slot, and of its position in the prompt"""
    base: int


@dataclass(frozen=True)
class Bound:
    """A line is drawn again until its number keeps within this, counterfactuals included."""

    slot: str
    """name of a slot, and of its position in the prompt"""
    at_least: int | None
    at_most: int | None


@dataclass(frozen=True)
class BuildRequest:
    """Train an organism; progress carries the loss. Answered by an OrganismCard."""

    organism: str
    folder: str
    """written whole or not at all"""
    recipe: OrganismRecipe
    material: tuple[Material, ...]
    """both halves of every behaviour of the recipe"""


@dataclass(frozen=True)
class CarriedLayer:
    layer: int
    position: int | str
    """where most lies after this layer"""
    recovery: float | None
    """effect as share of the way from baseline to counterpart; null where these are equal"""


@dataclass(frozen=True)
class CarryingPosition:
    position: int | str
    """as it was asked for"""
    layer: int
    """where it matters most"""
    effect: float
    """change of the logit difference there"""
    recovery: float | None
    """effect as share of the way from baseline to counterpart; null where these are equal"""
    recoveries: tuple[float | None, ...]
    """after each layer"""
    carries: tuple[int, ...]
    """layers after which it brings half of the counterfactual answer or more"""


@dataclass(frozen=True)
class ChoiceSlots:
    """Items of a list; all choices from one list for one line differ."""

    kind: Literal["choice"]
    slots: tuple[str, ...]
    list: str
    """a list of the behaviour"""


@dataclass(frozen=True)
class CompletenessRow:
    subset: tuple[str, ...]
    """K"""
    circuit_without: float
    """F(C without K)"""
    model_without: float
    """F(M without K)"""
    difference: float


@dataclass(frozen=True)
class ConstantSlot:
    kind: Literal["constant"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    value: int | str


@dataclass(frozen=True)
class ContrastHead:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    effect: float
    """mean change of the logit difference over prompts"""
    recovery: float | None
    """effect as share of the way from baseline to counterpart; null without counterpart"""


@dataclass(frozen=True)
class ContrastHeads:
    task: str
    """lower-case words joined by hyphens"""
    counterpart: float | None
    """mean metric on the counterfactual prompts, whose outputs are put in; null for another source"""
    heads: tuple[ContrastHead, ...]
    """the ten strongest, whichever their sign"""


@dataclass(frozen=True)
class ContrastLayers:
    task: str
    """lower-case words joined by hyphens"""
    counterpart: float | None
    """mean metric on the counterfactual prompts, whose outputs are put in; null for another source"""
    recovery: float | None
    """of the strongest cell"""


@dataclass(frozen=True)
class ContrastLesson:
    """Prompts of contrast pairs with their answers behind them."""

    kind: Literal["contrast-pairs"]
    behaviour: str
    """lower-case words joined by hyphens"""
    tasks: tuple[str, ...]
    """drawn equally often"""
    shots: int
    """demonstrations in a row, where the pattern has any"""
    silent: int
    """first demonstrations whose answers do not count: nothing tells them yet"""
    noise: float
    """share of demonstrations that show the answer of another prompt; those never count"""
    answers: Literal["one", "all"]
    """of several right answers: one is drawn as the target, or all are it in equal parts"""
    before: int
    """up to so many random tokens stand before a row, so that an average over the whole text tells little"""
    counterfactual: str | None
    """a variant shown as well, in which the rivals are right"""
    counterfactual_share: float
    """share of rows that show it"""


@dataclass(frozen=True)
class ContrastMaterial:
    """Patterns of contrast pairs; only items of one half are drawn."""

    kind: Literal["contrast-pairs"]
    behaviour: str
    """lower-case words joined by hyphens"""
    split: Literal["search", "held-out"]
    split_seed: int
    lists: dict[str, tuple[str, ...]]
    tasks: tuple[ContrastTask, ...]


@dataclass(frozen=True)
class ContrastPrompts:
    """One prompt of each contrast pair, `count` for each task."""

    kind: Literal["contrast-pairs"]
    tasks: tuple[str, ...]
    """tasks of the behaviour"""
    variant: str
    """clean, or the name of a counterfactual: the same items, told otherwise"""
    counterfactual: str | None
    """variant of the same items that these are held against or take outputs from; null: clean, and for clean its only counterfactual"""
    shots: int | None
    """demonstrations; null: as the behaviour says"""
    count: int
    """items per task"""
    seed: int
    """seed of the pseudo-random choices"""


@dataclass(frozen=True)
class ContrastScore:
    task: str
    """lower-case words joined by hyphens"""
    variant: str
    """clean or a counterfactual; answers and rivals are those of the clean prompt"""
    prompts: int
    shots: int
    """demonstrations in each"""
    accuracy: float
    """share of prompts whose most likely next token is an answer"""
    rival_accuracy: float
    """share of prompts whose most likely next token is a rival"""
    preferred: float
    """share of prompts with a logit difference above 0"""
    logit_difference: float
    """logit of the answer - logit of the rival, mean over prompts; of several tokens the log of their summed exp"""
    sem: float | None
    """standard error of the logit difference; null with one prompt"""
    probability_difference: float
    """probability of all answers - of all rivals, mean over prompts"""


@dataclass(frozen=True)
class ContrastTask:
    """One pattern with the parameters of a task written into its slots."""

    task: str
    """lower-case words joined by hyphens"""
    slots: tuple[Slot, ...]
    """filled once for each item"""
    each: tuple[Slot, ...]
    """filled anew for each line: every demonstration, and the query"""
    demonstration: str | None
    shots: int
    """demonstrations, where a call does not say"""
    queries: tuple[str, ...]
    """one is drawn for each item; it ends where the answer must follow"""
    answer: str
    """what follows, with its leading space if it has one"""
    rivals: tuple[str, ...]
    """what would follow by another mechanism; the metric is answer against rivals"""
    where: tuple[Bound, ...]
    apart: tuple[str, ...]
    """no demonstration has the value that the query has in this slot"""
    split_by: tuple[str, ...]
    """items that have the same values here, in any order, lie in one half"""
    counterfactuals: tuple[Counterfactual, ...]


@dataclass(frozen=True)
class CopyScoresInput:
    components: tuple[str, ...] | None
    """heads; null: all"""


@dataclass(frozen=True)
class CopyScoresOutput:
    heads: tuple[ScoredHead, ...]
    """in the order asked, or best first for all; score from -1 to 1"""
    mean: float
    """mean score of the heads asked for"""
    scores: ArtifactRef
    """(layer, head) float32; heads not asked for are also measured"""
    receipt: Receipt


@dataclass(frozen=True)
class Counterfactual:
    name: str
    """lower-case words joined by hyphens"""
    about: str
    slots: tuple[ComputedSlot, ...]
    """each in the place of the slot of that name; all else stays"""


@dataclass(frozen=True)
class CounterfactualSample:
    name: str
    """lower-case words joined by hyphens"""
    text: str


@dataclass(frozen=True)
class CurriculumCard:
    kind: Literal["curriculum"]
    organism: str
    """lower-case words joined by hyphens"""
    weights_sha256: str
    """sha256, 64 lower-case hex digits"""
    recipe_sha256: str
    """sha256, 64 lower-case hex digits"""
    data_sha256: str
    """sha256, 64 lower-case hex digits"""
    parameters: int
    versions: Versions
    curve: tuple[CurriculumPoint, ...]
    tasks: tuple[CurriculumTask, ...]
    seconds: float
    """wall time of the build"""


@dataclass(frozen=True)
class CurriculumPoint:
    step: int
    loss: float
    accuracies: dict[str, float]
    """by lesson, mean over its tasks"""


@dataclass(frozen=True)
class CurriculumRecipe:
    """How an organism is trained on several behaviours; the same recipe gives the same weights on one machine type."""

    kind: Literal["curriculum"]
    architecture: Literal["llama", "qwen3", "gpt_neox", "gemma2"]
    config: dict[str, str | float | bool | None | tuple[str, ...]]
    """fields of the Hugging Face config"""
    seed: int
    """seed of the pseudo-random choices"""
    threads: int
    """rows of a step are split over so many, and sums ordered by it, so it is part of the recipe"""
    warmup_steps: int
    final_share: float
    """learning rate at the last step of a stage, as a share of its peak"""
    weight_decay: float
    other_weight: float
    """loss weight of tokens of prompts that are not answers, 1 for an answer"""
    stored: Literal["float32", "float16"]
    """type of the weights on disk, on which the card is measured"""
    evaluate_every: int
    vocabulary: tuple[str, ...]
    """behaviours whose words the tokenizer knows"""
    lessons: dict[str, Lesson]
    stages: tuple[CurriculumStage, ...]
    """none: untrained"""


@dataclass(frozen=True)
class CurriculumRequest:
    """Train an organism on several behaviours; progress carries the loss. Answered by a CurriculumCard."""

    organism: str
    folder: str
    """written whole or not at all"""
    recipe: CurriculumRecipe
    material: tuple[Material, ...]
    """both halves of every behaviour of its vocabulary"""


@dataclass(frozen=True)
class CurriculumStage:
    """Part of a training, from the weights of the stage before with a fresh optimiser."""

    steps: int
    learning_rate: float
    """peak"""
    parts: tuple[LessonPart, ...]


@dataclass(frozen=True)
class CurriculumTask:
    """A task of any behaviour of the vocabulary, trained or not."""

    behaviour: str
    """lower-case words joined by hyphens"""
    task: str
    """lower-case words joined by hyphens"""
    variant: str
    """lower-case words joined by hyphens"""
    accuracy: float


@dataclass(frozen=True)
class CurvePoint:
    step: int
    loss: float
    ten_shot: float | None
    shuffled: float | None
    zero_shot: float | None
    repeated: float | None


@dataclass(frozen=True)
class Decoy:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    motif: Literal["previous-token", "duplicate-token", "induction", "sink", "s-inhibition", "name-mover", "backup-name-mover", "negative-name-mover", "content-gatherer", "successor", "color-mover", "name-copier", "subject-remover", "answer-pair", "function-vector", "query-mover", "year-reader"]
    keeps: Literal["attention", "writing"]


@dataclass(frozen=True)
class DecoyGroup:
    motif: Literal["previous-token", "duplicate-token", "induction", "sink", "s-inhibition", "name-mover", "backup-name-mover", "negative-name-mover", "content-gatherer", "successor", "color-mover", "name-copier", "subject-remover", "answer-pair", "function-vector", "query-mover", "year-reader"]
    keeps: Literal["attention", "writing"]
    """attention: looks like the motif and writes nothing; writing: could write as it does and never looks"""
    layers: tuple[int, ...]


@dataclass(frozen=True)
class DescribeModelInput:
    pass


@dataclass(frozen=True)
class DescribeModelOutput:
    facts: ModelFacts


@dataclass(frozen=True)
class DirectComponent:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    contribution: float
    """logit difference before a soft cap, mean over prompts, then over tasks"""
    sem: float | None
    """standard error over tasks; null with one task"""


@dataclass(frozen=True)
class DirectLogitAttributionInput:
    prompts: PairedPrompts
    components: tuple[str, ...] | None
    """heads and MLPs to report, in this order; null: the strongest"""
    top: int | None
    """components returned; null: 2 % of all, at least 10"""


@dataclass(frozen=True)
class DirectLogitAttributionOutput:
    contributions: ArtifactRef
    """(task, prompt, component) float32: heads layer by layer, then MLPs"""
    components: tuple[DirectComponent, ...]
    """as asked, or the strongest, whichever their sign"""
    mean: float
    """mean contribution of the components in `components`"""
    all_components: int
    tasks: tuple[DirectTask, ...]
    receipt: Receipt


@dataclass(frozen=True)
class DirectTask:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    logit_difference: float
    """the whole, before a soft cap: mean of the answers’ logits - mean of the rivals’, or of all tokens’, mean over prompts"""
    heads: float
    """sum over all heads, mean over prompts"""
    mlps: float
    """sum over all MLPs, mean over prompts"""
    embedding: float
    """of the embedding, mean over prompts"""
    biases: float
    """of output projections, norms and unembedding, mean over prompts"""
    unexplained: float
    """what is left: rounding, mean over prompts"""
    strongest: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""


@dataclass(frozen=True)
class EdgesTask:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    baseline: float
    """mean logit difference"""
    counterpart: float
    """that of the counterfactual prompts"""


@dataclass(frozen=True)
class EditAttentionInput:
    prompts: ContrastPrompts
    components: tuple[str, ...]
    """heads"""
    query: int | str
    """token that looks"""
    keys: tuple[int | str, ...]
    """tokens looked at, each before the one that looks"""


@dataclass(frozen=True)
class EditAttentionOutput:
    accuracy_before: float
    accuracy_after: float
    gained_accuracy: float
    """after - before, share of prompts; mean over tasks"""
    change: float
    """of the logit difference, after - before; mean over tasks"""
    contrasts: tuple[EditedContrast, ...]
    receipt: Receipt


@dataclass(frozen=True)
class EditedContrast:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    before: SaidOfContrasts
    after: SaidOfContrasts
    change: float
    """of the logit difference, after - before"""


@dataclass(frozen=True)
class EstimatedHead:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    estimate: float
    """mean over prompts, then over tasks"""
    sem: float | None
    """standard error over tasks; null with one task"""


@dataclass(frozen=True)
class EstimatedTask:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    baseline: float
    """mean probability, nothing replaced"""
    best: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    largest: float
    """its estimate, mean over prompts"""


@dataclass(frozen=True)
class ExpectedFacts:
    layers: int
    heads: int
    kv_heads: int
    d_model: int
    head_dim: int


@dataclass(frozen=True)
class FaithfulTask:
    task: str
    """lower-case words joined by hyphens"""
    whole: float
    """F(M): mean logit difference, nothing replaced"""
    circuit: float
    """F(C): with everything outside the circuit replaced"""
    empty: float
    """F(none): with everything replaced"""
    faithfulness: float | None
    """(F(C) - F(none)) / (F(M) - F(none)); null where the model is as good without"""
    difference: float
    """|F(M) - F(C)|"""


@dataclass(frozen=True)
class FaithfulnessInput:
    prompts: ContrastPrompts
    components: tuple[str, ...]
    """the circuit"""
    outside: Literal["heads", "heads-and-mlps"]
    """what is replaced where it is not in the circuit; heads: MLPs always run"""
    replace_by: Literal["counterfactual-mean", "counterfactual", "mean", "zero"]
    """counterfactual: token by token; means: over the prompts of a task whose slots lie at the same tokens"""
    subsets: tuple[tuple[str, ...], ...] | None
    """K of completeness and minimality, of the circuit; null: none given"""
    random_subsets: int
    """random K in addition, each member with probability 1/2"""


@dataclass(frozen=True)
class FaithfulnessOutput:
    whole: float
    """F(M): mean logit difference, nothing replaced"""
    circuit: float
    """F(C): with everything outside the circuit replaced"""
    empty: float
    """F(none): with everything replaced"""
    faithfulness: float | None
    """(F(C) - F(none)) / (F(M) - F(none)); null where the model is as good without"""
    difference: float
    """|F(M) - F(C)|"""
    tasks: tuple[FaithfulTask, ...]
    completeness: tuple[CompletenessRow, ...]
    """one row for each K"""
    incompleteness: float | None
    """largest of these differences; null without K"""
    minimality: tuple[MinimalityRow, ...]
    """members in the order asked"""
    least_change: float
    """smallest `largest` of a member"""
    recipe: AblationRecipe
    values: ArtifactRef
    """(circuit, prompt) float32: logit difference with these components kept"""
    receipt: Receipt


@dataclass(frozen=True)
class FindPositionsInput:
    prompts: ContrastPrompts
    positions: tuple[int | str, ...] | None
    """slots by name or tokens from the end; null: every slot that all pairs have, and END"""


@dataclass(frozen=True)
class FindPositionsOutput:
    baseline: float
    """mean logit difference, nothing patched; mean over tasks"""
    counterpart: float
    """that of the counterfactual prompts"""
    positions: tuple[CarryingPosition, ...]
    """in the order asked, or of the prompt"""
    layers: tuple[CarriedLayer, ...]
    tasks: tuple[PositionsTask, ...]
    effects: ArtifactRef
    """(task, prompt, layer, position) float32, change of the logit difference"""
    receipt: Receipt


@dataclass(frozen=True)
class GeneratePromptsInput:
    prompts: Prompts
    show: int
    """samples shown per task"""


@dataclass(frozen=True)
class GeneratePromptsOutput:
    samples: tuple[PromptSample, ...]
    """empty for contrast pairs"""
    unscorable: tuple[UnscorableTask, ...]
    """tasks that this tokenizer cannot score by one answer token"""
    scorable: tuple[str, ...]
    """tasks of this call that can be scored by one answer token; refused when there is none"""
    longest: int
    """tokens of the longest prompt"""
    tokens: ArtifactRef
    """(prompt, token) int64, right-padded with -1"""
    receipt: Receipt
    pairs: tuple[PairSample, ...] | None = None
    """contrast pairs only"""
    passed_over: tuple[PassedOver, ...] | None = None
    """contrast pairs only: pairs that this tokenizer cannot express; others were drawn in their place"""


@dataclass(frozen=True)
class Hello:
    wire: int
    contract_sha256: str
    """of contract.schema.json; must equal the orchestrator's"""
    python: str
    torch: str
    transformers: str
    worker: str
    device: str
    tools: tuple[str, ...]


@dataclass(frozen=True)
class InContextLesson:
    """In-context function prompts with their answers behind them."""

    kind: Literal["in-context"]
    behaviour: str
    """lower-case words joined by hyphens"""
    tasks: tuple[str, ...]
    """drawn equally often"""
    shots: int
    """demonstrations in a row; every answer counts"""


@dataclass(frozen=True)
class InContextMaterial:
    """In-context function tasks with the word pairs of one half."""

    kind: Literal["in-context"]
    behaviour: str
    """lower-case words joined by hyphens"""
    split: Literal["search", "held-out"]
    template: Template
    tasks: tuple[Task, ...]


@dataclass(frozen=True)
class InContextPrompts:
    """In-context function prompts, `count` for each task."""

    kind: Literal["in-context"]
    tasks: tuple[str, ...]
    """tasks of the behaviour"""
    variant: Literal["clean", "shuffled", "zero-shot"]
    """shuffled permutes the labels; zero-shot has no demonstrations"""
    shots: int
    """demonstrations before the query"""
    count: int
    """prompts per task"""
    seed: int
    """seed of the pseudo-random choices"""


@dataclass(frozen=True)
class InjectVectorInput:
    prompts: InContextPrompts
    source: str
    """artifact of mean_activations"""
    components: tuple[str, ...]
    """heads"""
    layers: tuple[int, ...] | None
    """added after these layers; null: all"""
    scales: tuple[float, ...]
    """multiples of the vector"""
    vector: Literal["own-task", "other-task"]
    """other-task: the vector of another task of the same domain, a control"""
    norm: Literal["raw", "through-norm"]
    """through-norm: pass the sum through the post-attention norm, where the model has one"""


@dataclass(frozen=True)
class InjectVectorOutput:
    before: float
    """accuracy without the vector, mean over the tasks"""
    rows: tuple[Injection, ...]
    best: Injection
    accuracy: ArtifactRef
    """(task, layer, scale) float32"""
    receipt: Receipt


@dataclass(frozen=True)
class Injection:
    layer: int
    scale: float
    accuracy: float
    """mean over the tasks"""
    tasks: tuple[TaskAccuracy, ...]


@dataclass(frozen=True)
class ItemsSlot:
    """Several items of a list: for sets of answers, never inside a prompt."""

    kind: Literal["items"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    list: str
    """a list of the behaviour"""
    which: Literal["after", "up-to"]
    """all items behind the value of `of`, or up to it, itself included"""
    of: str
    """name of a slot, and of its position in the prompt"""


@dataclass(frozen=True)
class KeptPrompts:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    of: int


@dataclass(frozen=True)
class KeptSuppression:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    mean_ablated: float
    """KL divergence, nats a scored token: its mean output instead"""
    suppressing: float
    """KL divergence: only what suppresses copies is kept"""
    recovered: float | None
    """1 - suppressing / mean_ablated; null where there is no effect"""


@dataclass(frozen=True)
class LayerCell:
    layer: int
    position: int | str
    """as it was asked for"""
    effect: float
    """mean over prompts, and over tasks if not of one"""
    sem: float | None
    """standard error over tasks; null with one task"""


@dataclass(frozen=True)
class LayersTask:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    baseline: float
    """before patching, mean probability of the first answer token, or of contrast pairs the logit difference, answer against rivals"""
    strongest: StrongestCell


@dataclass(frozen=True)
class LeftOutList:
    """A list that this tokenizer cuts into pieces."""

    list: str
    """lower-case words joined by hyphens"""
    why: str


@dataclass(frozen=True)
class LensLayer:
    layer: int | None
    """null: the embedding, before the first layer"""
    rank: float
    """of the best answer token, from 0: median over prompts, then mean over tasks"""
    accuracy: float
    """share of prompts whose most likely next token is an answer"""
    probability: float
    """of all answers together, mean"""
    logit_difference: float
    """answer against rivals, or against the mean of all tokens where there are none; mean"""


@dataclass(frozen=True)
class LensTask:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    answered_from: int | None
    """first layer from which on half of the prompts have their answer on top; null: none"""


@dataclass(frozen=True)
class LessonPart:
    lesson: str
    """lower-case words joined by hyphens"""
    rows: int
    """per step"""
    share: float
    """of the loss, relative to the other lessons"""


@dataclass(frozen=True)
class LogitLensInput:
    prompts: PairedPrompts


@dataclass(frozen=True)
class LogitLensOutput:
    said: ArtifactRef
    """(task, prompt, layer, statistic) float32; the first layer is the embedding"""
    layers: tuple[LensLayer, ...]
    tasks: tuple[LensTask, ...]
    receipt: Receipt


@dataclass(frozen=True)
class Manifest:
    ref: ArtifactRef
    bytes: int
    labels: dict[str, tuple[str, ...]]
    """names along an axis, e.g. tasks; or of what was read, e.g. prompts_sha256"""
    producer: Producer


@dataclass(frozen=True)
class MapSlot:
    """The item of `to` at the place that `of` has in `list`."""

    kind: Literal["map"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    of: str
    """name of a slot, and of its position in the prompt"""
    list: str
    """a list of the behaviour"""
    to: str
    """a list of the behaviour"""


@dataclass(frozen=True)
class MeanActivationsInput:
    prompts: PairedPrompts
    only_correct: bool
    """keep prompts that the model answers correctly, as published"""


@dataclass(frozen=True)
class MeanActivationsOutput:
    means: ArtifactRef
    """(task, layer, head, head_dim) float32"""
    kept: tuple[KeptPrompts, ...]
    receipt: Receipt


@dataclass(frozen=True)
class MeasureBehaviourInput:
    prompts: Prompts


@dataclass(frozen=True)
class MeasureBehaviourOutput:
    tasks: tuple[TaskScore, ...]
    accuracy: float
    """mean over the tasks; of repeated tokens that of the later blocks"""
    per_prompt: ArtifactRef
    """(task, prompt, statistic) float32: correct, probability, log probability; contrast pairs: logit and probability difference too"""
    receipt: Receipt
    contrasts: tuple[ContrastScore, ...] | None = None
    """contrast pairs only, per task and variant"""


@dataclass(frozen=True)
class MinimalityRow:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    alone: float
    """F(C without it) - F(C)"""
    alone_share: float | None
    """alone / |F(M)|"""
    largest: float
    """largest |F(C without K and it) - F(C without K)|, K empty included"""
    share: float | None
    """largest / |F(M)|"""


@dataclass(frozen=True)
class ModelFacts:
    """What the worker found and proved of the loaded model."""

    model: str
    architecture: str
    """class name in transformers"""
    layers: int
    heads: int
    """query heads per layer"""
    kv_heads: int
    head_dim: int
    d_model: int
    vocabulary: int
    parameters: int
    post_attention_norm: bool
    """true: a norm stands between head outputs and the residual stream"""
    attention_soft_cap: float | None
    logit_soft_cap: float | None
    sliding_window: int | None
    attention: str
    dtype: str
    device: str
    weights_sha256: str
    """sha256, 64 lower-case hex digits"""
    revision: str | None
    self_test: SelfTest


@dataclass(frozen=True)
class NamedPosition:
    name: str
    """slot; demonstrations.<slot> stands for one token in each demonstration"""
    from_the_end: tuple[int, ...]
    """-1 is the last token"""
    tokens: tuple[str, ...]
    """the tokens there, in the clean prompt"""


@dataclass(frozen=True)
class NthSlot:
    """One of several slots; `at` holds its number, from 0."""

    kind: Literal["nth"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    of: tuple[str, ...]
    at: str
    """name of a slot, and of its position in the prompt"""


@dataclass(frozen=True)
class OpenRequest:
    """Load a model and one half of a behaviour; a worker is opened once."""

    model: str
    """name for receipts"""
    folder: str | None
    """local folder; null: the hub cache"""
    repository: str | None
    revision: str | None
    """40 hex digits for a hub model"""
    weights_sha256: str | None
    """refused when the files differ; null: not known yet"""
    dtype: Literal["float32", "float64", "bfloat16"]
    device: str
    """auto, cpu, cuda:N, or several with commas, over which the layers are spread"""
    engine: Literal["fast", "reference"]
    """both give the same numbers; reference is slow and obviously right"""
    expect: ExpectedFacts | None
    material: Material
    artifacts: str
    """folder for artifacts"""


@dataclass(frozen=True)
class OpenResult:
    facts: ModelFacts


@dataclass(frozen=True)
class OrderSlots:
    """The values of as many other slots, in random order."""

    kind: Literal["order"]
    slots: tuple[str, ...]
    of: tuple[str, ...]


@dataclass(frozen=True)
class OrganismCard:
    organism: str
    """lower-case words joined by hyphens"""
    weights_sha256: str
    """sha256, 64 lower-case hex digits"""
    recipe_sha256: str
    """sha256, 64 lower-case hex digits"""
    data_sha256: str
    """sha256, 64 lower-case hex digits"""
    parameters: int
    versions: Versions
    curve: tuple[CurvePoint, ...]
    tasks: tuple[OrganismTask, ...]
    seconds: float
    """wall time of the build"""


@dataclass(frozen=True)
class OrganismRecipe:
    """How an organism is trained; the same recipe gives the same weights on the same machine type."""

    architecture: Literal["llama", "gemma2", "gpt2", "qwen2", "qwen3", "gpt_neox"]
    config: dict[str, str | float | bool | None]
    """fields of the Hugging Face config"""
    seed: int
    """seed of the pseudo-random choices"""
    threads: int
    """sums are ordered by it, so it is part of the recipe"""
    warmup_steps: int
    final_share: float
    """learning rate at the last step of a stage, as a share of its peak"""
    weight_decay: float
    shots: int
    """demonstrations in a row"""
    tasks: tuple[str, ...] | None
    """null: all tasks of the behaviour"""
    other_weight: float
    """loss weight of tokens that are not answers"""
    repeated_lengths: tuple[int, ...]
    """tokens of a repeated block"""
    repeated_total: int
    """about how many tokens a repeated row has"""
    evaluate_every: int
    stages: tuple[TrainingStage, ...]
    """none: untrained"""
    stored: Literal["float32", "float16"]
    """type of the weights on disk, on which the card is measured"""


@dataclass(frozen=True)
class OrganismTask:
    task: str
    """lower-case words joined by hyphens"""
    ten_shot: float
    shuffled: float
    zero_shot: float


@dataclass(frozen=True)
class Pair:
    """One word pair, without leading spaces."""

    input: str
    output: str


@dataclass(frozen=True)
class PairSample:
    task: str
    """lower-case words joined by hyphens"""
    text: str
    """the clean prompt"""
    answers: tuple[str, ...]
    rivals: tuple[str, ...]
    counterfactuals: tuple[CounterfactualSample, ...]
    positions: tuple[NamedPosition, ...]
    """the same in every variant"""


@dataclass(frozen=True)
class PassedOver:
    """Contrast pairs that were drawn and left out."""

    task: str
    """lower-case words joined by hyphens"""
    why: str
    pairs: int


@dataclass(frozen=True)
class PathPatchInput:
    prompts: ContrastPrompts
    senders: tuple[str, ...] | None
    """each by itself; null: every head below the highest receiver, or of the first layer; of receivers together none"""
    receivers: tuple[str, ...] | None
    """heads, each by itself; null: the final residual stream"""
    reads: Literal["query", "key", "value", "key-and-value"]
    """what of the receivers is patched; key-and-value: all that they take from the tokens they look at"""
    together: bool
    """the receivers are patched together, not each by itself"""
    positions: tuple[int | str, ...] | None
    """tokens at which senders are changed: from the end, or slots; null: every token"""
    top: int | None
    """senders told for each receiver; null: 2 % of all heads, at least 10"""


@dataclass(frozen=True)
class PathPatchOutput:
    baseline: float
    """mean logit difference, nothing patched; mean over tasks"""
    counterpart: float
    """that of the counterfactual prompts"""
    tasks: tuple[PathTask, ...]
    senders: tuple[PathSender, ...]
    """receivers in the order asked, strongest sender first"""
    all_heads: int
    effects: ArtifactRef
    """(task, prompt, receiver, sender) float32, change of the logit difference"""
    receipt: Receipt


@dataclass(frozen=True)
class PathSender:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    receiver: str
    """`logits`, or the head whose input was patched; together: all of them, joined by +"""
    effect: float
    """change of the logit difference, mean over prompts, then tasks"""
    relative_change: float
    """effect / (baseline - counterpart): -1 undoes the whole difference, above 0 it grows"""
    strength: float
    """size of the relative change, without its sign"""
    depth: float
    """layer of the sender / number of layers"""


@dataclass(frozen=True)
class PathTask:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    baseline: float
    """mean logit difference"""
    counterpart: float


@dataclass(frozen=True)
class PermuteRequest:
    """Write a twin of a model whose heads stand elsewhere in their layers. Answered by a PermuteResult."""

    folder: str
    """of the original"""
    out: str
    """written whole or not at all"""
    seed: int
    """seed of the pseudo-random choices"""


@dataclass(frozen=True)
class PermuteResult:
    weights_sha256: str
    """sha256, 64 lower-case hex digits"""
    original_sha256: str
    """sha256, 64 lower-case hex digits"""
    seed: int
    """seed of the pseudo-random choices"""
    heads: tuple[tuple[int, ...], ...]
    """layer, head of the twin -> the head of the original that stands there"""
    largest_change: float
    """of a logit, by the order of sums alone"""


@dataclass(frozen=True)
class PlaceSlot:
    """The number, from 0, of the first of several slots that holds the value of `of`."""

    kind: Literal["place"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    of: str
    """name of a slot, and of its position in the prompt"""
    among: tuple[str, ...]


@dataclass(frozen=True)
class PlantedCard:
    kind: Literal["planted"]
    organism: str
    """lower-case words joined by hyphens"""
    weights_sha256: str
    """sha256, 64 lower-case hex digits"""
    recipe_sha256: str
    """sha256, 64 lower-case hex digits"""
    data_sha256: str
    """sha256, 64 lower-case hex digits"""
    parameters: int
    versions: Versions
    planted: dict[str, tuple[str, ...]]
    """motif -> heads: the truth that role finders are held against"""
    decoys: tuple[Decoy, ...]
    tasks: tuple[CurriculumTask, ...]
    seconds: float
    """wall time of the build"""


@dataclass(frozen=True)
class PlantedFunctionsRecipe:
    """How an organism of in-context functions is written by hand: words have forms, a task is a form."""

    kind: Literal["planted-functions"]
    architecture: Literal["gpt2", "llama"]
    layers: int
    heads: int
    """per layer; those without a motif are filled with random weights"""
    seed: int
    """seed of the pseudo-random choices"""
    noise: float
    """standard deviation of what is added to every weight"""
    stored: Literal["float32", "float16"]
    """type of the weights on disk, on which the card is measured"""
    vocabulary: tuple[str, ...]
    """behaviours whose words the tokenizer knows"""
    tasks: tuple[str, ...]
    """tasks of in-context behaviours; the answers of each are one form of its words"""
    asks_answer: tuple[str, ...]
    """tokens behind which an answer must follow"""
    said_in: int
    """layer whose MLP makes the form of the task be said"""
    circuit: tuple[PlantedGroup, ...]
    decoys: tuple[DecoyGroup, ...]


@dataclass(frozen=True)
class PlantedGroup:
    motif: Literal["previous-token", "duplicate-token", "induction", "sink", "s-inhibition", "name-mover", "backup-name-mover", "negative-name-mover", "content-gatherer", "successor", "color-mover", "name-copier", "subject-remover", "answer-pair", "function-vector", "query-mover", "year-reader"]
    layers: tuple[int, ...]
    """one head each"""


@dataclass(frozen=True)
class PlantedRecipe:
    """How an organism is written by hand; the same recipe gives the same weights on one machine type."""

    kind: Literal["planted"]
    architecture: Literal["gpt2", "llama"]
    layers: int
    heads: int
    """per layer; those without a motif are filled with random weights"""
    seed: int
    """seed of the pseudo-random choices"""
    noise: float
    """standard deviation of what is added to every weight"""
    stored: Literal["float32", "float16"]
    """type of the weights on disk, on which the card is measured"""
    vocabulary: tuple[str, ...]
    """behaviours whose words the tokenizer knows"""
    words: PlantedWords
    circuit: tuple[PlantedGroup, ...]
    decoys: tuple[DecoyGroup, ...]


@dataclass(frozen=True)
class PlantedRequest:
    """Write an organism by hand. Answered by a PlantedCard."""

    organism: str
    folder: str
    """written whole or not at all"""
    recipe: PlantedRecipe | PlantedFunctionsRecipe | PlantedYearsRecipe
    material: tuple[Material, ...]
    """both halves of every behaviour of its vocabulary"""


@dataclass(frozen=True)
class PlantedWords:
    """Words that the planted heads tell apart from others."""

    names: tuple[WordList, ...]
    colors: tuple[WordList, ...]
    things: tuple[WordList, ...]
    ordered: tuple[WordList, ...]
    """each is a row of items, one after the other"""
    asks_name: tuple[str, ...]
    """tokens behind which a name must follow"""
    asks_color: tuple[str, ...]


@dataclass(frozen=True)
class PlantedYearsRecipe:
    """How an organism that names later years is written by hand."""

    kind: Literal["planted-years"]
    architecture: Literal["gpt2", "llama"]
    layers: int
    heads: int
    """per layer; those without a motif are filled with random weights"""
    seed: int
    """seed of the pseudo-random choices"""
    noise: float
    """standard deviation of what is added to every weight"""
    stored: Literal["float32", "float16"]
    """type of the weights on disk, on which the card is measured"""
    vocabulary: tuple[str, ...]
    """behaviours whose words the tokenizer knows"""
    years: WordList
    """years of a century, in their order"""
    centuries: WordList
    """behind each of them a year must follow"""
    said_in: int
    """layer whose MLP makes the years after the one that was read be said"""
    circuit: tuple[PlantedGroup, ...]
    decoys: tuple[DecoyGroup, ...]


@dataclass(frozen=True)
class PositionsTask:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    baseline: float
    counterpart: float | None
    position: int | str
    """of the strongest cell"""
    layer: int
    recovery: float | None
    """effect as share of the way from baseline to counterpart; null where these are equal"""


@dataclass(frozen=True)
class Producer:
    tool: str
    request_sha256: str
    """sha256, 64 lower-case hex digits"""
    model: str
    weights_sha256: str
    """sha256, 64 lower-case hex digits"""
    versions: Versions


@dataclass(frozen=True)
class Progress:
    id: int
    done: float
    total: float
    unit: str
    note: str


@dataclass(frozen=True)
class PromptSample:
    task: str
    """lower-case words joined by hyphens"""
    text: str
    answer: str
    """text that must follow; empty for repeated tokens"""
    first_answer_token: str
    """the token that is scored; empty for repeated tokens"""


@dataclass(frozen=True)
class RangeSlots:
    """Whole numbers, drawn independently."""

    kind: Literal["range"]
    slots: tuple[str, ...]
    low: int
    high: int
    """may itself be drawn"""


@dataclass(frozen=True)
class RankHeadsInput:
    sweep: str
    """artifact of sweep_heads"""
    top: int | None
    """heads returned; null: 2 % of all heads, at least 10"""


@dataclass(frozen=True)
class RankHeadsOutput:
    heads: tuple[RankedHead, ...]
    """the top heads, best first"""
    half_a: tuple[str, ...]
    """top heads by the even prompts"""
    half_b: tuple[str, ...]
    """top heads by the odd prompts"""
    all_heads: int
    mean_depth: float
    """mean layer / number of layers of the top heads"""
    average: ArtifactRef
    """(layer, head) float32, average indirect effect"""
    receipt: Receipt


@dataclass(frozen=True)
class RankedHead:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    effect: float
    """average indirect effect: mean over prompts, then over tasks"""
    sem: float | None
    """standard error over tasks; null with one task"""


@dataclass(frozen=True)
class Receipt:
    """What the worker did for this result."""

    engine: Literal["fast", "reference", "none"]
    """none: no forward pass was edited"""
    model: str
    weights_sha256: str
    """sha256, 64 lower-case hex digits"""
    revision: str | None
    dtype: str
    device: str
    attention: str
    versions: Versions
    split: Literal["search", "held-out"]
    seed: int | None
    prompts: int
    prompts_sha256: str | None
    """of the token ids; null where no prompt was read"""
    bos: Literal["added-by-tokenizer", "prepended", "none"]
    forwards: int
    """whole-model passes over one prompt"""
    rows: int
    """edited copies of a prompt, however they were computed"""
    layer_tokens: int
    """tokens through one layer; a pass is layers x tokens of it"""
    edits_requested: int
    edits_fired: int
    noise: float | None
    """largest change of a log probability (nats) or logit of an unedited prompt between two batch shapes"""
    audit: Audit | None
    """null where there is nothing to audit"""


@dataclass(frozen=True)
class RepeatedLesson:
    """Random tokens repeated; every predictable token counts."""

    kind: Literal["repeated-tokens"]
    behaviour: str
    """lower-case words joined by hyphens"""
    lengths: tuple[int, ...]
    """tokens of a block, drawn equally often"""
    tokens: int | None
    """so many of the vocabulary, always the same, are drawn from: looking back is learned sooner on few; null: all"""
    total: int
    """about how many tokens a row of shorter blocks has; two blocks at least"""


@dataclass(frozen=True)
class RepeatedPrompts:
    """Sequences of BOS and a block of random tokens, repeated."""

    kind: Literal["repeated-tokens"]
    length: int
    """random tokens in a block"""
    repeats: int
    """times the block is written"""
    count: int
    """sequences"""
    seed: int
    """seed of the pseudo-random choices"""


@dataclass(frozen=True)
class RepeatedTokensMaterial:
    """Random tokens repeated; the half is a seed namespace."""

    kind: Literal["repeated-tokens"]
    behaviour: str
    """lower-case words joined by hyphens"""
    split: Literal["search", "held-out"]
    namespace: str
    """goes into the seed, so that the halves draw different tokens"""


@dataclass(frozen=True)
class SaidOfContrasts:
    accuracy: float
    """share of prompts whose most likely next token is an answer"""
    rival_accuracy: float
    """share of prompts whose most likely next token is a rival"""
    logit_difference: float
    """answer against rivals, mean over prompts"""
    probability_difference: float
    """of all answers - of all rivals, mean over prompts"""


@dataclass(frozen=True)
class SameSlot:
    """The value of another slot, at a position of its own."""

    kind: Literal["same"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    of: str
    """name of a slot, and of its position in the prompt"""


@dataclass(frozen=True)
class ScoredHead:
    component: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    score: float


@dataclass(frozen=True)
class SelfTest:
    """Causal proof, at load, that the heads found are heads."""

    heads_tested: int
    zeroed_heads_that_changed_logits: int
    identity_max_change: float
    """largest logit change when a head is given its own value"""
    tolerance: float


@dataclass(frozen=True)
class ShiftSlot:
    """The item so many places further in a list."""

    kind: Literal["shift"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    of: str
    """name of a slot, and of its position in the prompt"""
    list: str
    """a list of the behaviour"""
    by: int | str
    wrap: bool
    """behind the last item comes the first; else there is none"""


@dataclass(frozen=True)
class StrongestCell:
    layer: int
    position: int | str
    """as it was asked for"""
    effect: float
    """mean over prompts, and over tasks if not of one"""


@dataclass(frozen=True)
class SuccessorList:
    list: str
    """lower-case words joined by hyphens"""
    items: int
    """that are one token"""
    chance: float
    """one item of the list"""
    best: str
    """a head such as a9.h6 (layer 9, head 6, from 0) or an MLP such as m3"""
    score: float


@dataclass(frozen=True)
class SuccessorScoresInput:
    components: tuple[str, ...] | None
    """heads; null: the best"""
    reads: Literal["mlp", "embedding-and-mlp"]
    """what heads read of an item: MLP0(W_E) as published, or with the embedding itself added"""
    lists: tuple[str, ...] | None
    """ordered lists of the behaviour; null: all"""
    top: int | None
    """heads returned; null: 2 % of all heads, at least 3"""


@dataclass(frozen=True)
class SuccessorScoresOutput:
    heads: tuple[ScoredHead, ...]
    """in the order asked, or best first; share of items, mean over lists"""
    mean: float
    """mean score of the heads in `heads`"""
    best_other: float | None
    """best score of a head that is not in `heads`; null: none is left"""
    all_heads: int
    lists: tuple[SuccessorList, ...]
    left_out: tuple[LeftOutList, ...]
    scores: ArtifactRef
    """(list, layer, head) float32, share of items"""
    receipt: Receipt


@dataclass(frozen=True)
class SumSlot:
    """Sum of numbers and of slots that hold numbers."""

    kind: Literal["sum"]
    slot: str
    """name of a slot, and of its position in the prompt"""
    of: tuple[int | str, ...]


@dataclass(frozen=True)
class SuppressionScoresInput:
    components: tuple[str, ...] | None
    """heads; null: the best by weights"""
    prompts: Prompts | None
    """null: weights only"""
    top: int | None
    """heads returned; null: 2 % of all heads, at least 3"""


@dataclass(frozen=True)
class SuppressionScoresOutput:
    heads: tuple[ScoredHead, ...]
    """in the order asked, or best first; share of tokens, 0 to 1"""
    mean: float
    """mean score of the heads in `heads`"""
    best_other: float | None
    """best score of a head that is not in `heads`; null where heads were asked for"""
    all_heads: int
    tokens: int
    """tokens attended to: the vocabulary, or 2048 evenly from it"""
    chance: float
    """ten of the vocabulary"""
    kept: tuple[KeptSuppression, ...] | None
    """for each of `heads`; null without prompts"""
    recovered: float | None
    """mean of `kept`; null without prompts"""
    effect: float | None
    """mean of `mean_ablated`; null without prompts"""
    scores: ArtifactRef
    """(layer, head) float32, share of tokens; -1 for heads that were not asked for"""
    receipt: Receipt


@dataclass(frozen=True)
class SweepAgreement:
    """How far estimates agree with the exact sweep."""

    sweep: str
    """sha256, 64 lower-case hex digits"""
    spearman: float | None
    """rank correlation over all heads of the means over prompts, then tasks; null where all are equal"""
    shared: int
    """heads in both top tens"""
    largest_error: float
    """largest difference of such a mean from the exact one, in probability"""
    tasks: tuple[TaskAgreement, ...]


@dataclass(frozen=True)
class SweepHeadsInput:
    prompts: PairedPrompts
    replace_by: Literal["mean", "zero", "resample", "counterfactual"]
    """mean: of the same task; resample: another prompt of the task; counterfactual: the same words with the labels shuffled, or in order if these are shuffled; contrast pairs: the counterfactual that the prompts name"""
    source: str | None
    """artifact of mean_activations, for replace_by mean"""
    positions: tuple[int | str, ...] | None
    """replaced together: counted from the end, -1 the last token, or slots of contrast pairs by name; null: every token"""


@dataclass(frozen=True)
class SweepHeadsOutput:
    effects: ArtifactRef
    """(task, prompt, layer, head) float32, change of the probability of the first answer token, or of contrast pairs the logit difference, answer against rivals"""
    tasks: tuple[SweptTask, ...]
    receipt: Receipt
    contrasts: tuple[ContrastHeads, ...] | None = None
    """contrast pairs only"""


@dataclass(frozen=True)
class SweepLayersInput:
    prompts: PairedPrompts
    site: Literal["residual", "mlp"]
    replace_by: Literal["counterfactual", "resample", "mean", "zero"]
    """counterfactual: the same words with the labels shuffled, or in order if these are shuffled, and of contrast pairs the counterfactual that the prompts name; resample: another prompt of the task; mean: over the prompts of the task"""
    positions: tuple[int | str, ...]
    """each replaced by itself: counted from the end, -1 the last token, or slots of contrast pairs by name"""


@dataclass(frozen=True)
class SweepLayersOutput:
    effects: ArtifactRef
    """(task, prompt, layer, position) float32, change of the probability of the first answer token, or of contrast pairs the logit difference, answer against rivals"""
    cells: tuple[LayerCell, ...]
    """the ten strongest, whichever their sign"""
    tasks: tuple[LayersTask, ...]
    receipt: Receipt
    contrasts: tuple[ContrastLayers, ...] | None = None
    """contrast pairs only"""


@dataclass(frozen=True)
class SweptTask:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    baseline: float
    """before patching, mean probability of the first answer token, or of contrast pairs the logit difference, answer against rivals"""
    largest: float
    """largest average indirect effect of one head"""


@dataclass(frozen=True)
class Task:
    """One task with the word pairs of one half."""

    task: str
    """lower-case words joined by hyphens"""
    domain: str
    """lower-case words joined by hyphens"""
    pairs: tuple[Pair, ...]


@dataclass(frozen=True)
class TaskAccuracy:
    task: str
    """lower-case words joined by hyphens"""
    accuracy: float


@dataclass(frozen=True)
class TaskAgreement:
    task: str
    """lower-case words joined by hyphens"""
    spearman: float | None
    shared: int


@dataclass(frozen=True)
class TaskScore:
    task: str
    """lower-case words joined by hyphens"""
    prompts: int
    accuracy: float
    """share of prompts whose most likely next token is the first answer token"""
    probability: float
    """mean probability of the first answer token"""
    majority: float
    """accuracy of always giving the most frequent answer of these prompts"""
    loss: float
    """mean negative log probability of the answer token, nats"""


@dataclass(frozen=True)
class Template:
    """Layout of a prompt; every input and output gets one leading space."""

    input_prefix: str
    """published: `Q:`"""
    output_prefix: str
    """published: `A:`"""
    separator: str
    """between input and output prefix; published: one newline"""
    end: str
    """after an output; published: two newlines"""


@dataclass(frozen=True)
class TrainingStage:
    steps: int
    learning_rate: float
    """peak"""
    in_context_rows: int
    """per step"""
    shared_weight: float
    """how often a task with shared outputs is drawn, 1 for the others"""
    repeated_rows: int
    """rows of repeated random tokens per step"""
    repeated_weight: float
    """loss weight of a predictable token, 1 for a token of an answer"""
    own_attention_steps: int
    """last steps, with the architecture's own attention; those before use a fused kernel without soft cap"""


@dataclass(frozen=True)
class UnscorableTask:
    task: str
    """lower-case words joined by hyphens"""
    why: str


@dataclass(frozen=True)
class Versions:
    python: str
    torch: str
    transformers: str
    worker: str


@dataclass(frozen=True)
class WordList:
    """A list of a behaviour of the vocabulary."""

    behaviour: str
    """lower-case words joined by hyphens"""
    list: str
    """lower-case words joined by hyphens"""


AttendedPrompts = RepeatedPrompts | ContrastPrompts
ComputedSlot = ConstantSlot | SameSlot | SumSlot | BaseSlot | ShiftSlot | MapSlot | NthSlot | PlaceSlot | ItemsSlot
Lesson = ContrastLesson | InContextLesson | RepeatedLesson
Material = InContextMaterial | RepeatedTokensMaterial | ContrastMaterial
PairedPrompts = InContextPrompts | ContrastPrompts
Prompts = InContextPrompts | RepeatedPrompts | ContrastPrompts
Slot = ChoiceSlots | RangeSlots | OrderSlots | ConstantSlot | SameSlot | SumSlot | BaseSlot | ShiftSlot | MapSlot | NthSlot | PlaceSlot | ItemsSlot
