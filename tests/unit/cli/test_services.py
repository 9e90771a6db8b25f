from pathlib import Path

from cli.services import Addresses, build_clients, build_code_server

ADDRESSES = Addresses(8000, 3000, Path("/run/code.sock"), "http://127.0.0.1:9464")


def find_command(name: str) -> list[str]:
    services = [build_code_server(ADDRESSES, "fork"), *build_clients(ADDRESSES, Path("/home/workspace.yaml"))]
    return list(next(service.command for service in services if service.name == name))


def test_the_api_keeps_no_log_of_addresses_because_signed_ones_are_secrets() -> None:
    assert "--no-access-log" in find_command("api")


def test_what_listens_on_a_port_listens_on_loopback_only() -> None:
    assert find_command("api")[find_command("api").index("--host") + 1] == "127.0.0.1"
    assert find_command("web")[find_command("web").index("-h") + 1] == "127.0.0.1"


def test_no_service_takes_modules_from_the_working_directory() -> None:
    assert all("-P" in find_command(name) for name in ("code", "web", "daemon", "metrics", "api"))


def test_the_web_server_and_the_daemon_load_no_code_themselves() -> None:
    for name in ("web", "daemon"):
        assert find_command(name)[-2:] == ["-w", "/home/workspace.yaml"]


def test_the_api_is_stopped_first_and_the_daemon_before_the_web_server() -> None:
    names = [service.name for service in build_clients(ADDRESSES, Path("workspace.yaml"))]
    assert names[::-1] == ["api", "metrics", "daemon", "web"]
