"""What the gate has to look up, for several uses at once."""

from dataclasses import dataclass, field


@dataclass
class Found:
    """What was looked up.

    `slots`: {program id: its `Slot`s}; `counts`: {(program id, slot): (uses, amount,
    uses that others hold)}; `members`: ids of programs of whose audience the customer
    is; `bought`: whether the customer bought before.
    """

    slots: dict = field(default_factory=dict)
    counts: dict = field(default_factory=dict)
    members: set = field(default_factory=set)
    bought: bool = False


class GateFacts:
    """The facts of uses by one customer on one document, read together.

    They are read when the first use asks, and kept no longer than the question.

    `granted` is what managers allowed on the document, None until it is asked for.
    """

    def __init__(self, read):
        """Take the function that reads the facts of a list of uses."""
        self._read = read
        self._uses = []
        self._found = None
        self._missing = {}
        self._once = {}
        self.granted = None

    def add(self, use):
        """Add a use whose facts are to be read with those of the others."""
        self._uses.append(use)
        self._found = None

    @property
    def found(self):
        """Return what is known of all uses, as `Found`."""
        if self._found is None:
            self._found = self._read(self._uses)
        return self._found

    def once(self, name, find):
        """Return what is the same for all uses, found when the first one asks.

        :param name: under which it is kept
        :param find: function without arguments
        """
        if name not in self._once:
            self._once[name] = find()
        return self._once[name]

    def missing(self, use):
        """Return what the document lacks for the program of a use, as blockers.

        It is counted for all programs that are asked about the document together.
        """
        if use.program not in self._missing:
            programs = use.program.union(*(one.program for one in self._uses))
            self._missing = use.document._loyalty_missing_of(programs)
        return self._missing[use.program]
