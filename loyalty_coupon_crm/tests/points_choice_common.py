from .common import LoyaltyCrmCommon


class PointsChoiceCommon(LoyaltyCrmCommon):
    """A program whose customers choose how many points they spend: 100 are worth 5."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(strict=True)
        # No order of these tests earns, so that all points are those of before.
        cls.program.rule_ids.minimum_amount = 10**6
        cls.program.reward_ids.write(
            {"discount_mode": "per_point", "discount": 0.05, "required_points": 100}
        )
        cls.reward = cls.program.reward_ids
