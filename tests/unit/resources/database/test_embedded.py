"""The address of a server."""

from sqlalchemy import make_url

from resources.database.embedded import PostgresAddress

ADDRESS = PostgresAddress("127.0.0.1", 5433, "dubline", "a:b/c@d%e")


def test_sqlalchemy_reads_back_what_was_meant_whatever_the_characters() -> None:
    url = make_url(ADDRESS.url("a db", driver="postgresql+psycopg2"))

    assert (url.drivername, url.host, url.port) == ("postgresql+psycopg2", "127.0.0.1", 5433)
    assert (url.username, url.password, url.database) == ("dubline", "a:b/c@d%e", "a db")


def test_the_password_does_not_show_when_an_address_is_printed() -> None:
    assert "a:b/c" not in f"{ADDRESS} {ADDRESS!r}"
