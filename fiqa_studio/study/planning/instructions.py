"""The instructions every study starts from: the paper's four parts, in words of our own."""

from __future__ import annotations

from fiqa_studio.study.values import Consent, Method, Part, Texts

_QUALITY = (
    "You will judge the technical quality of pictures of faces: how sharp the picture is, how "
    "free of noise, blocks and other damage, how well it is lit and exposed, and how natural its "
    "colours are. Judge the picture, not the person. Whether a face is attractive, young, "
    "friendly or known to you does not matter: a beautiful face in a blurred picture is a bad "
    "picture, and a plain face in a sharp, well-lit picture is a good one."
)
_HARDWARE = (
    "Use a screen in a room without glare, at the distance you usually work at, with its "
    "brightness as usual and any night or reading mode switched off. Wear your glasses if you "
    "use them for reading. Do not zoom the page: each picture is shown pixel by pixel, at the "
    "size it is meant to be seen."
)
_STEPS = (
    "You see one picture at a time. Look at it, then click, touch or use the arrow keys on the "
    "scale below it and adjust your answer as long as you like. “Next”, or Enter, stores it and "
    "brings the next picture. There are no right or wrong opinions: answer by your first honest "
    "impression, and use the whole scale. At the beginning there is a short training that tells "
    "you where the answer should lie. You may pause at any time; you will go on at exactly the "
    "picture where you stopped."
)
_EXAMPLES = (
    "Excellent: every eyelash can be seen, no noise, good light. Fair: a little soft or noisy, or "
    "the light is poor, but all of the face can be seen. Bad: heavy blur, noise or blocks; much "
    "of the face is lost. Two things that do not count: make-up and expression."
)
_PAIRS = (
    "You see two pictures at a time. Choose the one of better technical quality, with a click, a "
    "touch or the arrow keys. “No difference” is an honest answer where it is offered. “Next”, or "
    "Enter, stores it. You may pause at any time; you will go on at exactly the pair where you "
    "stopped."
)
_REFERENCE = (
    "You see two versions of one picture. Judge how the one compares with the other, as the words "
    "on the scale say. “Next”, or Enter, stores your answer. You may pause at any time; you will "
    "go on at exactly the picture where you stopped."
)
_CONSENT = (
    "Taking part is voluntary, and you can stop at any time without giving a reason. Stored are "
    "your ratings, how long each took, the size of your screen, and the name you are given in "
    "this study. The owner of the study can delete all of it at your request."
)


def default_texts(method: Method, examples: tuple[str, ...] = ()) -> Texts:
    """What raters read where the owner wrote nothing; ``examples`` are the owner's pictures."""
    steps = _STEPS
    if method is Method.PAIRS:
        steps = _PAIRS
    elif method in {Method.DCR, Method.CCR}:
        steps = _REFERENCE
    return Texts(
        instructions=(
            Part("What is judged", _QUALITY),
            Part("Your screen", _HARDWARE),
            Part("How it goes", steps),
            Part("Examples", _EXAMPLES, examples),
        ),
        consent=Consent(_CONSENT),
    )
