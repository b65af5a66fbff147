"""What the name of a column says of its role."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Role(StrEnum):
    """What a column holds."""

    STIMULUS = "stimulus"
    RATER = "rater"
    RATING = "rating"
    REPETITION = "repetition"
    KIND = "kind"
    SESSION = "session"
    TRIAL = "trial"
    REACTION = "reaction"
    TIME = "time"
    ATTRIBUTE = "attribute"
    OTHER = "other"


_QUALIFIERS = frozenset(
    {"id", "ids", "name", "no", "nr", "number", "num", "hash", "key", "code", "idx", "index"}
)
_ROLES: dict[Role, tuple[str, ...]] = {
    # By falling priority: of two columns the one with the earlier word wins.
    Role.STIMULUS: (
        *("stimulus", "stimuli", "image", "img", "imagename", "picture", "pic", "photo", "face"),
        *("photograph", "filename", "file", "filepath", "path", "pvs", "video", "clip", "item"),
        *("sequence", "asset", "object", "sample", "url", "src", "bild", "datei", "stim"),
        *("target", "portrait", "crop", "frame"),
    ),
    Role.RATER: (
        *("rater", "raters", "observer", "participant", "annotator", "subject", "worker", "user"),
        *("judge", "assessor", "evaluator", "viewer", "respondent", "tester", "proband", "voter"),
        *("expert", "labeler", "labeller", "reviewer", "panelist", "panellist", "scorer"),
        *("person", "freelancer", "uid", "userid", "workerid", "raterid", "subj", "vp", "email"),
        *("teilnehmer", "coder", "grader"),
    ),
    Role.RATING: (
        *("rating", "score", "opinion", "vote", "os", "acr", "value", "answer", "response"),
        *("quality", "judgement", "judgment", "grade", "rate", "stars", "evaluation", "mark"),
        *("label", "slider", "bewertung", "note", "mos", "dmos"),
    ),
    Role.REPETITION: (
        *("repetition", "rep", "repeat", "replicate", "presentation", "round", "take", "run"),
    ),
    Role.KIND: ("kind",),
    Role.SESSION: ("session", "block"),
    Role.TRIAL: ("trial", "order", "position"),
    Role.REACTION: ("rt", "reaction", "duration", "latency", "elapsed"),
    Role.TIME: ("timestamp", "time", "date", "datetime", "at", "created"),
    Role.ATTRIBUTE: ("attribute", "dimension", "question"),
}
_HEAD_OTHER = frozenset(
    {
        *(
            "width",
            "height",
            "size",
            "type",
            "category",
            "count",
            "class",
            "mean",
            "average",
            "avg",
        ),
        *("std", "sd", "stdev", "stddev", "var", "variance", "ci", "ci95", "median", "min", "max"),
        *("n", "rank", "age", "gender", "sex", "country", "nationality", "device", "browser"),
        *("display", "resolution", "comment", "comments", "remark", "remarks", "notes", "level"),
        *("distortion", "content", "batch", "set", "split", "version", "scale", "start", "se"),
        *("sos", "total", "sum", "education", "occupation", "language", "vision", "consent"),
        *("group", "condition", "outlier", "valid", "screen", "weight", "qp", "bitrate", "jpeg"),
        *("unnamed", "row", "experience", "glasses", "os_name", "platform", "code", "zmos"),
    }
)
_STATISTIC = frozenset(
    {
        *("mean", "average", "avg", "mos", "dmos", "std", "sd", "stdev", "stddev", "var", "n"),
        *("variance", "ci", "ci95", "ci 95", "median", "min", "max", "count", "total", "sum", "se"),
        *("std dev", "standard deviation", "mean score", "mean opinion score", "average score"),
        *("mittelwert", "zmos", "mos zscore", "mean rating", "average rating", "number of ratings"),
        *("95 ci", "95 confidence interval", "confidence interval", "mos std", "std mos", "sem"),
        *("mos mean", "num ratings", "n ratings", "mos sd", "mos ci"),
    }
)
_MILLISECONDS = frozenset({"ms", "msec", "milliseconds", "seconds", "sec", "s"})
_RANGE = re.compile(
    r"[(\[{<]?\s*([+\-\u2212]?\d+(?:[.,]\d+)?)\s*(?:-|–|—|\.\.+|to|bis|:|;)\s*"
    r"([+\-\u2212]?\d+(?:[.,]\d+)?)\s*[)\]}>]?"
)


def plain(header: str) -> str:
    """A header's words in small letters, without accents, punctuation and what is in brackets."""
    text = re.sub(r"[(\[{][^)\]}]*[)\]}]", " ", header)
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text or header)
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c)).casefold()
    return " ".join(re.findall(r"[^\W_]+", text))


def role_of(header: str) -> tuple[Role, int] | None:
    """The role that a header names, and its priority: less is better. None: it says nothing."""
    words = plain(header).split()
    if not words:
        return None
    joined = "".join(words)
    for role, names in _ROLES.items():
        if joined in names:
            return role, names.index(joined)
    if any(word in _MILLISECONDS for word in words[1:]) or words[-1] in {"time", "duration"}:
        return (Role.REACTION, 9) if len(words) > 1 else (Role.TIME, 0)
    bare = [word for word in words if word not in _QUALIFIERS] or words
    head = bare[-1]
    if head in _QUALIFIERS and len(bare) == 1:
        return None
    if head in _HEAD_OTHER:
        return Role.OTHER, 0
    for word, penalty in ((head, 10), (head.removesuffix("s"), 20), (bare[0], 40)):
        for role, names in _ROLES.items():
            if word in names:
                return role, names.index(word) + penalty
    return None


def is_statistic(name: str) -> bool:
    """Whether a column or row holds what was computed of the ratings, such as a mean."""
    return plain(name) in _STATISTIC or (bool(plain(name)) and plain(name).split()[0] == "mos")


def is_known(header: str) -> bool:
    """Whether a header is a word for any role: such a cell is no stimulus and no rater."""
    return role_of(header) is not None or is_statistic(header)


def is_other(header: str) -> bool:
    """Whether a header names something that is no rating: an age, a width, a mean."""
    found = role_of(header)
    named = found is not None and found[0] not in {Role.RATER, Role.RATING, Role.STIMULUS}
    counts = bool(plain(header)) and set(plain(header).split()) <= _QUALIFIERS
    return named or counts or is_statistic(header)


def roles_in(header: str) -> tuple[Role, ...]:
    """Stimulus and rater in the order in which a corner such as ``image / rater`` names them."""
    found = [
        role
        for word in plain(header).split()
        for role in (Role.STIMULUS, Role.RATER)
        if _names(word, role)
    ]
    return tuple(dict.fromkeys(found))


def is_corner(header: str) -> bool:
    """Whether a cell is words for roles and nothing else, such as ``image / rater``."""
    words = plain(header).split()
    return bool(words) and all(
        word in _QUALIFIERS or any(_names(word, role) for role in _ROLES) for word in words
    )


def _names(word: str, role: Role) -> bool:
    return word in _ROLES[role] or word.removesuffix("s") in _ROLES[role]


def scale_in(header: str) -> tuple[float, float] | None:
    """The scale that a header gives, as in ``Rating (1-5)``; None where it gives none."""
    for low, high in _RANGE.findall(header):
        ends = [float(end.replace(",", ".").replace("\u2212", "-")) for end in (low, high)]
        if ends[0] < ends[1]:
            return ends[0], ends[1]
    return None


def looks_like_file(name: str) -> bool:
    """Whether a cell names a picture, a film or a path."""
    return bool(re.search(r"\.[A-Za-z][A-Za-z0-9]{1,4}$", name)) or "/" in name or "\\" in name


_PERSON = re.compile(
    r"(rater|subject|subj|sub|participant|user|observer|obs|worker|annotator|judge|expert|viewer"
    r"|assessor|evaluator|person|proband|vp|tester|r|s|p|u|w|o|a|j)[\s_\-#.]*\d+",
    re.IGNORECASE,
)


def looks_like_person(name: str) -> bool:
    """Whether a cell is a usual pseudonym of a rater, such as ``S07`` or ``rater_3``."""
    return bool(_PERSON.fullmatch(name.strip())) or "@" in name


def pattern(name: str) -> str:
    """A name with its digits taken out: ``r1`` and ``r12`` have the same."""
    return re.sub(r"\d+", "#", name.strip().casefold())
