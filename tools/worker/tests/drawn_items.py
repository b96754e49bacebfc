"""Reads a list of contrast materials on stdin and writes items of every task: what `contrast.test.ts` looks at."""

import json
import random
import sys

from recircuit_worker.contract import ContrastMaterial
from recircuit_worker.decode import decode
from recircuit_worker.prompts.contrast import Drawer

ITEMS = 40


def items(material: ContrastMaterial) -> list[dict]:
    found = []
    for task in material.tasks:
        drawer = Drawer(task, material, task.shots)
        for index in range(ITEMS):
            item = drawer.draw(random.Random(index))
            texts = {variant: told.text for variant, told in item.told.items()}
            found.append({"task": task.task, "texts": texts, "answers": item.answers, "rivals": sum(item.rivals, ())})
    return found


if __name__ == "__main__":
    json.dump([items(decode("ContrastMaterial", material)) for material in json.load(sys.stdin)], sys.stdout)
