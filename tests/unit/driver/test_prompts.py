from __future__ import annotations

import pytest

from opensslrun.driver.prompts import find_prompts, prompt_at_end

KNOWN = [
    "Enter pass phrase for rootCA.key:",
    "Verifying - Enter pass phrase for rootCA.key:",
    "Enter PEM pass phrase:",
    "Verifying - Enter PEM pass phrase:",
    "Enter Export Password:",
    "Verifying - Enter Export Password:",
    "Enter Import Password:",
    "Enter Encryption Password:",
    "enter AES-256-CBC encryption password:",
    "Verifying - enter aes-256-cbc decryption password:",
    "Enter pass phrase for C:\\keys\\rootCA.key:",
    "Enter pass phrase for a:b c.key:",
    "Enter pass phrase for schlüssel.key:",
    "Password:",
]


@pytest.mark.parametrize("text", KNOWN)
def test_a_known_prompt_is_recognised_as_a_whole(text: str) -> None:
    assert prompt_at_end(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "140:error:0906A068:PEM routines:PEM_do_header:bad password read:crypto/pem/pem_lib.c:357:",
        "Enter pass phrase for rootCA.key",
        "Enter pass phrase for rootCA.key:\n",
        "Enter something else:",
        "",
        "unable to load Private Key:",
    ],
)
def test_what_only_ends_in_a_colon_is_no_prompt(text: str) -> None:
    assert prompt_at_end(text) is None


@pytest.mark.parametrize("text", KNOWN)
def test_a_prompt_on_stderr_is_found_between_other_lines(text: str) -> None:
    assert find_prompts(f"Generating RSA private key\n....+++\n{text}\nerror on line 3:\n") == (text,)


def test_prompts_that_follow_each_other_on_one_line_are_told_apart() -> None:
    text = "Enter pass phrase for a.key:Verifying - Enter pass phrase for a.key:"
    assert find_prompts(text) == ("Enter pass phrase for a.key:", "Verifying - Enter pass phrase for a.key:")


def test_an_error_on_the_line_of_a_prompt_is_not_taken_for_a_part_of_it() -> None:
    text = "Enter pass phrase for a.key:4047E5F93E7F0000:error:1608010C:STORE:unsupported:store_result.c:149:\n"
    assert find_prompts(text) == ("Enter pass phrase for a.key:",)


def test_the_questions_of_the_name_dialogue_are_found() -> None:
    # As OpenSSL 3.0.19 prints them, on one line, with the answers on stdin.
    text = (
        "Enter pass phrase for a.key:\n-----\nCountry Name (2 letter code) [AU]:State or Province Name (full name) "
        "[Some-State]:Locality Name (eg, city) []:Common Name (e.g. server FQDN or YOUR name) []:"
    )
    assert find_prompts(text) == (
        "Enter pass phrase for a.key:",
        "Country Name (2 letter code) [AU]:",
        "State or Province Name (full name) [Some-State]:",
        "Locality Name (eg, city) []:",
        "Common Name (e.g. server FQDN or YOUR name) []:",
    )


def test_ordinary_error_lines_hold_no_prompt() -> None:
    text = (
        "Could not read private key from a.key\n"
        "4047E5F93E7F0000:error:1C800064:Provider routines:ossl_cipher_unpadblock:bad decrypt:a.c:129:\n"
        "40370D10667F0000:error:14000065:UI routines:UI_set_result_ex:result too small:../crypto/ui/ui_lib.c:911:"
        "You must type in 4 to 1024 characters\n"
    )
    assert find_prompts(text) == ()
