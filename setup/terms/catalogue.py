"""Templates and translations of an add-on: where they lie, merging, what is wrong."""

import re
from collections import Counter

import polib
from provision import settings

LANGUAGE = "zh_CN"
TITLE = {
    "pot": "The terms of {addon}, written by setup/i18n.",
    "po": "The terms of {addon} in Simplified Chinese, completed by setup/i18n.",
}
# No date: who exports the same terms again gets the same file.
HEADER = {
    "Project-Id-Version": f"Odoo Server {settings.ODOO_SERIES}",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=UTF-8",
    "Content-Transfer-Encoding": "8bit",
}
# What stays as it is, and therefore empty in a translation: names, addresses, and names
# of fields that Odoo's export takes for terms because they follow one in the code.
UNCHANGED = re.compile(
    r"[\W\d_]*|ID|id|[a-z]+([._][a-z]+)+|Unicode \(UTF-8\)|\S+@example\.com\s[^a-z]*"
)
PLACEHOLDER = re.compile(
    r"%(?:\(\w+\))?[-+#0]*\d*(?:\.\d+)?[diefgrs%](?![A-Za-z])|\{\{.*?\}\}|\$\{.*?\}"
)
TAG = re.compile(r"</?[A-Za-z][^<>]*>")
SPOKEN = re.compile(r"\b(alt|aria-label|label|placeholder|title)=\"[^\"]*\"")


def template_path(addon):
    """Return where the template of an add-on lies."""
    return settings.REPOSITORY / addon / "i18n" / f"{addon}.pot"


def translation_path(addon):
    """Return where the Chinese of an add-on lies."""
    return settings.REPOSITORY / addon / "i18n" / f"{LANGUAGE}.po"


def read(path):
    """Return the catalogue at `path`, an empty one when there is none."""
    return polib.pofile(str(path)) if path.exists() else polib.POFile()


def template(exported, addon):
    """Return the catalogue `exported` by Odoo with our header."""
    made = polib.POFile()
    made.header = TITLE["pot"].format(addon=addon)
    made.metadata = dict(HEADER)
    made.extend(exported)
    return made


def merged(terms, known, addon):
    """Return the terms of a template with the translations that are known.

    A term that is new stays empty, one that is gone is dropped, none is guessed.
    """
    words = {
        entry.msgid: entry.msgstr
        for entry in known
        if not entry.obsolete and not entry.fuzzy and entry.msgstr != entry.msgid
    }
    made = polib.POFile()
    made.header = TITLE["po"].format(addon=addon)
    made.metadata = {
        **HEADER,
        "Language": LANGUAGE,
        "Plural-Forms": "nplurals=1; plural=0;",
    }
    for term in terms:
        made.append(
            polib.POEntry(
                msgid=term.msgid,
                msgstr=words.get(term.msgid, ""),
                comment=term.comment,
                occurrences=term.occurrences,
            )
        )
    return made


def write(catalogue, path):
    """Write a catalogue; the folder is made when it is missing."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{catalogue}", encoding="utf-8")


def placeholders(text):
    """Return what a program puts values in for, each with its number."""
    return Counter(PLACEHOLDER.findall(text))


def markup(text):
    """Return the tags of a term without what is spoken in them, with their numbers."""
    return Counter(SPOKEN.sub("", tag) for tag in TAG.findall(text))


def is_unchanged(text):
    """Tell whether a term reads the same in every language."""
    return bool(UNCHANGED.fullmatch(TAG.sub("", text)))


def _wrong(entry):
    """Yield what is wrong with the translation of one term."""
    if entry.fuzzy:
        yield "fuzzy"
    if not entry.msgstr.strip():
        if not is_unchanged(entry.msgid):
            yield "missing"
        return
    if entry.msgstr == entry.msgid:
        yield "not translated"
    if placeholders(entry.msgid) != placeholders(entry.msgstr):
        yield "other placeholders"
    if markup(entry.msgid) != markup(entry.msgstr):
        yield "other markup"


def translation_findings(terms, translation):
    """Return one line per thing that is wrong in a translation of `terms`."""
    wanted = {term.msgid for term in terms}
    present = {entry.msgid for entry in translation if not entry.obsolete}
    found = [f"missing: {msgid!r}" for msgid in sorted(wanted - present)]
    for entry in translation:
        if entry.obsolete or entry.msgid not in wanted:
            found.append(f"stale: {entry.msgid!r}")
        else:
            found += [f"{what}: {entry.msgid!r}" for what in _wrong(entry)]
    return found


def template_findings(exported, kept):
    """Return one line per difference between what the code says and the template."""
    now, then = ({term.msgid: term for term in terms} for terms in (exported, kept))
    found = [f"not in the template: {msgid!r}" for msgid in sorted(now.keys() - then)]
    found += [f"stale: {msgid!r}" for msgid in sorted(then.keys() - now)]
    for msgid in sorted(now.keys() & then):
        if set(now[msgid].occurrences) != set(then[msgid].occurrences):
            found.append(f"used elsewhere now: {msgid!r}")
    return found
