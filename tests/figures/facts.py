"""Raw rows as frames: money in whole cents, moments in UTC, ids that may be missing."""

from pathlib import Path

import pandas

MONEY = ("amount", "discount_amount", "margin", "goods_cost", "order_amount", "cost")
MOMENTS = (
    "date",
    "assigned_at",
    "issued_at",
    "first_seen_at",
    "used_at",
    "voided_at",
    "expires_at",
    "expiration_date",
    "available_date",
    "date_to",
    "date_from",
    "date_end",
    "name",
)
TEXTS = {
    "channel": str,
    "shop": str,
    "order_model": str,
    "kind": str,
    "occasion": str,
    "arm": str,
    "state": str,
    "message_state": str,
    "program_type": str,
    "applies_on": str,
    "trigger": str,
    "reward_type": str,
    "stage_from": str,
    "stage_to": str,
}
WALLETS = ("loyalty", "ewallet", "gift_card")


def once(compute):
    """Have a function of facts compute its frame once; each caller gets a copy."""

    def known(facts):
        if compute not in facts.found:
            facts.found[compute] = compute(facts)
        return facts.found[compute].copy()

    return known


class Facts:
    """The tables of a folder of dumps, as attributes without their prefix."""

    def __init__(self, folder, world):
        """Read the dumps.

        :param world: what the loader said: companies, zones and the frozen moment
        """
        self.found = {}
        self.now = pandas.Timestamp(world["now"])
        self.companies = world["companies"]
        self.main = world["companies"]["real"]
        self.zones = {int(key): zone for key, zone in world["zones"].items()}
        for path in sorted(Path(folder).glob("*.csv")):
            setattr(self, path.stem.removeprefix("loyalty_"), _read(path))
        partners = self.res_partner.set_index("id").commercial_partner_id
        self._customers = partners

    def rate(self, currency, day):
        """Return how much of a currency one unit of the main one is on a day."""
        rates = self.res_currency_rate
        known = rates[(rates.currency_id == currency) & (rates.name <= day)]
        return known.sort_values("name").rate.iloc[-1] if len(known) else 1.0

    def customers(self, contacts):
        """Return the commercial customers of a column of contacts."""
        return contacts.map(self._customers).astype("Int64")

    def local(self, moments, companies):
        """Return moments on the clock of their company, that of the main one else."""
        zone = companies.map(self.zones).fillna(self.zones[self.main])
        found = pandas.Series(pandas.NaT, index=moments.index, dtype="datetime64[ns]")
        for name in set(zone):
            here = moments[zone == name].dt.tz_localize("UTC").dt.tz_convert(name)
            found[here.index] = here.dt.tz_localize(None)
        return found

    def day(self, moments, companies):
        """Return the days of moments for their company."""
        return self.local(moments, companies).dt.normalize()

    def today(self, company):
        """Return the day it is for a company."""
        zone = self.zones.get(company, self.zones[self.main])
        here = self.now.tz_localize("UTC").tz_convert(zone)
        return here.tz_localize(None).normalize()

    def day_end(self, day, company):
        """Return the moment at which a day is over for a company."""
        zone = self.zones.get(company, self.zones[self.main])
        midnight = pandas.Timestamp(day) + pandas.Timedelta(days=1)
        return midnight.tz_localize(zone).tz_convert("UTC").tz_localize(None)

    def todays(self, companies):
        """Return the day it is for each company of a column."""
        days = {company: self.today(company) for company in self.zones}
        return companies.map(days).fillna(self.today(self.main))


def _read(path):
    columns = pandas.read_csv(path, nrows=0).columns
    frame = pandas.read_csv(
        path,
        dtype={name: text for name, text in TEXTS.items() if name in columns},
        parse_dates=[name for name in MOMENTS if name in columns],
        keep_default_na=False,
        na_values={name: [""] for name in columns if name != "occasion"},
    )
    for name in frame.columns:
        if name == "id" or name.endswith("_id"):
            frame[name] = frame[name].astype("Int64")
        elif name in MONEY:
            frame[name] = (frame[name] * 100).round().astype("Int64")
        elif frame[name].isin(["t", "f"]).any():
            frame[name] = frame[name] == "t"
    return frame
