"""The csv columns of `check` and `scan` are all there is to know, and the same whatever is known of the first name."""

from watcher.api import models
from watcher.cli.check import KNOWN_FIELDS, sentence
from watcher.cli.output import OutputFormat, emit
from watcher.core.known import Known


def test_the_columns_are_the_shapes_members():
    nested = {"mail": models.Mail, "registration": models.Registration, "registration.registrant": models.Registrant}
    wanted = set(models.Known.model_fields)
    for prefix, model in nested.items():
        wanted = wanted - {prefix} | {f"{prefix}.{name}" for name in model.model_fields}
    assert set(KNOWN_FIELDS) == wanted


def test_nothing_found_is_still_a_table_with_its_head(capsys):
    emit([], OutputFormat.CSV, plain=str, table={}, fields=KNOWN_FIELDS)
    assert capsys.readouterr().out == ",".join(KNOWN_FIELDS) + "\n"


def test_a_name_without_a_look_has_its_sentence():
    assert sentence(Known("army.ml", "army.ml", "army.ml", "ml")) == "army.ml was not looked at yet"
