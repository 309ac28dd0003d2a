import math
import re
from collections import Counter

from odoo.tests import tagged

from ..tools import codes
from .common import LoyaltyCrmCommon

# A code printed on paper today has to be good for ever: never change this list.
PRINTED = [
    "044CT9ENNCJ7X2WRR5R7N3",
    "044W3K2AHPFH54WMAEP9J2",
    "0446YC6ACJE2HC5C5E54W6",
]


@tagged("post_install", "-at_install")
class TestCodes(LoyaltyCrmCommon):
    def test_form(self):
        found = codes.generate_codes(1000)
        self.assertEqual(len(set(found)), 1000)
        for code in found:
            self.assertRegex(code, f"^044[{codes.ALPHABET}]{{19}}$")
            self.assertTrue(codes.is_ours(code))
            self.assertTrue(codes.has_valid_check(code))
        self.assertEqual(codes.generate_codes(0), [])

    def test_randomness(self):
        self.assertGreaterEqual(
            codes.RANDOM_LENGTH * math.log2(len(codes.ALPHABET)), 80
        )
        drawn = 20000
        found = codes.generate_codes(drawn)
        expected = drawn / len(codes.ALPHABET)
        # Each place uses each character, about equally often: the 99.9999 % point of
        # chi-square with 22 degrees of freedom is 67.
        for place in range(len(codes.PREFIX), codes.CODE_LENGTH):
            counts = Counter(code[place] for code in found)
            self.assertEqual(set(counts), set(codes.ALPHABET))
            distance = sum((n - expected) ** 2 / expected for n in counts.values())
            self.assertLess(distance, 90, f"place {place}")

    def test_alphabet_without_lookalikes(self):
        for group in ("0OQD", "1IL", "8B", "6G", "5S", "2Z", "UV"):
            self.assertLessEqual(len(set(group) & set(codes.ALPHABET)), 1, group)

    def test_printed_codes_stay_valid(self):
        for code in PRINTED:
            self.assertTrue(codes.has_valid_check(code), code)

    def test_every_single_error_is_noticed(self):
        for code in PRINTED + codes.generate_codes(5):
            for place in range(codes.CODE_LENGTH):
                for letter in set(codes.ALPHABET + "01") - {code[place]}:
                    wrong = code[:place] + letter + code[place + 1 :]
                    self.assertFalse(codes.has_valid_check(wrong), (code, wrong))

    def test_every_swap_is_noticed(self):
        for code in PRINTED + codes.generate_codes(20):
            for first in range(codes.CODE_LENGTH):
                for second in range(first + 1, codes.CODE_LENGTH):
                    letters = list(code)
                    letters[first], letters[second] = letters[second], letters[first]
                    wrong = "".join(letters)
                    if wrong != code:
                        self.assertFalse(codes.has_valid_check(wrong), (code, wrong))

    def test_lost_and_doubled_characters_are_noticed(self):
        for code in PRINTED:
            for place in range(codes.CODE_LENGTH):
                lost = code[:place] + code[place + 1 :]
                doubled = code[: place + 1] + code[place:]
                self.assertFalse(codes.has_valid_check(lost))
                self.assertFalse(codes.has_valid_check(doubled))

    def test_typed_codes_are_put_right(self):
        code = "0446YC6ACJE2HC5C5E54W6"
        for typed in (
            code,
            code.lower(),
            f"  {code}\n",
            codes.format_code(code),
            codes.format_code(code).replace("-", " "),
            codes.format_code(code).replace("-", "–"),
            "O446YC6ACJE2HC5C5E54W6",
            "044GYCGACJEZHCSCSES4WG",
        ):
            self.assertEqual(codes.normalize_code(typed), code, typed)

    def test_other_codes_stay_untouched(self):
        for code in (
            "0443-a1b2-c3d4",
            "summer-2026",
            "10% off 今天",
            "044GIFT",
            "044 SUMMER SALE BOGUS ZZZ",
            "0446YC6ACJE2HC5C5E54W7",
        ):
            self.assertEqual(codes.normalize_code(f" {code} "), code)
        for nothing in (None, False, "", "  "):
            self.assertEqual(codes.normalize_code(nothing), "")
            self.assertFalse(codes.is_ours(nothing))

    def test_what_nobody_types_is_dropped(self):
        self.assertEqual(codes.normalize_code("SPRING\x00\ud800 10\n"), "SPRING 10")
        self.assertEqual(len(codes.normalize_code("x" * 10**6)), codes.LONGEST)

    def test_mistyped_code_is_still_seen_as_ours(self):
        self.assertTrue(codes.is_ours("0446YC6ACJE2HC5C5E54W7"))
        self.assertTrue(codes.is_ours("0446YC6ACJE2HC5C5E54W1"))
        self.assertFalse(codes.is_ours("0443-a1b2-c3d4"))
        self.assertFalse(codes.is_ours("0446YC6ACJE2HC5C5E54W"))

    def test_format(self):
        self.assertEqual(
            codes.format_code("0446YC6ACJE2HC5C5E54W6"), "0446-YC6ACJ-E2HC5C-5E54W6"
        )
        self.assertEqual(codes.format_code("0443-a1b2-c3d4"), "0443-a1b2-c3d4")
        self.assertFalse(codes.format_code(False))

    def test_new_cards_get_our_codes(self):
        card = self._create_card(self._create_coupon_program())
        self.assertTrue(codes.has_valid_check(card.code))

    def test_typed_code_is_applied_to_an_order(self):
        card = self._create_card(self._create_coupon_program())
        order = self._create_order()
        typed = codes.format_code(card.code).lower()
        self.assertNotIn("error", self._apply_code(order, typed))
        self.assertEqual(order.order_line.coupon_id, card)

    def test_the_till_reads_our_codes_as_coupons(self):
        rule = self.env.ref("pos_loyalty.barcode_rule_coupon", False)
        if not rule:
            self.skipTest("the point of sale is not installed")
        # As the till does: the first rule with a matching prefix wins.
        for candidate in rule.barcode_nomenclature_id.rule_ids.sorted("sequence"):
            if candidate.encoding == "any" and re.match(
                f"({candidate.pattern})", PRINTED[0]
            ):
                self.assertEqual(candidate.type, "coupon")
                break
        else:
            self.fail("no barcode rule reads our codes")
