"""All tests of the repository, from nothing to one line of counts."""
