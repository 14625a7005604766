"""Public suffixes beyond the list: those of registries that the operator named."""

from watcher.data import load_suffixes


def test_a_suffix_that_the_operator_named_is_one():
    suffixes = load_suffixes.__wrapped__()
    assert suffixes.registrable_domain("mail.army.corp.uk") == "corp.uk"
    suffixes.add(["corp.uk", "ml"])
    assert suffixes.registrable_domain("mail.army.corp.uk") == "army.corp.uk"
    assert suffixes.registered_domain("mail.army.corp.uk") == "corp.uk", "the list's own registries know only that"
    assert suffixes.is_suffix("corp.uk")
    assert suffixes.registrable_domain("corp.uk") is None
    assert suffixes.registrable_domain("acorp.uk") == "acorp.uk"
    assert suffixes.registrable_domain("us.army.ml") == "army.ml"
    assert suffixes.registrable_domain("mod.gov.uk") == "mod.gov.uk"
