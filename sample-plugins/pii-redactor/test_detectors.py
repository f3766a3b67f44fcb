import time
import unittest

from detectors import PATTERNS, Redactor, Tokens

FINDS = {
    "email": ["ada@example.com", "a.b+c@x-y.co.uk"],
    "iban": ["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32"],
    "aws_key": ["AKIAIOSFODNN7EXAMPLE"],
    "api_key": ["api_key=abcdefgh12345678", 'ACCESS-TOKEN: "abcdefgh12345678'],
    "ssn": ["123-45-6789"],
    "credit_card": ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111"],
    "date_of_birth": ["born on 1815-12-10", "DOB: 10/12/1815"],
    "passport": ["passport no: X1234567"],
    "driver_license": ["driver's license D1234567"],
    "bank_account": ["account number 12345678"],
    "medical_record": ["MRN: ABC12345"],
    "ip_address": ["192.168.0.1", "255.255.255.255"],
    "phone": ["(555) 123-4567", "+1 555-123-4567", "555.123.4567"],
}
PASSES = {
    "email": ["ada@", "@example.com", "ada@localhost"],
    "iban": ["DE8937040044", "XDE893704004405320130001234567890123456789"],
    "aws_key": ["AKIAIOSFODNN7EXAMPL", "XAKIAIOSFODNN7EXAMPLE"],
    "api_key": ["api_key=short", "monkey=abcdefgh12345678"],
    "ssn": ["1123-45-6789", "123-45-67890", "123-456-789"],
    "credit_card": ["411111111111111", "41111111111111111", "4111 1111-1111 1111"],
    "date_of_birth": ["1815-12-10"],
    "passport": ["passport 12345"],
    "driver_license": ["D1234567"],
    "bank_account": ["account 1234567", "12345678"],
    "medical_record": ["MRN: 12345"],
    "ip_address": ["256.1.1.1", "1.2.3", "1.2.3.4.5"],
    "phone": ["5551234567", "555-1234", "1555-123-4567"],
}


def redactor(*names, **config):
    return Redactor({"detectors": names, "mask": "redact", "marker": "#", "allow": [], **config})


class DetectorTest(unittest.TestCase):
    def test_each_finds_what_it_is_for_and_no_more(self):
        self.assertEqual(set(FINDS), set(PATTERNS))
        for name in PATTERNS:
            for text in FINDS[name]:
                with self.subTest(name=name, finds=text):
                    found = {}
                    self.assertEqual(redactor(name).mask_text(f"so: {text}, ", found), "so: #, ")
                    self.assertEqual(found, {name: 1})
            for text in PASSES[name]:
                with self.subTest(name=name, passes=text):
                    self.assertEqual(redactor(name).mask_text(f"so: {text}, ", {}), f"so: {text}, ")

    def test_a_number_is_found_beside_other_characters(self):
        self.assertEqual(redactor("ssn").mask_text("id-123-45-6789-x", {}), "id-#-x")
        self.assertEqual(redactor("credit_card").mask_text("x4111111111111111x", {}), "x#x")

    def test_a_short_value_is_masked_whole(self):
        self.assertEqual(redactor(mask="partial").mask("x", "1.2.3.4"), "*.*.*.*")

    def test_all_take_linear_time_on_hostile_texts(self):
        everything = redactor(*PATTERNS)
        started = time.monotonic()
        for text in ("1", "a.", "a@", "1-", "1.", "DE89 ", "born ", "api_key", "\u0661", "A1 ", " "):
            everything.mask_text(text * (200_000 // len(text)), {})
        self.assertLess(time.monotonic() - started, 10)

    def test_tokens_are_bounded(self):
        tokens = Tokens()
        for i in range(10_002):
            number = tokens.number("ssn", str(i))
        self.assertEqual((number, tokens.number("ssn", "0"), tokens.number("email", "0")), (0, 1, 1))


if __name__ == "__main__":
    unittest.main()
