"""The Chinese is complete, says the same with the same words, and Odoo loads it."""

import re

import polib
import pytest
from addon_tools import load
from provision import settings
from terms import catalogue, command

BASE = settings.ADDONS[0]
LABELS = load("rfm").LABELS
# One word for one thing: English on the left is this word in Chinese.
GLOSSARY = {
    r"campaigns?": "营销活动",
    r"control group": "对照组",
    r"audiences?": "受众",
    r"segments?": "客群",
    r"coupons?": "券",
    r"vouchers?": "券",
    r"redemptions?": "核销",
    r"(?<!percentage )points": "积分",
    r"void(ed)?": "作废",
    r"reissued?": "补发",
    r"extend(ed)?": "延期",
    r"ewallets?": "电子钱包",
    r"gift cards?": "礼品卡",
    r"programs?": "方案",
    r"rewards?": "奖励",
    r"tills?": "收银台",
    r"shops?": "门店",
    r"reverse[sd]?": "冲销",
}
# In the order of the labels.
RFM_SEGMENTS = [
    "重要价值",
    "忠诚",
    "潜力",
    "新客",
    "有望",
    "需关注",
    "即将沉睡",
    "流失风险",
    "不能失去",
    "沉睡",
    "已流失",
]
# The name of Odoo's own model stays as Odoo says it.
ODOOS = ("Loyalty Coupon",)
# Add-ons of Odoo translate it differently, and the last one loaded wins.
DISPUTED = ("Lead",)
HAN = "[\u4e00-\u9fff]"
HALF_WIDTH = re.compile(rf"{HAN}\s?[,:;!?]|[,;!?]\s?{HAN}")

LOADED = """
from odoo.tools.translate import code_translations

chinese = "zh_CN"
env = env(context={"lang": chinese})
form = env["loyalty.campaign"].get_view(view_type="form")
fields = env["loyalty.campaign"].fields_get(["segment_id", "state"])
sentences = code_translations.get_python_translations("loyalty_coupon_crm", chinese)
till = code_translations.get_web_translations("loyalty_coupon_crm_pos", chinese)
answer = {
    "form": form["arch"],
    "field": fields["segment_id"]["string"],
    "state": dict(fields["state"]["selection"])["running"],
    "menu": env.ref("loyalty_coupon_crm.loyalty_campaign_action").name,
    "mail": env.ref("loyalty_coupon_crm.mail_template_coupon").subject,
    "error": sentences["The campaign has no audience: choose one."],
    "till": {m["id"]: m["string"] for m in till["messages"]},
}
"""


@pytest.fixture(scope="module")
def exported(addons_template):
    """Return {add-on: catalogue} of what the code says now."""
    return command.export(addons_template)


@pytest.fixture(scope="module")
def chinese(make_database, addons_template):
    """Return a database that speaks Chinese; a warning while it learns fails."""
    database = make_database("chinese", addons_template)
    database.odoo("i18n", "loadlang", "-d", database.name, "-l", "zh_CN")
    return database


@pytest.fixture(scope="module")
def loaded(chinese):
    """Return {add-on: catalogue} of the Chinese that Odoo has loaded."""
    return command.export(chinese.name, catalogue.LANGUAGE)


@pytest.fixture
def words(addon):
    """Return the Chinese of each of our add-ons in turn."""
    return catalogue.read(catalogue.translation_path(addon.name))


def test_template_says_what_the_code_says(addon, exported):
    """A term came, went or moved: run setup/i18n."""
    kept = catalogue.read(catalogue.template_path(addon.name))
    assert not catalogue.template_findings(exported[addon.name], kept)


def test_files_are_as_the_command_writes_them(addon, exported):
    """Running setup/i18n now would change nothing."""
    template = catalogue.template(exported[addon.name], addon.name)
    path = catalogue.translation_path(addon.name)
    merged = catalogue.merged(template, catalogue.read(path), addon.name)
    kept = catalogue.template_path(addon.name).read_text(encoding="utf-8")
    assert kept == f"{template}"
    assert path.read_text(encoding="utf-8") == f"{merged}"


def test_translation_is_complete(addon, words):
    """No term is missing, fuzzy, stale, or has other placeholders or markup."""
    terms = catalogue.read(catalogue.template_path(addon.name))
    assert not catalogue.translation_findings(terms, words)


def test_one_word_for_one_thing(words):
    """The glossary holds in every term."""
    found = []
    for entry in words:
        if entry.msgid in ODOOS:
            continue
        text = catalogue.TAG.sub(" ", catalogue.PLACEHOLDER.sub(" ", entry.msgid))
        for english, chinese_word in GLOSSARY.items():
            if (
                re.search(rf"\b{english}\b", text, re.I)
                and chinese_word not in entry.msgstr
                and not catalogue.is_unchanged(entry.msgid)
            ):
                found.append((entry.msgid, entry.msgstr, chinese_word))
    assert not found


def test_same_term_same_words():
    """What two add-ons of ours say alike in English they say alike in Chinese."""
    told = {}
    for addon in settings.ADDONS:
        for entry in catalogue.read(catalogue.translation_path(addon)):
            told.setdefault(entry.msgid, set()).add(entry.msgstr)
    assert not {msgid: words for msgid, words in told.items() if len(words) > 1}


def test_rfm_segments_have_the_names_of_the_field():
    """Marketing people who read Chinese know them by these."""
    names = dict.fromkeys(name for _key, name in LABELS)
    for entry in catalogue.read(catalogue.translation_path(BASE)):
        if entry.msgid in names:
            names[entry.msgid] = entry.msgstr
    assert [*names.values()] == RFM_SEGMENTS


def test_punctuation_is_chinese(words):
    """No half-width comma, colon or question mark stands beside a Chinese character."""
    assert not [entry.msgstr for entry in words if HALF_WIDTH.search(entry.msgstr)]


def test_odoo_knows_every_translation(addon, words, loaded):
    """Once loaded, Odoo exports the same Chinese: it has dropped none of it.

    What Odoo has a translation of already, such as the name of a model of its own, it
    keeps: ours has to be the same.
    """
    known = {entry.msgid: entry.msgstr for entry in loaded[addon.name]}
    assert not [
        (entry.msgid, entry.msgstr, known.get(entry.msgid))
        for entry in words
        if entry.msgstr != known.get(entry.msgid) and entry.msgid not in DISPUTED
    ]


def test_screens_are_chinese(chinese):
    """Form, field, state, window, mail, error and till speak Chinese."""
    shown = chinese.shell(LOADED)
    assert re.search(r'string="启动"', shown["form"])
    assert shown["field"] == "受众"
    assert shown["state"] == "进行中"
    assert shown["menu"] == "营销活动"
    assert "优惠券" in shown["mail"]
    assert shown["error"].startswith("营销活动没有受众")
    assert shown["till"]["No coupons"] == "没有优惠券"


TERM = "Hold %(points)s points"


@pytest.mark.parametrize(
    ("english", "words", "fuzzy", "finding"),
    [
        (TERM, "占用 %(points)s 积分", False, None),
        (TERM, "", False, "missing"),
        (TERM, "占用 %(points)s 积分", True, "fuzzy"),
        (TERM, "占用 %(point)s 积分", False, "other placeholders"),
        (TERM, TERM, False, "not translated"),
        ("<b>Hold</b>", "<i>占用</i>", False, "other markup"),
        ('<b title="Hold">x</b>', '<b title="占用">占</b>', False, None),
        ("%s %% off", "立减 %s %%", False, None),
        ("50% of all", "全部的 50%", False, None),
        ("10:00", "", False, None),
        ("campaign_member_ids.campaign_id", "", False, None),
    ],
)
def test_checks_find_what_they_are_for(english, words, fuzzy, finding):
    """The checks above can fail, and do not where they should not."""
    terms, translation = polib.POFile(), polib.POFile()
    terms.append(polib.POEntry(msgid=english))
    flags = ["fuzzy"] if fuzzy else []
    translation.append(polib.POEntry(msgid=english, msgstr=words, flags=flags))
    found = catalogue.translation_findings(terms, translation)
    assert found == ([f"{finding}: {english!r}"] if finding else [])


def test_merge_keeps_drops_and_leaves_empty():
    """A known term stays, a lost one goes, a new or doubtful one is empty."""
    terms, known = polib.POFile(), polib.POFile()
    terms.extend(polib.POEntry(msgid=text) for text in ("Card", "Hold", "Issue"))
    known.append(polib.POEntry(msgid="Card", msgstr="卡片"))
    known.append(polib.POEntry(msgid="Hold", msgstr="占", flags=["fuzzy"]))
    known.append(polib.POEntry(msgid="Gone", msgstr="没了"))
    merged = catalogue.merged(terms, known, BASE)
    assert [(entry.msgid, entry.msgstr) for entry in merged] == [
        ("Card", "卡片"),
        ("Hold", ""),
        ("Issue", ""),
    ]
    assert not [entry for entry in merged if entry.fuzzy or entry.obsolete]
    findings = catalogue.template_findings(terms, known)
    assert findings == [
        "not in the template: 'Issue'",
        "stale: 'Gone'",
    ]
