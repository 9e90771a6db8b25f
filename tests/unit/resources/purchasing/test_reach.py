import pytest

from resources.purchasing.reach import is_reachable_from_outside


@pytest.mark.parametrize(
    "url",
    [
        "https://abc.supabase.co/storage/v1/object/sign/x?token=t",
        "https://bucket.s3.eu-west-1.amazonaws.com/x",
        "https://8.8.8.8/x",
        "https://[2606:4700::1111]:8443/x",
    ],
)
def test_public_names_and_numbers_are_reachable(url):
    assert is_reachable_from_outside(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/x",
        "http://api.localhost/x",
        "http://127.0.0.1:8000/x",
        "http://[::1]:8000/x",
        "http://0.0.0.0/x",
        "http://10.1.2.3/x",
        "http://192.168.0.2/x",
        "http://169.254.169.254/x",
        "http://100.64.0.1/x",
        "http://[fd00::1]/x",
        "http://minio:9000/x",
        "http://store.internal/x",
        "http://STORE.Local./x",
        "http://nas.home.arpa/x",
        "http://kong.dubline.svc/x",
        "file:///x",
        "",
    ],
)
def test_everything_inside_is_not(url):
    assert not is_reachable_from_outside(url)
