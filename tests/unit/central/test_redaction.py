"""Secrets do not get into logs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltline.central.domain.redaction import MASK, redacted_address, redacted_text

SECRET = "30313233343536373839"


@pytest.mark.parametrize(
    "text",
    [
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{SECRET}"}}]',
        f'[2,"1","ChangeConfiguration",{{"value":"{SECRET}","key":"authorizationKEY"}}]',
        f'[3,"1",{{"configurationKey":[{{"key":"AuthorizationKey","readonly":false,"value":"{SECRET}"}}]}}]',
        f'{{"key":"AuthorizationKey","value":"{SECRET}"}}',
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{SECRET}"}}',
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{SECRET}',
        f'[2,"1","ChangeConfiguration",{{"key": " AuthorizationKey ","value" : "{SECRET}"}}]',
        f'[2,"1","GetDiagnostics",{{"location":"ftp://user:{SECRET}@files/x"}}]',
    ],
)
def test_secret_is_masked_wherever_it_stands(text: str) -> None:
    hidden = redacted_text(text)
    assert SECRET not in hidden
    assert MASK in hidden


def test_everything_else_of_the_message_stays() -> None:
    text = f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{SECRET}","x":1.50}}]'
    assert json.loads(redacted_text(text)) == [
        2,
        "1",
        "ChangeConfiguration",
        {"key": "AuthorizationKey", "value": MASK, "x": 1.5},
    ]


@pytest.mark.parametrize(
    "text",
    [
        '[2,"1","Heartbeat",{}]',
        '[2, "1", "GetConfiguration", {"key": ["AuthorizationKey"]}]',
        '[3,"1",{"configurationKey":[{"key":"AuthorizationKey","readonly":true}]}]',
        '[2,"1","GetDiagnostics",{"location":"ftp://files/x"}]',
        "",
        "AuthorizationKey",
    ],
)
def test_text_without_secrets_stays_the_very_same(text: str) -> None:
    assert redacted_text(text) is text or redacted_text(text) == text


def test_address_keeps_all_but_its_password() -> None:
    assert redacted_address("https://me:a%20b@host:8/x?y#z") == f"https://me:{MASK}@host:8/x?y#z"
    assert redacted_address("https://me@host/x:y@z") == "https://me@host/x:y@z"


@given(st.text(alphabet='[]{}":,\\authorizationkeyvalue://@x1 '))
def test_anything_can_be_looked_at(text: str) -> None:
    redacted_text(text + "AuthorizationKey")
