"""Only a page of this server with the token gets in."""

import pytest

from wmp_viewer.access import Access, new_token, own_names, page_address

ACCESS = Access("secret", own_names("127.0.0.1"))
GOOD = {"path": "/live?token=secret", "host": "127.0.0.1:8123", "origin": "http://127.0.0.1:8123"}


def test_a_page_of_this_server_with_the_token_gets_in():
    assert ACCESS.refusal(**GOOD) == ""
    assert ACCESS.refusal(GOOD["path"], "localhost:8123", "http://localhost:8123") == ""


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"path": "/live"}, "token"),
        ({"path": "/live?token="}, "token"),
        ({"path": "/live?token=guess"}, "token"),
        ({"path": "/live?token=secr\u00e9t"}, "token"),
        ({"origin": "http://evil.example"}, "origin"),
        ({"origin": "http://127.0.0.1:9999"}, "origin"),
        ({"origin": "null"}, "origin"),
        ({"origin": None}, "origin"),
        ({"host": "evil.example:8123", "origin": "http://evil.example:8123"}, "host"),
        ({"host": None}, "host"),
        ({"host": "[broken"}, "host"),
    ],
)
def test_others_do_not(change, reason):
    assert reason in ACCESS.refusal(**{**GOOD, **change})


def test_tokens_are_long_and_differ():
    tokens = {new_token() for _ in range(20)}
    assert len(tokens) == 20 and min(map(len, tokens)) >= 24


def test_an_empty_token_is_refused():
    with pytest.raises(ValueError, match="token is empty"):
        Access("", ["127.0.0.1"])


def test_the_token_is_in_the_fragment_which_browsers_do_not_send():
    assert page_address("127.0.0.1", 80, "secret") == "http://127.0.0.1:80/#token=secret"
