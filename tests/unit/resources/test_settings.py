from pathlib import Path

import pytest

from dubbing.errors import SettingsError
from resources.settings import PREFIX, Settings, load_settings

EXAMPLE = Path(__file__).parents[3] / ".env.example"


@pytest.fixture(autouse=True)
def _away_from_any_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_example_file_names_every_setting_with_its_default_and_its_description() -> None:
    expected = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default_factory or field.default is None else field.default
        default = ",".join(default) if isinstance(default, tuple) else str(default)
        expected += [f"# {field.description}", f"{PREFIX}{name.upper()}={default}"]
    assert EXAMPLE.read_text().split("\n\n", 1)[1].strip().splitlines() == expected


def test_the_example_file_is_accepted_as_it_stands(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(EXAMPLE.read_text())
    assert load_settings().max_duration_minutes == 240


def test_a_wrong_value_names_the_variable_and_hides_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_DATABASE_URL", "mysql://someone:hunter2@host/db")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert "DUBLINE_DATABASE_URL" in caught.value.message
    assert "hunter2" not in caught.value.message


def test_a_database_of_ones_own_needs_one_for_dagster_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_DATABASE_URL", "postgresql://host/db")
    monkeypatch.delenv("DUBLINE_DAGSTER_DATABASE_URL", raising=False)
    with pytest.raises(SettingsError, match="DUBLINE_DAGSTER_DATABASE_URL"):
        load_settings()


def test_secrets_do_not_show_in_the_settings_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_DATABASE_URL", "postgresql://u:hunter2@host/db")
    monkeypatch.setenv("DUBLINE_DAGSTER_DATABASE_URL", "postgresql://u:hunter2@host/db2")
    assert "hunter2" not in repr(load_settings())


def test_the_store_of_supabase_needs_its_address_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_STORE", "supabase")
    monkeypatch.setenv("DUBLINE_SUPABASE_URL", "https://example.supabase.co")
    with pytest.raises(SettingsError, match="DUBLINE_SUPABASE_SECRET_KEY"):
        load_settings()


def test_pages_that_may_call_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_CORS_ORIGINS", "https://a.example, https://b.example,")
    assert load_settings().cors_origins == ("https://a.example", "https://b.example")


def test_an_address_ends_without_a_slash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBLINE_PUBLIC_URL", "https://api.example.com/")
    assert load_settings().public_url == "https://api.example.com"
    monkeypatch.setenv("DUBLINE_PUBLIC_URL", "api.example.com")
    with pytest.raises(SettingsError, match="DUBLINE_PUBLIC_URL"):
        load_settings()


@pytest.mark.parametrize("dollars", ["-1", "NaN", "0.0000001", "1e30"])
def test_a_budget_that_postgres_could_not_count_is_refused_at_start(
    monkeypatch: pytest.MonkeyPatch, dollars: str
) -> None:
    monkeypatch.setenv("DUBLINE_USER_BUDGET_USD", dollars)
    with pytest.raises(SettingsError, match="DUBLINE_USER_BUDGET_USD"):
        load_settings()
