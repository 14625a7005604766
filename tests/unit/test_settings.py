"""Settings: defaults, file, environment and command line in that order; every complaint is one line that names the key."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from watcher.core.errors import ConfigurationError
from watcher.sections import format_duration, parse_duration
from watcher.settings.complaints import complaint
from watcher.settings.settings import Settings, load


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch, tmp_path):
    import os

    for variable in list(os.environ):
        if variable.startswith("WATCHER_"):
            monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)


def written(tmp_path, text):
    (tmp_path / "watcher.toml").write_text(text, encoding="utf-8")


def test_without_anything_every_field_has_a_safe_default():
    settings, warnings = load()
    assert warnings == ()
    assert settings.database_url.get_secret_value() == "sqlite:///watcher.db"
    assert settings.dns.max_rate == 200
    assert settings.api.listen == "127.0.0.1:8080"
    assert settings.sweep.tiers[0] == (200, timedelta(hours=1))
    assert not settings.alerts.slack.configured


def test_the_environment_wins_over_the_file_and_the_command_line_over_both(tmp_path, monkeypatch):
    written(tmp_path, '[dns]\nresolvers = ["192.0.2.1"]\nmax_rate = 10\ntimeout = "1s"\n')
    monkeypatch.setenv("WATCHER_DNS__RESOLVERS", '["192.0.2.2"]')
    monkeypatch.setenv("WATCHER_DNS__MAX_RATE", "20")
    settings, _ = load(overrides={"dns": {"resolvers": ["192.0.2.3"]}})
    assert settings.dns.resolvers == ("192.0.2.3",)
    assert settings.dns.max_rate == 20
    assert settings.dns.timeout == timedelta(seconds=1)


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ("[dns]\nresolver = 1\n", "dns.resolver", "no such setting"),
        ("[nonsense]\nx = 1\n", "nonsense", "no such setting"),
        ('[dns]\ntimeout = "3 weeks or so"\n', "dns.timeout", "duration"),
        ("[sweep]\ntiers = []\n", "sweep.tiers", "rising"),
        ('[sweep]\ntiers = [[200, "1h"], [100, "1h"]]\n', "sweep.tiers", "rising"),
        ('timezone = "Atlantis"\n', "timezone", "time zone"),
        ('[dns]\ntimeout = "0s"\n', "dns.timeout", "has to last"),
        ('[sweep]\ntiers = [[200, "0s"]]\n', "sweep.tiers", "has to last"),
        ('[api]\nlisten = "8080"\n', "api.listen", "ADDR:PORT"),
        ('[api]\nlisten = "127.0.0.1:65536"\n', "api.listen", "ADDR:PORT"),
        ('[api]\npublic_url = "watcher.army.mil"\n', "api.public_url", "match"),
        ('[vigil]\ncanary = "a..b"\n', "vigil.canary", "not a name"),
        ('[[alerts.routes]]\nchannels = ["slakc"]\n', "alerts.routes.0.channels", "there are slack"),
        ('[alerts.slack]\ntoken = "xoxb-1"\n', "alerts.slack", "go together"),
        ('[alerts.email]\nsmtp_url = "smtp://u:hunter2@h"\n', "alerts.email", "from and to"),
        ("= broken", "watcher.toml", "not TOML"),
    ],
)
def test_a_wrong_file_gets_one_line_that_names_the_key(tmp_path, text, where, says):
    written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load()
    message = str(caught.value)
    assert where in caught.value.setting
    assert says in message
    assert "\n" not in message
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("WATCHER_DNS__FOO", "1", "no such setting"),
        ("WATCHER_NONSENSE__FOO", "1", "there is no section"),
        ("WATCHER_DNS__RESOLVERS", "not json", "JSON"),
    ],
)
def test_a_wrong_variable_is_an_error(monkeypatch, variable, value, says):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=says):
        load()


def test_a_variable_of_somebody_else_is_a_warning(monkeypatch):
    monkeypatch.setenv("WATCHER_PORT", "tcp://10.0.0.1:80")
    _, warnings = load()
    assert len(warnings) == 1
    assert "WATCHER_PORT" in warnings[0]


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "secret").write_text("https://hooks.invalid/T1\n", encoding="utf-8")
    written(tmp_path, '[alerts.slack]\nwebhook_url_file = "secret"\n')
    settings, _ = load()
    assert settings.alerts.slack.webhook_url.get_secret_value() == "https://hooks.invalid/T1"
    assert "hooks.invalid" not in repr(settings)
    monkeypatch.setenv("WATCHER_ALERTS__SLACK__WEBHOOK_URL", "https://other.invalid")
    with pytest.raises(ConfigurationError, match="keep one"):
        load()


def test_a_file_that_was_named_must_be_there(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load(tmp_path / "missing.toml")


@pytest.mark.parametrize("text", ["500ms", "60s", "5m", "6h", "1d"])
def test_durations_are_written_as_they_are_read(text):
    assert parse_duration(format_duration(parse_duration(text))) == parse_duration(text)


def test_a_variable_that_is_no_json_is_named_with_an_example(monkeypatch):
    monkeypatch.setenv("WATCHER_DNS__RESOLVERS", "127.0.0.1")
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert caught.value.setting == "WATCHER_DNS__RESOLVERS"
    assert '["127.0.0.1", "9.9.9.10"]' in caught.value.why


def test_the_database_may_stand_in_a_file_that_the_environment_names(tmp_path, monkeypatch):
    written(tmp_path, 'database_url = "sqlite:///file.db"\n')
    (tmp_path / "secret").write_text("sqlite:///secret.db\n")
    monkeypatch.setenv("WATCHER_DATABASE_URL_FILE", str(tmp_path / "secret"))
    assert load()[0].database_url.get_secret_value() == "sqlite:///secret.db"
    assert load(overrides={"database_url": "sqlite:///o.db"})[0].database_url.get_secret_value() == "sqlite:///o.db"
    monkeypatch.setenv("WATCHER_DATABASE_URL", "sqlite:///env.db")
    with pytest.raises(ConfigurationError, match="both set"):
        load()
    monkeypatch.delenv("WATCHER_DATABASE_URL")
    monkeypatch.setenv("WATCHER_DATABASE_URL_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ConfigurationError, match=r"WATCHER_DATABASE_URL_FILE.*cannot be read"):
        load()


WRONG = (-1, [[[]]], {"x": 1}, "\0 ?", True, float("inf"), 10**400)


@pytest.mark.parametrize(
    "section", [name for name, field in Settings.model_fields.items() if hasattr(field.annotation, "model_fields")]
)
def test_no_complaint_speaks_the_librarys_words(section):
    model = Settings.model_fields[section].annotation
    for name, field in model.model_fields.items():
        key = field.alias or name
        for value in WRONG:
            try:
                model.model_validate({key: value})
            except ValidationError as error:
                text = str(complaint(error, model))
                assert "\n" not in text
                for word in (
                    "Input",
                    "pydantic",
                    "Extra",
                    "validat",
                    "Field required",
                    "instance",
                    "_type",
                    "what is w",
                ):
                    assert word not in text, text


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[dns]\nmax_rates = 1\n", "dns.max_rates: there is no such setting; did you mean max_rate?"),
        ('[dns]\nmax_rate = "fast"\n', "dns.max_rate: 'fast': a number is wanted"),
        ("[dns]\nmax_rate = 0\n", "dns.max_rate: 0: it must be greater than 0"),
        ("[dns]\nattempts = 99\n", "dns.attempts: 99: it must be at most 10"),
        ('[dns]\nresolvers = "9.9.9.9"\n', 'dns.resolvers: \'9.9.9.9\': a list is wanted: ["...", "..."]'),
        ('[sweep]\nexistence = "guess"\n', "sweep.existence: 'guess': it must be resolver or suffix_servers"),
        ('[[alerts.routes]]\nmin_severity = "bad"\nchannels = ["slack"]\n', "alerts.routes.0.min_severity: 'bad'"),
        ("[[alerts.routes]]\n", "alerts.routes.0.channels: it must be set"),
        ("smtp_probe = true\n", "smtp_probe: true: a table is wanted"),
        ('[rpz]\nallow = ["here"]\n', "rpz.allow: 'here' is neither an address nor a network"),
        ("[alerts.slack]\nwebhook_url = 5555\n", "alerts.slack.webhook_url: text is wanted"),
    ],
)
def test_a_complaint_says_the_value_and_the_form_that_is_wanted(tmp_path, text, wanted):
    written(tmp_path, text)
    with pytest.raises(ConfigurationError) as caught:
        load()
    assert wanted in str(caught.value)
    assert "5555" not in str(caught.value), "a secret is never shown"


def test_a_file_with_a_byte_order_mark_is_read(tmp_path):
    (tmp_path / "watcher.toml").write_bytes("\ufeff[dns]\nmax_rate = 7\n".encode())
    assert load()[0].dns.max_rate == 7


def test_a_route_may_name_owners_and_tags(tmp_path):
    written(
        tmp_path,
        '[[alerts.routes]]\nowners = ["Navy"]\ntags = ["hq", "eu"]\nchannels = ["slack"]\n'
        '[[alerts.routes]]\nowner = "Army"\ntag = "us"\nchannels = ["email"]\n',
    )
    first, second = load()[0].alerts.routes
    assert (first.owners, first.tags) == (("Navy",), ("hq", "eu"))
    assert (second.owners, second.tags) == (("Army",), ("us",))
