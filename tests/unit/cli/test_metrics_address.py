import socket

from cli.metrics import render_address
from cli.ports import HOST, choose_port_near


def test_an_address_of_all_interfaces_is_shown_as_this_machine_reaches_it() -> None:
    assert render_address("0.0.0.0", 9464) == "http://127.0.0.1:9464"  # noqa: S104 - what people set
    assert render_address("::", 9464) == "http://[::1]:9464"
    assert render_address("192.0.2.7", 9464) == "http://192.0.2.7:9464"


def test_a_port_that_is_taken_is_replaced_by_a_free_one() -> None:
    with socket.create_server((HOST, 0)) as other:
        taken = other.getsockname()[1]
        assert choose_port_near(taken) not in (0, taken)
