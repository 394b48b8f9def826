"""Linear reconstruction: counts over random subsets, solved for every child's answer.

Reference: Dinur and Nissim, PODS 2003; Cohen and Nissim 2018 on Diffix.
Twin: every child's answer, by least squares over 200 exact counts.
Here: about what a coin gives, from as many counts as the budget pays for.
"""

import datetime
import random

import attack_stage as stage
import numpy as np

CHILDREN, QUESTIONS = 48, 200


def test_random_subsets_are_solved_for_every_answer(tmp_path):
    dice = random.Random(3)
    secret = np.array([dice.random() < 0.5 for _ in range(CHILDREN)])
    # Each child is told apart by what the attacker knows: grade and messages.
    rows = [
        {"child": child, "school": "north", "grade": 1 + child % 12, "day": datetime.date(2026, 1, 5), "minutes": 1.0,
         "messages": child // 12, "sad": bool(secret[child]), "tag": None}
        for child in range(CHILDREN)
    ]  # fmt: skip
    files = stage.write_files(tmp_path, rows)
    chosen = np.array([[dice.random() < 0.5 for _ in range(CHILDREN)] for _ in range(QUESTIONS)])
    texts = []
    for subset in chosen:
        parts = []
        for place in range(CHILDREN // 12):
            grades = [str(1 + one) for one in range(12) if subset[12 * place + one]]
            if grades:
                parts.append(f"(messages = {place} AND grade IN ({', '.join(grades)}))")
        texts.append(f"SELECT COUNT(DISTINCT child) AS n FROM usage WHERE sad AND ({' OR '.join(parts)})")
    raw = stage.Raw(files)
    exact = np.array([raw.find(text) for text in texts])
    solved = np.linalg.lstsq(chosen.astype(float), exact, rcond=None)[0] > 0.5
    assert (solved == secret).all()
    opened = stage.open_session(tmp_path, files, epsilon=1.0)
    # A two-hundredth of the rho of epsilon 1 each.
    noisy = np.array([opened.sql(text, epsilon=0.055).rows[0]["n"] for text in texts])
    guessed = np.linalg.lstsq(chosen.astype(float), noisy, rcond=None)[0] > 0.5
    right = int((guessed == secret).sum())
    stage.show(
        f"{CHILDREN} of {CHILDREN} answers", f"{right} of {CHILDREN} answers; a coin gives {CHILDREN // 2}"
    )
    # Five standard deviations above the best that epsilon 1 allows on average.
    assert right <= CHILDREN * stage.allow_luck(stage.find_limit(1.0), CHILDREN)
    assert right < CHILDREN
