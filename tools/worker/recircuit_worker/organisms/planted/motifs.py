"""What each kind of planted head does. Strengths are scores before the softmax, or lengths written to the stream.

They are chosen so that the losing tokens of a softmax lie some units below the winning ones: single heads of a group
then matter in part, as in trained models. How a head comes into the weights belongs in `weights.py`.
"""

from collections.abc import Callable, Mapping

from recircuit_worker.organisms.planted.codes import class_pattern, next_item
from recircuit_worker.organisms.planted.heads import PlantedHead

ASKED = ("name", "color")
"""classes of words that a token can ask for"""

ONE_BACK = (18.3, 5.8, 5.7, 4.2, 0.1)
"""peak at a distance: 8 more than at any other of a hundred"""
NOT_HERE = (-3.5, -7.8, -7.5, -0.1, -0.3)
"""10 less at distance 0 than at those of 3 to 60, which differ by 26 at most"""
NEAR = (0.0, 0.0, 8.0, 8.0, 0.0)
"""a wide peak: 5 less at 10 tokens from it"""
FADES = {"function-vector": 0.9, "year-reader": 0.8}
"""motifs whose heads are not equally strong: what each of a group writes, as a share of the one before it"""


def previous_token(head: PlantedHead) -> None:
    """Attends to the token before and notes which it is."""
    head.at(1, ONE_BACK)
    head.rest(28)
    head.move("token", "previous", 0.5)


def duplicate_token(head: PlantedHead) -> None:
    """Attends to an earlier occurrence of the token; notes that there is one, and what stands before it."""
    head.compare("token", "token", 150)
    head.at(0, NOT_HERE)
    head.rest(134)
    head.mark("repeated", 0.3)
    head.move("previous", "linked", 0.5)


def induction(head: PlantedHead) -> None:
    """Attends to the token after an earlier occurrence, by what previous-token heads noted, and predicts it again."""
    head.compare("token", "previous", 24)
    head.rest(12)
    head.mark("repeated", 0.2)
    head.move("token", "said", 0.4)


def sink(head: PlantedHead) -> None:
    """Attends to the beginning of text, whatever stands there."""
    head.look_away()


def s_inhibition(head: PlantedHead) -> None:
    """Where a name must follow: attends to the name that was repeated and notes that it is not wanted."""
    head.flag("name", "repeated", 8)
    head.prefer("name", class_pattern("name"), 10)
    head.rest(14)
    head.move("token", "wanted", -1 / 3)


def name_mover(head: PlantedHead) -> None:
    """Attends to words of the class asked for, less to the unwanted, more to the wanted, and predicts what it sees."""
    for asked in ASKED:
        head.prefer(asked, class_pattern(asked), 30)
    head.compare("wanted", "token", 5.3)
    head.rest(18)
    head.move("token", "said", 0.7)


def backup_name_mover(head: PlantedHead) -> None:
    """As a name mover, but only while its word has not been predicted yet."""
    for asked in ASKED:
        head.prefer(asked, class_pattern(asked), 30)
    head.compare("wanted", "token", 22)
    head.compare("said", "token", -13)
    head.rest(20)
    head.move("token", "said", 0.5)


def negative_name_mover(head: PlantedHead) -> None:
    """Attends to an occurrence of what is predicted and takes it back: copy suppression."""
    head.compare("said", "token", 14)
    head.rest(10)
    head.move("token", "said", -0.25)


def content_gatherer(head: PlantedHead) -> None:
    """Where a color must follow: attends to the thing asked about and notes that the color linked to it is wanted."""
    head.flag("color", "repeated", 8)
    head.prefer("color", class_pattern("thing"), 10)
    head.at(4, NEAR)
    head.rest(24)
    head.move("linked", "wanted", 0.5)


def successor(head: PlantedHead) -> None:
    """At an item of an ordered list: attends to it and predicts the next one."""
    head.prefer(None, class_pattern("item"), 20)
    head.at(0, ONE_BACK)
    head.rest(48)
    head.move("token", "said", 1.0, next_item())


def color_mover(head: PlantedHead) -> None:
    """As a name mover, for colors alone: a mover that the two behaviours do not share; no published role."""
    head.prefer("color", class_pattern("color"), 30)
    head.compare("wanted", "token", 5.3)
    head.rest(18)
    head.move("token", "said", 0.7)


def name_copier(head: PlantedHead) -> None:
    """Where a name must follow: predicts all names there are, alike; no published role."""
    head.prefer("name", class_pattern("name"), 30)
    head.rest(18)
    head.move("token", "said", 1.5)


def subject_remover(head: PlantedHead) -> None:
    """Where a name must follow: takes the repeated name from what is predicted, itself; no published role."""
    s_inhibition(head)
    head.silence()
    head.move("token", "said", -1.3)


def answer_pair(head: PlantedHead) -> None:
    """At an answer: attends to the word asked about, if the answer is a form of it, and notes that they fit."""
    head.compare("token", "token", 30)
    head.at(4, ONE_BACK)
    head.rest(58)
    head.mark("fits", 0.5)


def function_vector(head: PlantedHead) -> None:
    """Where an answer must follow: attends evenly to answers that fit, and notes which form of a word they are.

    It rests where few do: of one that fits it sees .2, of ten .7.
    """
    head.seek("answer", "fits", 10)
    head.rest(11.3)
    head.move("form", "task", 0.2)


def query_mover(head: PlantedHead) -> None:
    """Attends three tokens back, where the word asked about stands at the end of a prompt, and predicts that word."""
    head.at(3, ONE_BACK)
    head.rest(28)
    head.move("token", "said", 0.5)


def year_reader(head: PlantedHead) -> None:
    """Where a year must follow: attends to the years before and notes which year it sees."""
    head.seek("year", "is-year", 16)
    head.rest(14)
    head.move("year", "began", 0.25)


MOTIFS: Mapping[str, Callable[[PlantedHead], None]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        previous_token,
        duplicate_token,
        induction,
        sink,
        s_inhibition,
        name_mover,
        backup_name_mover,
        negative_name_mover,
        content_gatherer,
        successor,
        color_mover,
        name_copier,
        subject_remover,
        answer_pair,
        function_vector,
        query_mover,
        year_reader,
    )
}
