import pytest
from pydantic import SecretStr

from resources.telemetry.readers import may_read

TOKEN = SecretStr("open-sesame")


@pytest.mark.parametrize(
    ("authorization", "may"),
    [
        ("Bearer open-sesame", True),
        ("bearer open-sesame", False),
        ("Bearer open-sesame ", False),
        ("Bearer open-sesam", False),
        ("Bearer ", False),
        ("Bearer é", False),
        ("open-sesame", False),
        ("", False),
        (None, False),
    ],
)
@pytest.mark.parametrize(("client", "is_forwarded"), [("127.0.0.1", False), ("203.0.113.5", True), (None, False)])
def test_where_a_token_is_set_it_alone_decides(
    authorization: str | None, may: bool, client: str | None, is_forwarded: bool
) -> None:
    assert may_read(TOKEN, authorization, client, is_forwarded) is may


@pytest.mark.parametrize(
    ("client", "is_forwarded", "may"),
    [
        ("127.0.0.1", False, True),
        ("127.8.8.8", False, True),
        ("::1", False, True),
        ("::ffff:127.0.0.1", False, True),
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("10.0.0.1", False, False),
        ("::ffff:10.0.0.1", False, False),
        ("203.0.113.5", False, False),
        ("localhost", False, False),
        ("", False, False),
        (None, False, False),
    ],
)
@pytest.mark.parametrize("authorization", [None, "Bearer open-sesame"])
def test_without_a_token_only_this_machine_itself_may_read(
    client: str | None, is_forwarded: bool, may: bool, authorization: str | None
) -> None:
    assert may_read(None, authorization, client, is_forwarded) is may
