from enum import Enum


class Source(Enum):
    """What a report is read from, kept in the context of an environment.

    A client's context comes as JSON: it cannot hold one of these.
    """

    FACTS = "facts"
    """All facts in one go, for groups of any kind."""

    ADDED_UP = "added up"
    """Figures that are added up already, with the live days."""

    PAGE = "page"
    """The latest facts, one after another until a page is full."""

    FOUND = "found"
    """What rows of the funnel are found by, and nothing else."""

    ISSUED = "issued"
    """The same of coupons alone."""

    OFFERED = "offered"
    """The same of members who have no coupon."""
